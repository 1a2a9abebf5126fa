EDGES = [([], 1), ([1, 2], 0), ([1, 2], -4), ([1, 2], 3), ([1, 2], 2), ([7], 1)]


def make(rng, n):
    return [rng.randint(-99, 99) for _ in range(n)], n // 3 + rng.randint(0, 1)
