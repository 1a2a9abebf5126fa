EDGES = [([], [(1, 5)]), ([3], [(1, 1), (0, 9), (2, 2), (-4, 0)]), ([1, 2, 3], [(3, 1), (2, 3)]), ([5], [])]


def make(rng, n):
    return [rng.randint(0, 900) for _ in range(n)], [(rng.randint(-2, n), rng.randint(0, n + 3)) for _ in range(n)]
