"""Exact match after normalising. Containment is never enough: an answer that lists everything would be right always.

The rules, the same for every arm:

1. An empty answer, or one that declines, is ``unanswered``. To an unanswerable question declining is ``correct``, and
   whatever else is said is ``wrong``.
2. An answer declines if its first sentence says that the thing is not there or not known ("there is no such parameter",
   "`X` is not defined", "I do not know", `not found`) and gives nothing in its place: no code span that does not repeat
   a name of the question. `None`, `null`, `0` and the like are values, so they decline nothing, and nor does a first
   sentence that is the very value that was asked for ("not found" may be one).
3. Citations such as [1] are left out. The answer is the first code span that does not merely repeat a name of the
   question (which is never the answer, see ``harvest``); without a span, the first line of the first fenced block;
   without one, the first line, stripped of openings such as "The answer is" and of the full stop. Where nothing is left
   of that ("It is [1]."), what looks like a citation is the answer.
4. Values: an assignment to the asked name stands for its value. If both sides are Python literals their values are
   compared (``1_000`` is ``1000``, ``'a'`` is ``"a"``, ``30`` is ``30.0``, but ``True`` is not ``1``); where a string
   is expected, its quotes may be missing, and spaces and quotes within a code span count, since they can be the value.
   In other languages likewise, suffixes of numbers aside (``literals``).
5. Names: ``raise`` or ``throw new`` before, a call's parentheses behind and a variable's ``$`` are dropped; ``::``,
   ``->`` and ``#`` are dots. A qualified name and a bare one are the same if one ends the other at a dot
   (``requests.Timeout`` is ``Timeout``, ``Timeout`` is not ``ReadTimeout``).
6. Types: spaces and qualifiers (``std::``) are dropped, everything else counts: ``Option<String>`` is not ``String``.
7. Paths: the whole path, or an end of it at a folder's boundary that no other file of the repository has.
"""

from __future__ import annotations

import ast
import re

from assistant.grounding.statements import without_citations
from eval.cases import Score

from .literals import same_literal
from .records import Question

SCORING_VERSION = 4  # raised when the same answer may get another verdict

