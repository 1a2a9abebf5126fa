import asyncio
import time


class Scale:
    """A scale that settles slowly. ``read`` is a driver's, which blocks for a second."""

    def __init__(self, values):
        self.values = list(values)

    def read(self):
        time.sleep(1)
        return self.values.pop(0)


async def weigh(scale, n):
    """The mean of n readings, half a second apart."""
    total = 0
    for _ in range(n):
        total += scale.read()
        time.sleep(0.5)
    return total / n


async def weigh_all(scales, n):
    """The means of several scales, all at the same time."""
    return await asyncio.gather(*(weigh(scale, n) for scale in scales))
