EDGES = [([],), ([1],), ([2, 2],), ([1, 2],), ([2, 1],), ([3, 1, 2, 4],)]


def make(rng, n):
    return ([2 * (n - i) + rng.randint(0, 5) for i in range(n)],)
