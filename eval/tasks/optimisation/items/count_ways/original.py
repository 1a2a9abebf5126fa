def count_ways(amount: int, coins: list[int]) -> int:
    """In how many ways coins of these values, each used as often as needed, make the amount; order does not matter."""
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return count_ways(amount - coins[0], coins) + count_ways(amount, coins[1:])
