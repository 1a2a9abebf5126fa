EDGES = [([],), (["a"],), (["a", "A"],), (["b", "a", "B", "a"],), (["", ""],)]


def make(rng, n):
    words = [f"Word{rng.randint(0, 20)}x{i}" for i in range(n)]
    if n > 2 and rng.random() < 0.7:
        words[-1] = rng.choice(words).upper()
    return (words,)
