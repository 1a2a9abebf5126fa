class Ferry:
    """Seats of a ferry. Paying takes time and may fail with a ValueError, after which the seat is free again."""

    def __init__(self, n_seats, pay):
        self.free = set(range(1, n_seats + 1))
        self.taken = {}
        self.pay = pay

    async def book(self, passenger):
        """The number of the seat, None if the ferry is full. Raises what paying raises."""
        if not self.free:
            return None
        seat = min(self.free)
        await self.pay(passenger)
        self.free.discard(seat)
        self.taken[seat] = passenger
        return seat

    async def cancel(self, passenger):
        for seat, owner in list(self.taken.items()):
            if owner == passenger:
                del self.taken[seat]
                self.free.add(seat)
