def pairs_with_sum(numbers: list[int], target: int) -> int:
    seen: dict[int, int] = {}
    pairs = 0
    for number in numbers:
        pairs += seen.get(target - number, 0)
        seen[number] = seen.get(number, 0) + 1
    return pairs
