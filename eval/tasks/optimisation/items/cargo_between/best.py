from tidemark.totals import RunningTotal


def cargo_between(loads: list[int], stretches: list[tuple[int, int]]) -> list[int]:
    total = RunningTotal(loads)
    return [total.between(first, last) for first, last in stretches]
