"""What a model said that a call returns, and whether it is so: equality of values, not of their spelling.

The rules, the same for every arm:

1. An empty answer, or a plain sentence that declines, is ``unanswered``.
2. The answer is the first code span that repeats neither the call, a name of it nor one of its arguments (no case's
   value is an argument); without a span, the first line of the first fenced block that does not; without a block, the
   first line, stripped of openings such as "It returns", of the full stop, and of citations such as [1] unless nothing
   else is left. What stands behind the call and ``==``, ``->`` or "returns" in the same place is the answer too. Where
   there is nothing but an argument, that is the answer, and wrong.
3. Literals are compared as values (see ``same_value`` of the questions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eval.cases import Case, Score
from eval.tasks.questions.scoring import same_value

_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.S)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_MEANS = re.compile(r"^(?:==?|-+>|=+>|→|⇒|#+\s*(?:returns|output:?|->)?|returns?|evaluates to|is|gives|:)\s*")
_OPENING = re.compile(
    r"^(?:(?:so|therefore|thus|hence),?\s+)?(?:the\s+)?(?:(?:correct|returned?|return|output|final)\s+)*"
    r"(?:answer|value|result|output|return value|call|function|it|this|returns?|output)?\s*"
    r"(?:(?:will|would)\s+)?(?:is|are|be|returns?|:|=+|->)\s*:?\s*",
    re.I,
)
_CITATIONS = re.compile(r"(?<=\S)\s*(?:\[\d+\][\s,.]*)+$")
_DECLINES = re.compile(
    r"^(?:i(?:'m| am)? (?:do not|don't|cannot|can't|could not|couldn't|sorry|unable|not (?:sure|able))|sorry\b"
    r"|(?:unknown|not (?:specified|provided|given|found|known))\b|there is no (?:information|such)\b"
    r"|(?:the )?(?:provided |given |numbered )?(?:passages?|code|context|information) (?:do|does|did|is|are)"
    r"(?: not|n't)\b)",
    re.I,
)


def score_value(case: Case, text: str) -> Score:
    """The verdict on what a model wrote, with what was compared."""
    found = find_value(case, text)
    if found is None:
        return Score("unanswered", "no value in the text")
    expected = str(case.data["value"])
    if same_value(found, expected):
        return Score("correct", f"returns {expected}", found)
    return Score("wrong", f"returns {expected}", found)


def find_value(case: Case, text: str) -> str | None:
    """The part of the text that is the answer, by the rules above; None if there is none."""
    arguments = frozenset(case.data["arguments"])
    found = _find(case, text, arguments)
    return found if found is not None or not arguments else _find(case, text, frozenset())


def _find(case: Case, text: str, passed_over: frozenset[str]) -> str | None:
    prose = _FENCE.sub("\n", text)
    for _, span in _SPAN.findall(prose):
        value = _without_call(case, span.strip(), passed_over)
        if value is not None:
            return value
    for block in _FENCE.findall(text):
        for line in _lines(block):
            value = _without_call(case, line.removeprefix(">>> "), passed_over)
            if value is not None:
                return value
    line = next(_lines(prose), "")
    if not line or _DECLINES.match(line):
        return None
    # "It returns [1].": where nothing else is left, what looks like a citation is the value.
    for said in dict.fromkeys((_CITATIONS.sub("", line), line)):
        value = _said_in_words(case, said, passed_over)
        if value is not None:
            return value
    return None


def _said_in_words(case: Case, line: str, passed_over: frozenset[str]) -> str | None:
    line = line.replace("`", "").strip()  # no value holds one
    if line.endswith(".") and not re.fullmatch(r"-?\d+\.", line):  # `3.` is a number
        line = line[:-1].rstrip()
    behind = _without_call(case, line, passed_over)
    return _OPENING.sub("", behind, count=1).strip() or None if behind is not None else None


def _without_call(case: Case, said: str, passed_over: frozenset[str]) -> str | None:
    """What is said but for the call before it; None where nothing is left, or only what the question holds itself."""
    call, name = str(case.data["call"]), str(case.data["name"])
    for start in (f"print({call})", call):
        if _squeeze(said).startswith(_squeeze(start)):
            rest = _rest_behind(said, start)
            return _MEANS.sub("", rest, count=1).strip() or None
    bare = said.removesuffix("()")
    if bare in (name, name.rpartition(".")[2]) or said in passed_over or not said:
        return None
    return _MEANS.sub("", said, count=1).strip() if said.startswith(("->", "→", "==")) else said


def _rest_behind(said: str, start: str) -> str:
    """What follows ``start`` in ``said``, whose spaces may be others."""
    left = len(_squeeze(start))
    for place, char in enumerate(said):
        if left == 0:
            return said[place:].strip()
        left -= not char.isspace()
    return ""


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
