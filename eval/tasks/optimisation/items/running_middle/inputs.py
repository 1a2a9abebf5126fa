EDGES = [([],), ([4],), ([4, 2],), ([1, 1, 1],), ([5, 1, 4, 2, 3],), ([-1, -1, 7],)]


def make(rng, n):
    return ([rng.randint(-n, n) for _ in range(n)],)
