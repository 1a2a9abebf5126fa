"""Charts: harbours, and what the passages between them cost."""

from heapq import heappop, heappush


class Chart:
    """Passages as (from, to, cost), one way, no cost below 0."""

    def __init__(self, passages):
        self._from = {}
        for start, end, cost in passages:
            self._from.setdefault(start, []).append((end, cost))

    def costs_from(self, start):
        """What the cheapest way from ``start`` to each harbour that can be reached costs, ``start`` itself at 0."""
        costs = {}
        waiting = [(0, start)]
        while waiting:
            cost, harbour = heappop(waiting)
            if harbour in costs:
                continue
            costs[harbour] = cost
            for end, more in self._from.get(harbour, ()):
                if end not in costs:
                    heappush(waiting, (cost + more, end))
        return costs
