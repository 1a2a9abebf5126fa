def steps_from(links: list[tuple[str, str]], start: str) -> dict[str, int]:
    """The fewest links, in either direction, from the start to each place that can be reached; the start at 0."""
    steps = {start: 0}
    changed = True
    while changed:
        changed = False
        for place in list(steps):
            for one, other in links:
                for here, there in ((one, other), (other, one)):
                    if here == place and (there not in steps or steps[there] > steps[place] + 1):
                        steps[there] = steps[place] + 1
                        changed = True
    return steps
