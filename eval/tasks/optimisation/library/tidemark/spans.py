"""Spans of time, such as the stays of ships: how many hold a moment, which of them do."""

from bisect import bisect_left, bisect_right


class SpanBook:
    """Spans as (first, last), both inclusive, that are asked for moments. A question takes logarithmic time."""

    def __init__(self, spans):
        spans = [(first, last) for first, last in spans if first <= last]
        self._firsts = sorted(first for first, _ in spans)
        self._lasts = sorted(last for _, last in spans)

    def count_at(self, moment):
        """How many spans hold the moment, their first and last moments included."""
        return bisect_right(self._firsts, moment) - bisect_left(self._lasts, moment)

    def busiest(self):
        """The largest number of spans that hold one moment."""
        return max((self.count_at(first) for first in self._firsts), default=0)


def overlap(one, other):
    """The span that two spans share, None if they share none."""
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (first, last) if first <= last else None
