"""What a statement says of two names, that one inherits from, raises or calls the other, the lines must say, too.

That both names stand near each other is not enough then. Statements of other kinds are not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal

from .evidence import Evidence, bits_of, bracket_depths
from .terms import IDENTIFIER, STRING

Relation = Literal["inherits", "raises", "calls"]

_STEMS: dict[Relation, frozenset[str]] = {
    "inherits": frozenset(("inherit", "subclass", "superclass", "extend", "deriv", "parent")),
    "raises": frozenset(("rais", "throw", "thrown", "panic")),
    "calls": frozenset(("call", "invok", "caller")),
}
_RAISING = re.compile(r"\b(?:raise|raises|throw|throws|panic|abort|reject|Err|@throws|fail)\b")
_MAX_HEADER_LINES = 8


def find_relation(stems: Collection[str]) -> Relation | None:
    """The relation that these words speak of, if any."""
    return next((relation for relation, words in _STEMS.items() if not words.isdisjoint(stems)), None)


def is_shown(relation: Relation, evidence: Evidence, new: Sequence[str], others: Sequence[str], window: int) -> bool:
    """Whether lines of ``window`` relate the ``new`` names, at least one, to one of the ``others``."""
    names = [*new, *others]
    if relation == "inherits":
        headers = {number for name in names for number in bits_of(evidence.defines(name) & window)}
        return any(_holds_both(_code_of(evidence, header), new, others) for header in headers)
    if relation == "raises":
        raising = [number for number in bits_of(window) if _RAISING.search(evidence.lines[number])]
        return any(_has_any(_code_of(evidence, number), new) for number in raising)
    if len(set(names)) < 2:
        return True
    for called in names:
        pattern = re.compile(rf"(?<![\w$]){re.escape(called)}\s*[(!]")
        calling = evidence.own.get(called, 0) & window & ~evidence.defines(called)
        for number in bits_of(calling):
            around = [name for name in names if name != called and evidence.around(name) & 1 << number]
            if around and pattern.search(evidence.lines[number]) and (called in new or set(around) & set(new)):
                return True
    return False


def _code_of(evidence: Evidence, first: int) -> str:
    """The lines from ``first`` to where its brackets close again, without strings."""
    depths = bracket_depths(evidence.lines)
    last = first
    while last + 1 < len(evidence.lines) and depths[last + 1] > depths[first] and last - first < _MAX_HEADER_LINES:
        last += 1
    return STRING.sub("", "\n".join(evidence.lines[first : last + 1]))


def _holds_both(code: str, new: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a definition's head names one of the new names beside another name of the statement."""
    said = set(IDENTIFIER.findall(code))
    return not said.isdisjoint(new) and len(said & {*new, *others}) > 1


def _has_any(code: str, names: Sequence[str]) -> bool:
    return not set(IDENTIFIER.findall(code)).isdisjoint(names)
