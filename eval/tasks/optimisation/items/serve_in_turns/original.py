def serve_in_turns(jobs: list[tuple[str, int]], turns: int) -> list[str]:
    """Names in the order in which they finish. Each turn serves the first in line by one; who needs more goes last.

    A job is (name, how much it needs), which is at least 1. Ends after ``turns`` turns, or when nobody waits.
    """
    line = list(jobs)
    finished = []
    for _ in range(turns):
        if not line:
            break
        name, left = line[0]
        line = line[1:]
        if left == 1:
            finished.append(name)
        else:
            line = line + [(name, left - 1)]
    return finished
