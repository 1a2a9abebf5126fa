def cheapest_passages(passages: list[tuple[str, str, int]], start: str) -> dict[str, int]:
    """What the cheapest way from the start to each harbour that can be reached costs; the start itself costs 0.

    A passage is (from, to, cost), one way; no cost is below 0.
    """
    costs = {start: 0}
    for _ in range(len(passages) + 1):
        for begin, end, cost in sorted(passages, reverse=True):
            if begin in costs:
                costs[end] = min(costs.get(end, costs[begin] + cost), costs[begin] + cost)
    return costs
