"""Fleets: ships that sail together, joined two at a time."""


class Fleets:
    """Which ships belong together. A ship that was never joined is a fleet of its own."""

    def __init__(self):
        self._leader = {}
        self._size = {}

    def leader(self, ship):
        """The ship that stands for the fleet of ``ship``: the same one for all of the fleet."""
        path = []
        while (above := self._leader.get(ship, ship)) != ship:
            path.append(ship)
            ship = above
        for passed in path:
            self._leader[passed] = ship
        return ship

    def join(self, one, other):
        """From now on the fleets of both ships are one."""
        one, other = self.leader(one), self.leader(other)
        if one == other:
            return
        if self._size.get(one, 1) < self._size.get(other, 1):
            one, other = other, one
        self._leader[other] = one
        self._size[one] = self._size.get(one, 1) + self._size.get(other, 1)

    def together(self, one, other):
        """Whether both ships belong to one fleet, in nearly constant time."""
        return self.leader(one) == self.leader(other)

    def strength(self, ship):
        """How many ships its fleet has."""
        return self._size.get(self.leader(ship), 1)
