def window_highs(levels: list[int], width: int) -> list[int]:
    """The highest level of every run of ``width`` neighbours, with fewer of them at the start: one for each level.

    The width is at least 1.
    """
    highs = []
    for end in range(1, len(levels) + 1):
        highs.append(max(levels[max(0, end - width) : end]))
    return highs
