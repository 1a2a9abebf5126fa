EDGES = [([], 0), ([4], 8), ([4, 4], 8), ([0, 0, 0], 0), ([-1, 1, -1, 1], 0), ([5, 3], 7)]


def make(rng, n):
    return [rng.randint(-n, n) for _ in range(n)], rng.randint(-3, 3)
