def lowest_water(levels: list[int], stretches: list[tuple[int, int]]) -> list[int | None]:
    """The lowest level of each stretch (begin, end): places from 0, the end excluded; None if no level is in it.

    A stretch may reach over either end of the list.
    """
    lows = []
    for begin, end in stretches:
        lows.append(min(levels[max(begin, 0) : max(end, 0)], default=None))
    return lows
