def names_starting(names: list[str], prefixes: list[str]) -> list[int]:
    """For each prefix, how many of the names begin with it. A name that is listed twice counts twice."""
    counts = []
    for prefix in prefixes:
        count = 0
        for name in names:
            if name.startswith(prefix):
                count += 1
        counts.append(count)
    return counts
