"""Marks on a line, such as buoys along a channel: which is nearest, which comes next."""

from bisect import bisect_left


class Ladder:
    """Marks in order, in whatever order they were given. A question takes logarithmic time."""

    def __init__(self, marks):
        self._marks = sorted(marks)

    def nearest(self, place):
        """The mark nearest to the place, the lower of two that are as near; None without marks."""
        at = bisect_left(self._marks, place)
        around = self._marks[max(at - 1, 0) : at + 1]
        return min(around, key=lambda mark: (abs(mark - place), mark), default=None)

    def next_above(self, place):
        """The lowest mark at the place or above it, None if there is none."""
        at = bisect_left(self._marks, place)
        return self._marks[at] if at < len(self._marks) else None
