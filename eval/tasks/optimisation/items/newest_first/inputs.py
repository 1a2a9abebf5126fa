EDGES = [([],), ([""],), (["  a "],), (["a", "a\n", "\tb"],)]


def make(rng, n):
    return (["entry " * rng.randint(1, 9) for _ in range(n)],)
