from collections import deque


def window_highs(levels: list[int], width: int) -> list[int]:
    highs = []
    falling: deque[int] = deque()
    for place, level in enumerate(levels):
        while falling and levels[falling[-1]] <= level:
            falling.pop()
        falling.append(place)
        if falling[0] <= place - width:
            falling.popleft()
        highs.append(levels[falling[0]])
    return highs
