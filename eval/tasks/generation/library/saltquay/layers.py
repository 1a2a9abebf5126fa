"""Settings in layers: the last layer that says something wins, unless an earlier one has sealed it with ``!``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .errors import Clash, NotHere


def look_up(key: str, layers: Sequence[Mapping[str, str]]) -> str:
    """The value of a key, whose case does not matter, with ``{other}`` in it replaced by the value of that key.

    A layer's ``!key`` seals the value against later layers. Raises NotHere, and Clash for values that need each other.
    """
    return _fill(key.lower(), layers, ())


def _fill(key: str, layers: Sequence[Mapping[str, str]], asked: tuple[str, ...]) -> str:
    if key in asked:
        raise Clash(" > ".join((*asked, key)))
    value = _find(key, layers)
    out, rest = "", value
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, closed, rest = rest.partition("}")
        out += before + (_fill(name.lower(), layers, (*asked, key)) if closed else "{" + name)
    return out + rest


def _find(key: str, layers: Sequence[Mapping[str, str]]) -> str:
    found: str | None = None
    for layer in layers:
        lowered = {name.lower(): value for name, value in layer.items()}
        if f"!{key}" in lowered:
            return lowered[f"!{key}"]
        found = lowered.get(key, found)
    if found is None:
        raise NotHere(key)
    return found
