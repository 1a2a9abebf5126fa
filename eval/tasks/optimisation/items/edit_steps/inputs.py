EDGES = [("", ""), ("a", ""), ("", "ab"), ("abc", "abc"), ("abc", "cba"), ("aab", "ab")]
LARGEST_TEST = 8


def make(rng, n):
    return "".join(rng.choices("abcdefgh", k=n)), "".join(rng.choices("abcdefgh", k=n))
