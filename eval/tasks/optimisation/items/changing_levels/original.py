def changing_levels(levels: list[int], log: list[tuple[str, int, int]]) -> list[int]:
    """The sums that a log asks for. ("add", place, by) changes the level of that place; ("sum", first, last) asks for
    the sum from the first to the last place, both included and 0 if there are none. Places count from 1 and exist.
    """
    levels = list(levels)
    sums = []
    for action, one, other in log:
        if action == "add":
            levels[one - 1] += other
        else:
            sums.append(sum(levels[one - 1 : other]))
    return sums
