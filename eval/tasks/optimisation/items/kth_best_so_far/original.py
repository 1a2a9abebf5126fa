def kth_best_so_far(scores: list[int], k: int) -> list[int | None]:
    """After each score, the k-th highest of all so far (k is at least 1); None while there are fewer than k."""
    so_far = []
    found = []
    for score in scores:
        so_far.append(score)
        ranked = sorted(so_far, reverse=True)
        found.append(ranked[k - 1] if len(ranked) >= k else None)
    return found
