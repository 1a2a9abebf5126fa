from collections import deque


def steps_from(links: list[tuple[str, str]], start: str) -> dict[str, int]:
    beside: dict[str, list[str]] = {}
    for one, other in links:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    steps = {start: 0}
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        for there in beside.get(place, ()):
            if there not in steps:
                steps[there] = steps[place] + 1
                waiting.append(there)
    return steps
