EDGES = [([], [(0, 3)]), ([4], [(0, 1), (-5, 9), (1, 2), (1, 0)]), ([3, 1, 2], [(0, 3), (1, 1), (2, 9)]), ([7], [])]


def make(rng, n):
    return [rng.randint(-n, n) for _ in range(n)], [(rng.randint(-3, n), rng.randint(0, n + 3)) for _ in range(n)]
