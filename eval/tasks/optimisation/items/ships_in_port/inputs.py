EDGES = [([], []), ([], [3]), ([(1, 1)], [0, 1, 2]), ([(5, 2)], [3, 5, 2]), ([(1, 4), (4, 6)], [4, 4, 7])]


def make(rng, n):
    stays = [(first, first + rng.randint(-1, n)) for first in (rng.randint(0, 4 * n + 1) for _ in range(n))]
    return stays, [rng.randint(-1, 5 * n) for _ in range(n)]
