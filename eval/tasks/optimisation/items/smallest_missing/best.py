def smallest_missing(numbers: list[int], n: int) -> list[int]:
    taken = set(numbers)
    missing = []
    candidate = 0
    while len(missing) < n:
        if candidate not in taken:
            missing.append(candidate)
        candidate += 1
    return missing
