import asyncio
import time


class Driver:
    def __init__(self, values):
        self.values = list(values)

    def read(self):
        time.sleep(1)
        return self.values.pop(0)


async def test_heart_beats(program):
    """Other tasks go on while scales are read."""
    late = []

    async def beat():
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            late.append(time.monotonic() - before)

    heart = asyncio.ensure_future(beat())
    await asyncio.sleep(0)
    mean = await program.weigh(Driver([1, 2, 6]), 3)
    heart.cancel()
    assert mean == 3, f"the mean is {mean}"
    assert late and max(late) < 0.2, f"other tasks stood still for {max(late, default=99):.1f} s"


async def test_side_by_side(program):
    """Three scales take no longer than one; each is read by its driver, half a second apart."""
    before = time.monotonic()
    means = await program.weigh_all([program.Scale([i, i]) for i in (2, 4, 8)], 2)
    took = time.monotonic() - before
    assert means == [2, 4, 8], f"{means}"
    assert 2.5 <= took < 3.5, f"two readings of 1 s, half a second apart, took {took:.1f} s"
