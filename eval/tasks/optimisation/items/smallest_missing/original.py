def smallest_missing(numbers: list[int], n: int) -> list[int]:
    """The n smallest whole numbers from 0 on that are not in the list."""
    missing: list[int] = []
    candidate = 0
    while len(missing) < n:
        if candidate not in numbers and candidate not in missing:
            missing.append(candidate)
        candidate += 1
    return missing