_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.S)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_OPENING = re.compile(
    r"^(?:the\s+)?(?:correct\s+)?(?:answer|default value|default|value|exception|base class|superclass|class|function"
    r"|method|caller|(?:declared\s+)?return type|type|(?:name of the\s+)?(?:\w+\s+)?parameter|file|path|key|member|it)"
    r"\s*(?:is|:|=)\s*",
    re.I,
)
_CITATIONS = re.compile(r"(?<=\S)\s*(?:\[\d+\][\s,.]*)+$")
_NOT = r"(?:(?:do|does|did|is|are|was|were|can|could|has|have)(?: not|n't)|cannot|never)"
_DECLINES = re.compile(
    r"^(?:i(?:'m| am)? (?:do not|don't|cannot|can't|could not|couldn't|sorry|unable|not (?:sure|able))"
    r"|sorry\b|unknown\b|undefined in\b|n/a\b|no(?:t)? such\b|(?:it|this|that) (?:does not|doesn't) exist\b"
    r"|not (?:specified|provided|given|found|known|defined|available|applicable|present|mentioned|in the)\b"
    r"|(?:does not|doesn't) (?:exist|have)\b|non-?existent\b"
    r"|(?:the |this |these )?(?:provided |given |numbered )?(?:passages?|code|context|information|repository) "
    r"(?:do|does|did|is|are)(?: not|n't)\b"
    r"|there (?:is|are|was|were) no\b|there (?:is|are)(?: not|n't) )",
    re.I,
)
# Said of what was asked for, anywhere in the sentence.
_DENIES = re.compile(
    rf"\b{_NOT} (?:exist|defined|define|declare|found|find|present|shown|show|contain|hold|mention|mentioned|specif"
    r"|provide|provided|include|appear|have an?y?|take an?y?|accept an?y?|list|listed|available|part of|in the|know"
    r"|known|determine|tell|called by|set|inherit)|\bno (?:such|parameter|constant|class|method|function|key|file"
    r"|definition|mention|information|default|caller)\b|\bhas no\b|\bunable to\b|\bnot exist\b",
    re.I,
)
_DECLINING_SPAN = re.compile(
    r"^(?:unknown|n/?a|not[ _-](?:found|defined|specified|available|applicable|known|present|provided|given|mentioned"
    r"|set|there)|does not exist|doesn't exist|no such [\w ]+|non-?existent|there is no .*|not in the .*)\.?$",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'\[])|\n")
_PATH = re.compile(r"[\w@+.-]+(?:/[\w@+.-]+)*\.\w+|[\w@+.-]+(?:/[\w@+.-]+)+")
_ASSIGNMENT = re.compile(r"^([\w.]+)\s*(?::[^=]+)?=(?!=)\s*(.+)$", re.S)
_CALLED_NAME = re.compile(r"^(?:(?:raise|throw|new)\s+)*([A-Za-z_][\w.]*)\s*(?:\(.*\))?$", re.S)


def score_answer(question: Question, text: str) -> Score:
    """The verdict on what a model wrote, with what was compared and why."""
    if question.kind == "unanswerable":
        if not text.strip():
            return Score("unanswered", "no answer in the text")
        if declines(question, text):
            return Score("correct", "says that it is not there", "declines")
        return Score("wrong", "expected to hear that it is not there", find_answer(question, text) or "")
    is_declining = declines(question, text)
    found = _find_said(question, _first_sentence(text) if is_declining else text)
    normalised = _normalise(question, found) if found is not None else ""
    for accepted in (question.answer, *question.accepted) if found is not None else ():
        if _is_same(question, normalised, accepted):
            return Score("correct", f"matches {accepted}", normalised)
    if found is None or is_declining:
        return Score("unanswered", "no answer in the text")
    return Score("wrong", f"expected {question.answer}", normalised)


def declines(question: Question, text: str) -> bool:
    """Whether an answer says that there is nothing to answer with, by rule 2."""
    if _FENCE.search(text):
        return False
    first = _first_sentence(text)
    spans = [span.strip() for span in _SPAN.findall(first) if span.strip() and not _is_asked(question, span)]
    if spans:
        return all(_DECLINING_SPAN.match(span) for span in spans)
    plain = first.strip().strip("`").strip()
    return bool(_DECLINES.match(plain) or _DECLINING_SPAN.match(plain) or _DENIES.search(plain))


def _first_sentence(text: str) -> str:
    lines = without_citations(text).strip()
    return next((part for part in _SENTENCE.split(lines) if part.strip()), "")


def find_answer(question: Question, text: str) -> str | None:
    """The part of the text that is the answer, by rules 1 to 3; None if there is none."""
    return None if declines(question, text) else _find_said(question, text)


def _find_said(question: Question, text: str) -> str | None:
    """What stands where the answer should, by rule 3, whether the text declines or not."""
    bare = without_citations(text)
    fence = _FENCE.search(bare)
    prose = _FENCE.sub("\n", bare)
    is_value = question.asks_for == "value"
    for span in map(str, _SPAN.findall(prose)):
        if (span.strip() or is_value) and not _is_asked(question, span):
            return span if is_value else span.strip()
    if fence is not None:
        line = next((line.strip() for line in fence[1].splitlines() if line.strip()), None)
        return line.strip("`") if line is not None and line.count("`") == 1 else line
    for said in dict.fromkeys((prose, text)):
        line = next((line.strip() for line in said.splitlines() if line.strip()), "")
        found = _said_in_words(question, line)
        if found is not None:
            return found
    return None


def _said_in_words(question: Question, line: str) -> str | None:
    """The answer that a line of prose is, None if nothing is left of it."""
    line = _CITATIONS.sub("", _OPENING.sub("", line)).strip()
    if question.asks_for == "path":
        path = _PATH.search(line)
        return path[0].rstrip(".") if path else line or None
    if line.endswith(".") and not re.fullmatch(r"-?\d+\.", line):  # `3.` is a number
        line = line[:-1].rstrip()
    line = line.strip("`").strip()
    return line or None


def _is_asked(question: Question, span: str) -> bool:
    """Whether a code span repeats a name of the question."""
    asked = {question.symbol, question.symbol.rpartition(".")[2], question.detail, *_SPAN.findall(question.text)}
    name = span.strip().removesuffix("()")
    return bool(name) and name in asked


def _normalise(question: Question, found: str) -> str:
    if question.asks_for == "value":
        return _value_of(question, found)
    if question.asks_for == "name":
        return _name_of(found)
    if question.asks_for == "type":
        return found.removeprefix("->").removeprefix(":").strip()
    return found.strip("'\"").split(":")[0].removeprefix("./")


def _is_same(question: Question, one: str, other: str) -> bool:
    if question.asks_for == "value":
        same = same_value if question.language == "python" else same_literal
        return same(one, other) or same(one.strip(), other)
    if question.asks_for == "name":
        return same_name(_plain_name(one), _plain_name(other))
    if question.asks_for == "type":
        return _plain_type(one) == _plain_type(other)
    return one == other  # ends of the path are among what is accepted


_DOTS = re.compile(r"::|->|[#\\/]")


def _plain_name(source: str) -> str:
    """A name with dots for whatever parts it, without the marks of variables."""
    return re.sub(r"[$&*@]", "", _DOTS.sub(".", source)).strip(".")


def _plain_type(source: str) -> str:
    """A type without spaces and qualifiers."""
    return re.sub(r"(?:\w+(?:::|\.|\\))+(?=\w)", "", re.sub(r"\s+", " ", source).strip().strip("'\"")).replace(" ", "")


def same_value(one: str, other: str) -> bool:
    """Whether two spellings are the same value, by rule 3. ``other`` is a literal."""
    expected = ast.literal_eval(other)
    if isinstance(expected, str) and expected in (one, one.strip("'\"")):
        return True
    try:
        given = ast.literal_eval(one)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return equal_values(given, expected)


def same_name(one: str, other: str) -> bool:
    """Whether two dotted names mean the same, by rule 4."""
    return one == other or other.endswith(f".{one}") or one.endswith(f".{other}")


def _value_of(question: Question, found: str) -> str:
    assignment = _ASSIGNMENT.match(found.strip())
    asked = question.detail or question.symbol.rpartition(".")[2]
    if assignment is not None and assignment[1].rpartition(".")[2] == asked:
        return assignment[2].strip().rstrip(",")
    return found


def _name_of(found: str) -> str:
    found = found.strip("'\"")
    called = _CALLED_NAME.match(_DOTS.sub(".", found))
    return called[1] if called is not None else found


def equal_values(one: object, other: object) -> bool:
    """Equality of literals that does not take ``True`` for 1, at any depth."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float | complex) and isinstance(other, int | float | complex):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(equal_values(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal_values(value, other[key]) for key, value in one.items())
    return one == other
