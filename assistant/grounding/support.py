"""Finds the lines of a passage that support a statement, or none: precision comes before recall.

A line's evidence is what it names itself, and what it stands in: the definitions around it by indentation, the
passage's symbol, its path. A statement is supported where one short range of lines names nearly all that it says
beyond the question, and where the range is about what is talked of. A value must be bound to its name there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from indexer.words import split_words, stem

from ..records import Passage
from .evidence import Evidence, bits_of, bracket_depths, is_unbroken
from .relations import find_relation, is_shown
from .terms import IDENTIFIER, Term, Terms, read_code_terms, read_terms

MAX_LINES = 12  # of a citation before it is grown: who follows it should see at once what it is for
_MAX_VALUE_LINES = 3  # between a value and what it is the value of, or one line a value
_MAX_GROWN = 8  # lines, up and down, to where a bracket opens or closes, or to the definition

# Fitted by hand on questions of the development repositories; docs/grounding.md says how they were judged.
MIN_COVERAGE = 0.7  # of the weight of what the statement says beyond the question
MIN_COVERAGE_CITED = 0.55  # where the model itself named this passage
MIN_ABOUT = 0.7  # of the weight of the names that are talked of: those of the question that the statement repeats
_WEIGHTS = {"name": 1.0, "value": 0.8, "path": 0.6}
_AROUND = 0.75  # of a name's weight where only what is around the line has it
_ASKED = 0.5  # weight of what the question names, for choosing among lines
_WORD = 0.12  # weight of a telling word that is no code
_LINE_COST = 0.03  # so that of two ranges that say the same the shorter one is taken
_CONSTRUCTORS = frozenset(("__init__", "__new__", "constructor", "initialize"))
_MAX_WORDS_OF_SHORT = 6  # of an answer that leaves it to the question to say what of it is meant
_MIN_QUOTED_CHARS = 12  # of a quoted line, without its indentation: shorter ones stand anywhere
_MIN_QUOTED_SHARE = 0.6  # of a code block's characters that stand in the passage line by line
_MAX_ASKED_CHARS = 20_000  # of the question: a pasted file beyond that is not talked of word by word

_REMARK = 0.5  # of a name's weight where only a comment, documentation or an import has it


@dataclass(frozen=True, slots=True)
class Support:
    """Text lines ``first`` to ``last`` of ``passage`` (1-based, inclusive, of its text) that support a statement."""

    passage: Passage
    first: int
    last: int
    score: float


@dataclass(slots=True)
class _Case:
    """One statement against one passage: each of its terms with its weight, and the lines that have it."""

    weights: list[float] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    around: list[int] = field(default_factory=list)
    remarks: int = 0

    def add(self, weight: float, own: int, around: int) -> None:
        self.weights.append(weight)
        self.own.append(own)
        self.around.append(around)

    def covered(self, window: int) -> float:
        """The weight of what the lines of ``window`` have."""
        total = 0.0
        for weight, own, around in zip(self.weights, self.own, self.around, strict=True):
            if own & window & ~self.remarks:
                total += weight
            elif own & window:
                total += weight * _REMARK
            elif around & window:
                total += weight * _AROUND
        return total

    @property
    def total(self) -> float:
        return sum(self.weights)


class Matcher:
    """Matches the statements of one answer to its passages. ``question`` says what is talked of."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        self._evidence = [Evidence(passage) for passage in passages]
        self._asked = read_terms(question[:_MAX_ASKED_CHARS])

    @cached_property
    def _known(self) -> Collection[str]:
        return {name for each in self._evidence for name in (*each.own, *each.scope_names)}

    def is_quoted(self, text: str) -> bool:
        """Whether this text, such as ``[1, 2]``, stands in a passage and is no index there."""
        pattern = re.compile(r"(?<![\w)\]])" + re.escape(text))
        return any(pattern.search(each.passage.text) for each in self._evidence)

    def find_support(self, text: str, cited: Iterable[int] = ()) -> list[Support]:
        """The passages that support a statement of prose: the best one, then others that the model named itself."""
        terms = read_terms(text)
        return self._choose(terms, set(cited)) if terms.terms else []

    def find_block_support(self, code: str, cited: Iterable[int] = ()) -> list[Support]:
        """The passage that a code block quotes. A block of one short line is a value or a name, so a statement."""
        lines = [line.strip() for line in code.split("\n") if line.strip()]
        quoted = [support for each in self._evidence if (support := _find_quote(each, lines)) is not None]
        if quoted:
            return [max(quoted, key=lambda support: support.score)]
        if len(lines) == 1:
            terms = read_code_terms(lines[0])
            return self._choose(terms, set(cited)) if terms.terms else []
        return []

    def _choose(self, terms: Terms, cited: set[int]) -> list[Support]:
        found = []
        for each in self._evidence:
            is_cited = each.passage.number in cited
            support = _support_in(
                each, terms, self._asked, self._known, MIN_COVERAGE_CITED if is_cited else MIN_COVERAGE
            )
            if support is not None:
                found.append(support)
        if not found:
            return []
        best = max(found, key=lambda support: support.score)
        return [best, *(each for each in found if each is not best and each.passage.number in cited)]


