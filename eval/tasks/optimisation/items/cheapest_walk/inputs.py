EDGES = [([[5]],), ([[1, 2, 3]],), ([[1], [2]],), ([[1, 9], [1, 1]],), ([[1, 9], [1, 1]], 1, 0), ([[-1, -2], [-3, 4]],)]
LARGEST_TEST = 5


def make(rng, n):
    n = max(n, 1)
    return ([[rng.randint(-5, 99) for _ in range(n)] for _ in range(n)],)
