EDGES = [([], []), ([4], [("sum", 1, 1), ("add", 1, -9), ("sum", 1, 1)]), ([1, 2, 3], [("sum", 3, 1), ("sum", 2, 3)])]


def make(rng, n):
    levels = [rng.randint(-50, 50) for _ in range(n)]
    log = []
    for _ in range(n):
        one, other = rng.randint(1, n), rng.randint(1, n)
        log.append(
            ("sum", min(one, other), max(one, other)) if rng.random() < 0.8 else ("add", one, rng.randint(-9, 9))
        )
    return levels, log