def _support_in(
    evidence: Evidence, terms: Terms, asked: Terms, known: Collection[str], min_coverage: float
) -> Support | None:
    """The best lines of one passage. ``known`` are the names of all passages: others do not help to choose."""
    asked_names = {name for term in asked.terms for name in (term.text, *term.qualifier)}
    new = [term for term in terms.terms if term.text not in asked_names]
    repeated = [term for term in terms.terms if term.kind == "name" and term not in new]
    subject = repeated or [term for term in asked.terms if term.kind == "name" and term.text in known]
    if not subject and new and all(term.kind == "value" for term in new):
        return None  # a value of nothing
    if new and all(term.kind == "path" for term in new):
        in_paths = frozenset(stem(word) for term in new for word in split_words(term.text))
        if not terms.words - asked.all_words - in_paths:
            return None  # a place alone, such as the head of a passage repeated, says nothing either
    if new:
        return _support_new(evidence, new, subject, terms, asked, min_coverage)
    if not terms.words - asked.all_words:
        return None  # the question's own words, which say nothing
    return _support_definition(evidence, [term for term in terms.terms if term.kind == "name"])


def _support_new(
    evidence: Evidence, new: Sequence[Term], subject: Sequence[Term], terms: Terms, asked: Terms, min_coverage: float
) -> Support | None:
    case, about, extra = (_Case(remarks=evidence.remarks) for _ in range(3))
    for term in new:
        case.add(_WEIGHTS[term.kind], *_masks(evidence, term))
    if not any(case.own) and not any(case.around):
        return None
    for term in map(_as_class, subject):
        about.add(_ASKED, *_masks(evidence, term))
    for word in terms.words | asked.words:
        if word in evidence.words:
            extra.add(_WORD, evidence.words[word], 0)
    names = [term.text for term in new if term.kind == "name"]
    others = [term.text for term in subject]
    relation = find_relation(terms.words)
    if relation is None and len(new) == 1 and len(terms.words) <= _MAX_WORDS_OF_SHORT:
        relation = find_relation(asked.words)
    best: tuple[float, int, int] | None = None
    n_values = sum(term.kind == "value" for term in new)
    max_lines = max(_MAX_VALUE_LINES, n_values) if n_values else MAX_LINES
    for first, last in _windows(evidence, case, about, max_lines):
        window = (1 << last + 1) - (1 << first)
        covered = case.covered(window)
        if covered < min_coverage * case.total:
            continue
        if about.weights and not _is_about(about, window):
            continue
        if not _values_hold(evidence, new, subject, window):
            continue
        if relation is not None and names and not is_shown(relation, evidence, names, others, window):
            continue
        score = covered + about.covered(window) + min(extra.covered(window), 4 * _WORD) - _LINE_COST * (last - first)
        if best is None or score > best[0] + 1e-9:
            best = score, first, last
    if best is None:
        return None
    score, first, last = best
    first = _grow_to_headers(evidence, case, first, last)
    first, last = _grow_brackets(evidence, first, last)
    return Support(evidence.passage, first + 1, last + 1, score / (case.total + about.total or 1.0))


def _support_definition(evidence: Evidence, names: Sequence[Term]) -> Support | None:
    """A statement that says nothing beyond the question's names: the place where the first of them is defined."""
    for term in names:
        lines = evidence.defines(term.text)
        qualified = all(part in evidence.own or part in evidence.scope_names for part in term.qualifier)
        if lines and qualified:
            number = next(bits_of(lines))
            first, last = _grow_brackets(evidence, number, number)
            return Support(evidence.passage, first + 1, last + 1, 0.5)
    return None


