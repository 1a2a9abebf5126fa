def moving_totals(values: list[int], width: int) -> list[int]:
    if width < 1:
        raise ValueError("the width must be at least 1")
    if width > len(values):
        return []
    total = sum(values[:width])
    totals = [total]
    for old, new in zip(values, values[width:]):
        total += new - old
        totals.append(total)
    return totals
