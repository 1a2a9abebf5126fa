EDGES = [([], 1), ([3], 1), ([3], 2), ([1, 1, 1], 2), ([5, 4, 3, 2], 2), ([1, 2, 3, 4], 1)]


def make(rng, n):
    return [rng.randint(0, n) for _ in range(n)], rng.randint(1, 10)
