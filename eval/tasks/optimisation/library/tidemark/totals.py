"""Totals over a stretch of a list that are asked many times. Stretches are counted from 1, both ends included."""


class RunningTotal:
    """Totals of stretches of numbers that do not change: a question takes constant time."""

    def __init__(self, values):
        self._before = [0]
        for value in values:
            self._before.append(self._before[-1] + value)

    def between(self, first, last):
        """The total from the ``first`` to the ``last`` value, counted from 1; 0 if the stretch is empty."""
        first, last = max(first, 1), min(last, len(self._before) - 1)
        return self._before[last] - self._before[first - 1] if first <= last else 0


class ShiftingTotal:
    """Totals of stretches of numbers that do change: a change and a question both take logarithmic time."""

    def __init__(self, values):
        self._size = len(values)
        self._tree = [0] * (self._size + 1)
        for place, value in enumerate(values, start=1):
            self.shift(place, value)

    def shift(self, place, by):
        """Add ``by`` to the value at ``place``, counted from 1."""
        while place <= self._size:
            self._tree[place] += by
            place += place & -place

    def upto(self, place):
        """The total of the first ``place`` values."""
        total = 0
        place = min(place, self._size)
        while place > 0:
            total += self._tree[place]
            place -= place & -place
        return total

    def between(self, first, last):
        """The total from the ``first`` to the ``last`` value, counted from 1; 0 if the stretch is empty."""
        return self.upto(last) - self.upto(max(first, 1) - 1) if first <= last else 0
