def cargo_between(loads: list[int], stretches: list[tuple[int, int]]) -> list[int]:
    """The tonnes of each stretch of days. A stretch is (first day, last day), both included; the first load is day 1.

    Days without a load count nothing, nor does a stretch that ends before it begins.
    """
    totals = []
    for first, last in stretches:
        total = 0
        for day in range(first, last + 1):
            if 1 <= day <= len(loads):
                total += loads[day - 1]
        totals.append(total)
    return totals
