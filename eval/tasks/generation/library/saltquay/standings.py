"""Who comes where: the highest score first, and those that tie share the lower place."""

from __future__ import annotations

from collections.abc import Mapping


def place_all(scores: Mapping[str, int]) -> list[tuple[int, str]]:
    """Places and names, best first. Of two at the top both are second; ties stand in the alphabet's order."""
    return sorted(
        ((sum(other >= score for other in scores.values()), name) for name, score in scores.items()),
        key=lambda each: (each[0], each[1]),
    )


def award(scores: Mapping[str, int]) -> dict[str, str]:
    """``gold``, ``silver`` and ``bronze`` by place; who shares a place below the third has none."""
    names = {1: "gold", 2: "silver", 3: "bronze"}
    return {name: names[place] for place, name in place_all(scores) if place in names}
