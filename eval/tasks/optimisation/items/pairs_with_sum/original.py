def pairs_with_sum(numbers: list[int], target: int) -> int:
    """How many pairs of positions i < j hold two numbers that add up to the target."""
    pairs = 0
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            if numbers[i] + numbers[j] == target:
                pairs += 1
    return pairs