def _masks(evidence: Evidence, term: Term) -> tuple[int, int]:
    """The lines that have a term, and those that stand in what has it."""
    if term.kind == "path":
        path = evidence.passage.path
        is_here = path == term.text or path.endswith(f"/{term.text}")
        return evidence.own.get(term.text, 0), (1 << len(evidence.lines)) - 1 if is_here else 0
    own, around = evidence.own.get(term.text, 0), evidence.around(term.text) if term.kind == "name" else 0
    if term.qualifier and not (own and any(part in evidence.own for part in term.qualifier)):
        # `Client.fetch` is not every `fetch`: something here has to say Client.
        known = evidence.scope_names | set(IDENTIFIER.findall(evidence.passage.path))
        if not any(part in evidence.own or part in known for part in term.qualifier):
            return 0, 0
    return own, around


def _as_class(term: Term) -> Term:
    """``Client.__init__`` as ``Client``: who asks of a constructor means the class."""
    if term.text in _CONSTRUCTORS and term.qualifier:
        return Term(term.kind, term.qualifier[-1], term.qualifier[:-1], term.at)
    return term


def _is_about(about: _Case, window: int) -> bool:
    """Whether the lines are about what is talked of."""
    return about.covered(window) >= MIN_ABOUT * about.total


def _values_hold(evidence: Evidence, new: Sequence[Term], subject: Sequence[Term], window: int) -> bool:
    """Whether each value stands in the window, and no name of the subject has another one where it has a value."""
    values = [term.text for term in new if term.kind == "value"]
    if any(not evidence.own.get(value, 0) & window for value in values):
        return False
    if not values:
        return True
    for term in subject:
        bound = evidence.bound(term.text)
        here = [value for line, value in bound if 1 << line & window]
        if bound and not any(value in values for value in here):
            return False
    return True


def _windows(evidence: Evidence, case: _Case, about: _Case, max_lines: int) -> Iterable[tuple[int, int]]:
    """Ranges of lines, first and last, that begin and end where something new stands, within the passage's gaps."""
    hits = sorted(set(bits_of(_union(case.own))) | set(bits_of(_union(about.own))))
    if not hits:
        return
    inside = _union(case.own) | _union(case.around)
    for start, first in enumerate(hits):
        for last in hits[start:]:
            if last - first >= max_lines or not is_unbroken(evidence, first, last):
                break
            if ((1 << last + 1) - (1 << first)) & inside:
                yield first, last


def _grow_to_headers(evidence: Evidence, case: _Case, first: int, last: int) -> int:
    """Up to the definition that a new name comes from, if it is near."""
    window = (1 << last + 1) - (1 << first)
    for own, around in zip(case.own, case.around, strict=True):
        if not own & window and around & window:
            headers = [n for n in bits_of(own) if n < first and evidence.blocks[n] & window]
            if headers and first - headers[-1] <= _MAX_GROWN and is_unbroken(evidence, headers[-1], last):
                first = headers[-1]
    return first


def _grow_brackets(evidence: Evidence, first: int, last: int) -> tuple[int, int]:
    """Out to where brackets open and close, if that is near: a parameter alone does not say whose it is."""
    depths = bracket_depths(evidence.lines)
    start = first
    while start > 0 and depths[start] > min(depths[first], 0) and first - start < _MAX_GROWN:
        start -= 1
    if depths[start] > 0:
        start = first
    end = last
    while end + 1 < len(evidence.lines) and depths[end + 1] > depths[start] and end - last < _MAX_GROWN:
        end += 1
    if end + 1 < len(evidence.lines) and depths[end + 1] > depths[start]:
        end = last
    return (start, end) if is_unbroken(evidence, start, end) else (first, last)


def _find_quote(evidence: Evidence, lines: Sequence[str]) -> Support | None:
    """Where the passage holds these lines, one after another, but for indentation."""
    n_chars = sum(len(line) for line in lines)
    if max((len(line) for line in lines), default=0) < _MIN_QUOTED_CHARS:
        return None
    wanted = set(lines)
    hits = [number for number, line in enumerate(evidence.lines) if line.strip() in wanted]
    telling = [number for number in hits if len(evidence.lines[number].strip()) >= _MIN_QUOTED_CHARS]
    if not telling:
        return None
    best: tuple[float, int, int] | None = None
    for start, first in enumerate(telling):
        for last in telling[start:]:
            if last - first > 2 * len(lines) or not is_unbroken(evidence, first, last):
                break
            found = {evidence.lines[number].strip() for number in hits if first <= number <= last}
            share = sum(len(line) for line in lines if line in found) / n_chars
            score = share - 0.001 * (last - first)
            if share >= _MIN_QUOTED_SHARE and (best is None or score > best[0]):
                best = score, first, last
    return Support(evidence.passage, best[1] + 1, best[2] + 1, best[0]) if best is not None else None


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
