def order_of_loading(needs: dict[str, list[str]]) -> list[str]:
    """All work, each piece after those that it needs; of what could be next always the first by name.

    Work that is only named as needed needs nothing itself. Raises ValueError if work needs itself, also by a detour.
    """
    every = set(needs)
    for before in needs.values():
        every.update(before)
    done: list[str] = []
    while len(done) < len(every):
        for work in sorted(every):
            if work not in done and all(earlier in done for earlier in needs.get(work, [])):
                done.append(work)
                break
        else:
            raise ValueError("some work needs itself")
    return done
