EDGES = [([], 0), ([], 3), ([0], 1), ([1, 1, 0, 3], 2), ([-2, 5], 2)]


def make(rng, n):
    return rng.sample(range(-3, 2 * n + 3), n), n
