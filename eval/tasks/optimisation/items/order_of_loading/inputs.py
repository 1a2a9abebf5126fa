EDGES = [
    ({},),
    ({"a": []},),
    ({"a": ["b"]},),
    ({"a": ["a"]},),
    ({"a": ["b"], "b": ["a"], "c": []},),
    ({"b": [], "a": []},),
]


def make(rng, n):
    names = [f"w{i}" for i in range(n)]
    rng.shuffle(names)
    return ({name: rng.sample(names[:i], min(i, rng.randint(0, 3))) for i, name in enumerate(names)},)
