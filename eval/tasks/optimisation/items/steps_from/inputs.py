EDGES = [([], "a"), ([("a", "a")], "a"), ([("b", "c")], "a"), ([("b", "a"), ("c", "b")], "a"), ([("a", "b")] * 2, "b")]


def make(rng, n):
    return [(f"p{rng.randint(0, n // 2)}", f"p{rng.randint(0, n // 2)}") for _ in range(n)], "p0"
