EDGES = [(0, 5, 20, 3), (-2, 5, 20, 3), (1, 5, 2, 3), (7, 5, 20, 3), (8, 5, 50, 3), (10, 5, 20, 10)]
LARGEST_TEST = 21


def make(rng, n):
    return n, rng.randint(3, 9), rng.randint(15, 70), rng.randint(2, 4)
