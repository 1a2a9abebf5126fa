"""The arms of the retrieval task: ways to search the same index, and the index whose files have no names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import get_args

from assistant.search import Method, SearchOptions
from indexer.errors import InputError

MASKED = "path-masked"
_WITHOUT = "without:"
_ALL_SIGNALS = "signals"


@dataclass(frozen=True, slots=True)
class RetrievalArm:
    """A named way to search. ``is_masked``: the index of the files without their names is asked."""

    name: str
    options: SearchOptions
    is_masked: bool = False


RANKED = RetrievalArm("ranked", SearchOptions())


def ranking_signals() -> tuple[str, ...]:
    """The names of the ranking signals that a search can leave out."""
    if find_spec("assistant.ranking") is None:
        return ()
    return tuple(import_module("assistant.ranking").SIGNALS)


def choose_arms(names: Sequence[str]) -> list[RetrievalArm]:
    """The arms of these names, each once, ``ranked`` always first. Raises InputError and lists them.

    ``without:NAME`` leaves one ranking signal out, ``signals`` stands for all of these. ``path-masked`` searches
    without file names as users do; ``path-masked:ARM`` does it as that arm does.
    """
    signals = ranking_signals()
    arms = {RANKED.name: RANKED}
    for name in (name.strip() for name in names):
        expanded = [f"{_WITHOUT}{signal}" for signal in signals] if name == _ALL_SIGNALS else [name] if name else []
        arms |= {each: _make_arm(each, signals) for each in expanded}
    return list(arms.values())


def _make_arm(name: str, signals: Sequence[str]) -> RetrievalArm:
    inner = name
    is_masked = name == MASKED or name.startswith(f"{MASKED}:")
    if is_masked:
        inner = name.removeprefix(MASKED).removeprefix(":") or RANKED.name
    for method in get_args(Method):
        if inner == method:
            return RetrievalArm(name, SearchOptions(method=method), is_masked)
    signal = inner.removeprefix(_WITHOUT)
    if inner.startswith(_WITHOUT) and signal in signals:
        return RetrievalArm(name, SearchOptions(without=frozenset({signal})), is_masked)
    known = ", ".join(signals) if signals else "there are none yet"
    raise InputError(
        f"There is no arm {name!r}: choose from {', '.join(get_args(Method))}, {MASKED}, {_WITHOUT}SIGNAL and "
        f"{_ALL_SIGNALS} (signals: {known}), separated by commas."
    )
