from tidemark.chart import Chart


def cheapest_passages(passages: list[tuple[str, str, int]], start: str) -> dict[str, int]:
    return Chart(passages).costs_from(start)
