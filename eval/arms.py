"""The arms of the comparison: one case, one model, one cap on tokens, and what the model is given to read.

none                      nothing
retrieval                 what the assistant finds for the case's query
placebo                   as many tokens as ``retrieval`` takes, of code that has nothing to do with the case
oracle                    the code that helps: the case's sources
dense, lexical, fused     ``retrieval`` with a part of the search alone
ARM:k=5, ARM:budget=400   fewer hits; another cap on tokens of code; both: ``retrieval:k=5:budget=400``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from assistant.search import FOR_CONTEXT, Method, SearchOptions
from indexer.errors import InputError

Base = Literal["none", "placebo", "retrieval", "oracle", "dense", "lexical", "fused"]
BASES: tuple[Base, ...] = get_args(Base)

DESCRIPTIONS: dict[Base, str] = {
    "none": "the model alone",
    "placebo": "as many tokens as retrieval takes, of code that has nothing to do with the case",
    "retrieval": "what the assistant finds, as users get it",
    "oracle": "the code that helps, as the task knows it",
    "dense": "retrieval by meaning alone",
    "lexical": "retrieval by words alone",
    "fused": "both, joined by rank alone",
}
_OPTION = re.compile(r"(k|budget)=([1-9]\d{0,4})")
_OPTIONS: dict[Base, frozenset[str]] = {
    "none": frozenset(),
    "oracle": frozenset({"budget"}),
}
_ALL_OPTIONS = frozenset({"k", "budget"})
_MIN_BUDGET = 64


@dataclass(frozen=True, slots=True)
class Arm:
    """A named way to ask. ``k`` hits and ``budget`` tokens of code, None for the run's own."""

    name: str
    base: Base
    k: int | None = None
    budget: int | None = None

    @property
    def needs_index(self) -> bool:
        """Whether the arm searches, or is given code of an index."""
        return self.base != "none"

    @property
    def search(self) -> SearchOptions:
        """How the assistant searches."""
        if self.base in get_args(Method):
            return SearchOptions(method=cast(Method, self.base), for_context=True)
        return FOR_CONTEXT


def parse_arms(text: str) -> list[Arm]:
    """The arms of ``none,retrieval:k=5``, each once, in the given order. Raises InputError and says what there is."""
    arms = [_parse_arm(name.strip()) for name in text.split(",") if name.strip()]
    if not arms:
        raise InputError(f"No arm is named: choose from {', '.join(BASES)}, separated by commas.")
    return list({arm.name: arm for arm in arms}.values())


def _parse_arm(name: str) -> Arm:
    base, *options = name.split(":")
    if base not in BASES:
        raise InputError(f"There is no arm {base!r}: choose from {', '.join(BASES)}, separated by commas.")
    known: Base = base
    allowed = _OPTIONS.get(known, _ALL_OPTIONS)
    values: dict[str, int] = {}
    for option in options:
        match = _OPTION.fullmatch(option)
        if match is None or match[1] not in allowed or match[1] in values:
            can = f"it takes {' and '.join(f'{each}=NUMBER' for each in sorted(allowed))}" if allowed else "it has none"
            raise InputError(f"The arm {known!r} has no option {option!r}: {can}, as in `retrieval:k=5:budget=400`.")
        values[match[1]] = int(match[2])
    if values.get("budget", _MIN_BUDGET) < _MIN_BUDGET:
        raise InputError(f"A budget of {values['budget']} tokens holds no code: give at least {_MIN_BUDGET}.")
    if values.get("k", 1) > 1000:
        raise InputError(f"k={values['k']} is more than a search gives: 1000 at most.")
    written = ":".join([known, *(f"{key}={values[key]}" for key in ("k", "budget") if key in values)])
    return Arm(written, known, values.get("k"), values.get("budget"))
