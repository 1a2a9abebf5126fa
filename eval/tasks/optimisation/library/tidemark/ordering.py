"""Work that needs other work done before it, such as loading from the bottom up."""

from heapq import heapify, heappop, heappush


class GoesInCircles(ValueError):
    """Some work needs, by a detour, itself."""


def in_order(needs):
    """All work, each after what it needs; of what could be next always the first by name. Raises GoesInCircles.

    ``needs`` maps each piece of work to those before it. Work that is only needed counts as work that needs nothing.
    """
    left = {work: set(before) for work, before in needs.items()}
    for before in needs.values():
        for work in before:
            left.setdefault(work, set())
    followers = {}
    for work, before in left.items():
        for earlier in before:
            followers.setdefault(earlier, []).append(work)
    ready = [work for work, before in left.items() if not before]
    heapify(ready)
    done = []
    while ready:
        work = heappop(ready)
        done.append(work)
        for follower in followers.get(work, ()):
            left[follower].discard(work)
            if not left[follower]:
                heappush(ready, follower)
    if len(done) < len(left):
        raise GoesInCircles("some work needs itself")
    return done
