def moving_totals(values: list[int], width: int) -> list[int]:
    """The sum of every run of ``width`` neighbouring values. Raises ValueError for a width below 1."""
    if width < 1:
        raise ValueError("the width must be at least 1")
    totals = []
    for start in range(len(values) - width + 1):
        totals.append(sum(values[start : start + width]))
    return totals
