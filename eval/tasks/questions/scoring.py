"""Exact match after normalising. Containment is never enough: an answer that lists everything would be right always.

The rules, the same for every arm:

1. An empty answer, or a plain sentence that declines, is ``unanswered``.
2. The answer is the first code span that does not merely repeat a name of the question (which is never the answer,
   see ``harvest``); without a span, the first line of the first fenced block; without one, the first line, stripped
   of openings such as "The answer is", of citations such as [1] and of the full stop.
3. Values: an assignment to the asked name stands for its value. If both sides are Python literals their values are
   compared (``1_000`` is ``1000``, ``'a'`` is ``"a"``, ``30`` is ``30.0``, but ``True`` is not ``1``); where a string
   is expected, its quotes may be missing.
4. Names: ``raise`` before and a call's parentheses behind are dropped; a qualified name and a bare one are the same
   if one ends the other at a dot (``requests.Timeout`` is ``Timeout``, ``Timeout`` is not ``ReadTimeout``).
"""

from __future__ import annotations

import ast
import re

from eval.cases import Score

from .records import Question

SCORING_VERSION = 1  # raised when the same answer may get another verdict

_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.S)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_OPENING = re.compile(
    r"^(?:the\s+)?(?:correct\s+)?(?:answer|default value|default|value|exception|base class|superclass|class|function"
    r"|method|caller|it)\s*(?:is|:|=)\s*",
    re.I,
)
_CITATIONS = re.compile(r"(?<=\S)\s*(?:\[\d+\][\s,.]*)+$")
_DECLINES = re.compile(
    r"^(?:i(?:'m| am)? (?:do not|don't|cannot|can't|could not|couldn't|sorry|unable|not (?:sure|able))"
    r"|sorry\b|unknown\b|not (?:specified|provided|given|found|known)\b"
    r"|(?:the )?(?:provided |given |numbered )?(?:passages?|code|context|information) "
    r"(?:do|does|did|is|are)(?: not|n't)\b"
    r"|there is no (?:information|such)\b)",
    re.I,
)
_ASSIGNMENT = re.compile(r"^([\w.]+)\s*(?::[^=]+)?=(?!=)\s*(.+)$", re.S)
_CALLED_NAME = re.compile(r"^(?:raise\s+)?([A-Za-z_][\w.]*)\s*(?:\(.*\))?$", re.S)


def score_answer(question: Question, text: str) -> Score:
    """The verdict on what a model wrote, with what was compared and why."""
    found = find_answer(question, text)
    if found is None:
        return Score("unanswered", "no answer in the text")
    is_value = question.kind in ("default", "constant")
    normalised = _value_of(question, found) if is_value else _name_of(found)
    for accepted in (question.answer, *question.accepted):
        matches = same_value(normalised, accepted) if is_value else same_name(normalised, accepted)
        if matches:
            return Score("correct", f"matches {accepted}", normalised)
    return Score("wrong", f"expected {question.answer}", normalised)


def find_answer(question: Question, text: str) -> str | None:
    """The part of the text that is the answer, by rules 1 and 2; None if there is none."""
    fence = _FENCE.search(text)
    prose = _FENCE.sub("\n", text)
    asked = {question.symbol, question.symbol.rpartition(".")[2], question.detail}
    for span in _SPAN.findall(prose):
        if span.strip() and span.strip().removesuffix("()") not in asked:
            return str(span.strip())
    if fence is not None:
        lines = [line.strip() for line in fence[1].splitlines() if line.strip()]
        return lines[0] if lines else None
    lines = [line.strip() for line in prose.splitlines() if line.strip()]
    if not lines or _DECLINES.match(lines[0]):
        return None
    line = _CITATIONS.sub("", _OPENING.sub("", lines[0])).strip()
    if line.endswith(".") and not re.fullmatch(r"-?\d+\.", line):  # `3.` is a number
        line = line[:-1].rstrip()
    line = line.strip("`").strip()
    return line or None


def same_value(one: str, other: str) -> bool:
    """Whether two spellings are the same value, by rule 3. ``other`` is a literal."""
    expected = ast.literal_eval(other)
    if isinstance(expected, str) and one.strip("'\"") == expected:
        return True
    try:
        given = ast.literal_eval(one)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return _equal(given, expected)


def same_name(one: str, other: str) -> bool:
    """Whether two dotted names mean the same, by rule 4."""
    return one == other or other.endswith(f".{one}") or one.endswith(f".{other}")


def _value_of(question: Question, found: str) -> str:
    assignment = _ASSIGNMENT.match(found)
    asked = question.detail or question.symbol.rpartition(".")[2]
    if assignment is not None and assignment[1].rpartition(".")[2] == asked:
        return assignment[2].strip().rstrip(",")
    return found


def _name_of(found: str) -> str:
    found = found.strip("'\"")
    called = _CALLED_NAME.match(found)
    return called[1] if called is not None else found


def _equal(one: object, other: object) -> bool:
    """Equality of literals that does not take ``True`` for 1, at any depth."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float | complex) and isinstance(other, int | float | complex):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    return one == other
