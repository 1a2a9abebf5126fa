import asyncio


async def pay(passenger):
    await asyncio.sleep(0.1)
    if passenger.startswith("broke"):
        raise ValueError("no money")


async def test_no_seat_is_sold_twice(program):
    """Bookings at the same time get different seats, and None where there are no more."""
    ferry = program.Ferry(3, pay)
    seats = await asyncio.gather(*(ferry.book(f"p{i}") for i in range(5)))
    sold = sorted(seat for seat in seats if seat is not None)
    assert sold == [1, 2, 3], f"seats sold to five passengers on three seats: {seats}"
    assert len(ferry.taken) == 3 and not ferry.free, f"taken {ferry.taken}, free {ferry.free}"


async def test_failed_payment_frees_the_seat(program):
    """Who cannot pay does not keep a seat."""
    ferry = program.Ferry(1, pay)
    try:
        await ferry.book("broke")
    except ValueError:
        pass
    else:
        raise AssertionError("a failed payment is not reported")
    assert await ferry.book("p") == 1, "the seat of a failed payment cannot be booked"


async def test_cancelled_booking_frees_the_seat(program):
    """A booking that is given up while paying does not keep a seat."""
    ferry = program.Ferry(1, pay)
    booking = asyncio.ensure_future(ferry.book("p"))
    await asyncio.sleep(0.05)
    booking.cancel()
    await asyncio.gather(booking, return_exceptions=True)
    assert await ferry.book("q") == 1 and ferry.taken == {1: "q"}, f"taken {ferry.taken}"
    await ferry.cancel("q")
    assert ferry.free == {1}, f"free {ferry.free}"
