EDGES = [
    ([], "a"),
    ([("b", "c", 1)], "a"),
    ([("a", "a", 4)], "a"),
    ([("a", "b", 5), ("a", "b", 2), ("b", "a", 0)], "a"),
]


def make(rng, n):
    harbours = [f"h{i}" for i in range(n // 3 + 1)]
    return [(rng.choice(harbours), rng.choice(harbours), rng.randint(0, 99)) for _ in range(n)], "h0"
