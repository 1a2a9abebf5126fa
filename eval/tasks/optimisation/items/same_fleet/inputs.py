EDGES = [
    ([],),
    ([("ask", "a", "a")],),
    ([("ask", "a", "b"), ("join", "b", "a"), ("ask", "a", "b")],),
    ([("join", "a", "b"), ("join", "c", "d"), ("ask", "a", "d"), ("join", "b", "c"), ("ask", "a", "d")],),
    ([("join", "a", "a"), ("ask", "b", "a")],),
]


def make(rng, n):
    def ship():
        return f"s{rng.randint(0, n // 3)}"

    return ([(rng.choice(["join", "ask"]), ship(), ship()) for _ in range(n)],)
