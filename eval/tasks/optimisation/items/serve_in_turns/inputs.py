EDGES = [([], 5), ([("a", 1)], 0), ([("a", 2), ("b", 1)], 2), ([("a", 2), ("b", 1)], 9), ([("a", 1), ("a", 1)], 3)]


def make(rng, n):
    return [(f"job{i}", rng.randint(1, 4)) for i in range(n)], 2 * n
