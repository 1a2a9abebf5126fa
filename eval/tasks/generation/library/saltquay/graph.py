"""What must come before what. Ties are settled by the longer name, then by the alphabet."""

from __future__ import annotations

from .errors import Clash, NotHere


class Graph:
    """Names, and which of them wait for which."""

    def __init__(self) -> None:
        self.waits_for: dict[str, set[str]] = {}

    def add(self, name: str) -> None:
        """Know a name that waits for nothing yet."""
        self.waits_for.setdefault(name, set())

    def link(self, later: str, earlier: str) -> None:
        """``later`` waits for ``earlier``; both are known from now on."""
        self.add(earlier)
        self.add(later)
        self.waits_for[later].add(earlier)


def put_in_order(graph: Graph) -> list[str]:
    """Every name behind those that it waits for; of several that could be next the longest. Raises Clash for a ring."""
    waiting = {name: set(earlier) for name, earlier in graph.waits_for.items()}
    done: list[str] = []
    while waiting:
        ready = [name for name, earlier in waiting.items() if not earlier]
        if not ready:
            raise Clash("a ring among " + " ".join(sorted(waiting)))
        chosen = min(ready, key=lambda name: (-len(name), name))
        done.append(chosen)
        del waiting[chosen]
        for earlier in waiting.values():
            earlier.discard(chosen)
    return done


def held_up_by(graph: Graph, name: str) -> set[str]:
    """All that waits for ``name``, directly or through others; never ``name`` itself. Raises NotHere."""
    if name not in graph.waits_for:
        raise NotHere(name)
    found: set[str] = set()
    stack = [name]
    while stack:
        current = stack.pop()
        for later, earlier in graph.waits_for.items():
            if current in earlier and later not in found:
                found.add(later)
                stack.append(later)
    return found - {name}
