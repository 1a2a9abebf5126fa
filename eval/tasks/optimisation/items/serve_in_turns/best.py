from collections import deque


def serve_in_turns(jobs: list[tuple[str, int]], turns: int) -> list[str]:
    line = deque(jobs)
    finished = []
    for _ in range(turns):
        if not line:
            break
        name, left = line.popleft()
        if left == 1:
            finished.append(name)
        else:
            line.append((name, left - 1))
    return finished
