EDGES = [([], []), ([], [1]), ([4, 2], [3, 2, 9, -9]), ([5, 5], [5]), ([3], [])]


def make(rng, n):
    return [rng.randint(0, 9 * n) for _ in range(n)], [rng.randint(-5, 9 * n + 5) for _ in range(n)]
