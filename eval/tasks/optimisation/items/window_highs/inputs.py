EDGES = [([], 1), ([5], 3), ([3, 2, 1], 1), ([3, 2, 1], 2), ([1, 3, 2], 9)]


def make(rng, n):
    return [rng.randint(0, n) for _ in range(n)], n // 3 + 1
