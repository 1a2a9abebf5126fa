from tidemark.totals import ShiftingTotal


def changing_levels(levels: list[int], log: list[tuple[str, int, int]]) -> list[int]:
    total = ShiftingTotal(levels)
    sums = []
    for action, one, other in log:
        if action == "add":
            total.shift(one, other)
        else:
            sums.append(total.between(one, other))
    return sums
