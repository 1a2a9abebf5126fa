EDGES = [([], []), ([], ["a"]), (["a", "ab", "ab"], ["", "a", "ab", "abc"]), (["b"], []), ([""], ["", "x"])]


def make(rng, n):
    names = ["".join(rng.choices("NEWS", k=rng.randint(1, 5))) for _ in range(n)]
    return names, [rng.choice(["", "N", "NE", "SW", "EEE", "WNSE"]) + rng.choice("NEWSX") for _ in range(n)]
