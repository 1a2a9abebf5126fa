"""The middle of readings that come one by one."""

from heapq import heappush, heappushpop


class Middle:
    """Readings so far, and their middle: the lower of the two for an even number. A reading takes logarithmic time."""

    def __init__(self):
        self._low = []  # negated, so that the largest is first
        self._high = []

    def add(self, reading):
        """Take a reading in; returns the middle of all so far."""
        if len(self._low) > len(self._high):
            heappush(self._high, -heappushpop(self._low, -reading))
        else:
            heappush(self._low, -heappushpop(self._high, reading))
        return -self._low[0]
