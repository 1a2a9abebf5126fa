from heapq import heappush, heappushpop


def kth_best_so_far(scores: list[int], k: int) -> list[int | None]:
    best: list[int] = []
    found: list[int | None] = []
    for score in scores:
        if len(best) < k:
            heappush(best, score)
        else:
            heappushpop(best, score)
        found.append(best[0] if len(best) == k else None)
    return found
