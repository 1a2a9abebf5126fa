EDGES = [([],), ([""],), (["ab", "ba", "abb"],), (["a", "A"],), (["x", "x"],)]


def make(rng, n):
    return (["".join(rng.choices("abcdef", k=rng.randint(1, 6))) for _ in range(n)],)
