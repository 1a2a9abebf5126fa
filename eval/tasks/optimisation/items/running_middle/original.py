def running_middle(readings: list[int]) -> list[int]:
    """After each reading, the middle of all so far: the lower of the two for an even number."""
    middles = []
    for count in range(1, len(readings) + 1):
        ordered = sorted(readings[:count])
        middles.append(ordered[(count - 1) // 2])
    return middles
