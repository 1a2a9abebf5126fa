EDGES = [([], []), ([("a", 1)], []), ([("a", 2)], [("a", 3), ("a", 5)]), ([], [("a", 1)]), ([("b", 0)], [("b", 9)])]


def make(rng, n):
    prices = [(f"part-{rng.randint(0, n)}", rng.randint(1, 99)) for _ in range(n)]
    return [(rng.choice(prices)[0], rng.randint(0, 9)) for _ in range(n)], prices
