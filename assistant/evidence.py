"""Finds the lines of a passage that support a statement, or none: precision comes before recall.

A line's evidence is what it names itself, and what it stands in: the definitions around it by indentation, the
passage's symbol, its path. A statement is supported where one short range of lines names nearly all that it says
beyond the question, and where the range is about what is talked of. A value must be bound to its name there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from indexer.words import split_words, stem

from .records import Passage
from .terms import CONSTANTS, IDENTIFIER, NUMBER, STRING, Term, Terms, read_code_terms, read_terms, same_number

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
_MIN_QUOTED_CHARS = 12  # of a quoted line, without its indentation: shorter ones stand anywhere
_MIN_QUOTED_SHARE = 0.6  # of a code block's characters that stand in the passage line by line

_REMARK = 0.7  # of a name's weight where only a comment, documentation or an import has it
_REMARKS = ("#", "//", "/*", "* ", "*/", "--", ";;", '"""', "'''", "%", "///")
_IMPORT = re.compile(r"(?:import|from|use|using|require|include)\b|#include\b|export \{")
_TRIPLE_QUOTE = re.compile(r'"""|\'\'\'')

_OPENERS, _CLOSERS = "([{", ")]}"
_DEFINING = (
    r"(?:\b(?:def|class|func|fun|function|fn|type|struct|interface|trait|enum|impl|module|namespace|protocol|object|"
    r"record|sub|defmodule|defp?|const|let|var|val|static|public|private|protected|export|abstract|async|macro_rules!|"
    r"#define)\b[^=;]*?\b{name}\b|^\s*{name}\s*(?::[^=:]+)?(?::=|=)(?!=)|^\s*[\w.$]+\.{name}\s*=\s*(?:async\s*)?"
    r"(?:function\b|\())"
)
_BOUND = r"(?<![\w.$]){name}[\"']?\s*(?:\?)?(?::\s*[^=\n]{{1,80}}?)?\s*(?::=|=|:)\s*"


@dataclass(frozen=True, slots=True)
class Support:
    """Text lines ``first`` to ``last`` of ``passage`` (1-based, inclusive, of its text) that support a statement."""

    passage: Passage
    first: int
    last: int
    score: float


def file_lines(passage: Passage) -> Sequence[int | None]:
    """The line in its file of each line of a passage's text; None for a line that is not the file's."""
    return [passage.line_at(index) for index in range(passage.text.count("\n") + 1)]


class Evidence:
    """What one passage says, line by line. Bit n of a mask is line n of the text, from 0."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.lines = passage.text.split("\n")
        self.file_lines = file_lines(passage)
        self._bound: dict[str, list[tuple[int, str]]] = {}

    @cached_property
    def own(self) -> Mapping[str, int]:
        """The lines that hold each identifier, number and string."""
        masks: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            bit = 1 << number
            for token in _tokens(line):
                masks[token] = masks.get(token, 0) | bit
        return masks

    @cached_property
    def remarks(self) -> int:
        """The lines that are comments, documentation or imports: they mention what other lines do."""
        mask, quote = 0, ""
        for number, line in enumerate(self.lines):
            stripped = line.strip()
            if quote or stripped.startswith(_REMARKS) or _IMPORT.match(stripped):
                mask |= 1 << number
            for found in _TRIPLE_QUOTE.findall(line):
                quote = "" if quote == found else quote or found
        return mask

    @cached_property
    def words(self) -> Mapping[str, int]:
        """The lines that hold each stemmed word."""
        masks: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            for word in split_words(line):
                stemmed = stem(word)
                masks[stemmed] = masks.get(stemmed, 0) | 1 << number
        return masks

    @cached_property
    def blocks(self) -> Sequence[int]:
        """For each line, the lines that stand below it: deeper ones, and what closes its bracket."""
        depths = [len(line) - len(line.lstrip()) if line.strip() else -1 for line in self.lines]
        blocks = [0] * len(self.lines)
        open_lines: list[int] = []
        for number, (line, depth) in enumerate(zip(self.lines, depths, strict=True)):
            if depth < 0:
                continue
            closes = line.lstrip()[0] in _CLOSERS
            while open_lines and (depths[open_lines[-1]] > depth or (depths[open_lines[-1]] == depth and not closes)):
                open_lines.pop()
            for header in open_lines:
                blocks[header] |= 1 << number
            if not closes:
                open_lines.append(number)
        return blocks

    @cached_property
    def scope_names(self) -> frozenset[str]:
        """The names of the definition that the whole passage is, or is a part of."""
        return frozenset(IDENTIFIER.findall(self.passage.symbol)) if "," not in self.passage.symbol else frozenset()

    def around(self, name: str) -> int:
        """The lines that stand in something that this name heads."""
        if name in self.scope_names:
            return (1 << len(self.lines)) - 1
        mask, own = 0, self.own.get(name, 0)
        for number in _bits(own):
            mask |= self.blocks[number]
        return mask

    def bound(self, name: str) -> Sequence[tuple[int, str]]:
        """Where this name is given a value that is written out: the line and the value."""
        if name not in self._bound:
            found = []
            if name in self.own:
                pattern = re.compile(_BOUND.format(name=re.escape(name)))
                for number in _bits(self.own[name]):
                    for match in pattern.finditer(self.lines[number]):
                        value = _literal_at(self.lines[number], match.end())
                        if value is not None:
                            found.append((number, value))
            self._bound[name] = found
        return self._bound[name]

    def defines(self, name: str) -> int:
        """The lines that look like a definition of this name."""
        pattern = re.compile(_DEFINING.format(name=re.escape(name)))
        return sum(1 << number for number in _bits(self.own.get(name, 0)) if pattern.search(self.lines[number]))


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
        self._asked = read_terms(question)

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
    for term in subject:
        about.add(_ASKED, *_masks(evidence, term))
    for word in terms.words | asked.words:
        if word in evidence.words:
            extra.add(_WORD, evidence.words[word], 0)
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
            number = next(_bits(lines))
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
    hits = sorted(set(_bits(_union(case.own))) | set(_bits(_union(about.own))))
    if not hits:
        return
    inside = _union(case.own) | _union(case.around)
    for start, first in enumerate(hits):
        for last in hits[start:]:
            if last - first >= max_lines or not _is_unbroken(evidence, first, last):
                break
            if ((1 << last + 1) - (1 << first)) & inside:
                yield first, last


def _is_unbroken(evidence: Evidence, first: int, last: int) -> bool:
    """Whether these lines of the text are consecutive lines of the file."""
    numbers = evidence.file_lines[first : last + 1]
    start = numbers[0]
    return start is not None and all(number == start + step for step, number in enumerate(numbers))


def _grow_to_headers(evidence: Evidence, case: _Case, first: int, last: int) -> int:
    """Up to the definition that a new name comes from, if it is near."""
    window = (1 << last + 1) - (1 << first)
    for own, around in zip(case.own, case.around, strict=True):
        if not own & window and around & window:
            headers = [n for n in _bits(own) if n < first and evidence.blocks[n] & window]
            if headers and first - headers[-1] <= _MAX_GROWN and _is_unbroken(evidence, headers[-1], last):
                first = headers[-1]
    return first


def _grow_brackets(evidence: Evidence, first: int, last: int) -> tuple[int, int]:
    """Out to where brackets open and close, if that is near: a parameter alone does not say whose it is."""
    depths = _depths(evidence.lines)
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
    return (start, end) if _is_unbroken(evidence, start, end) else (first, last)


def _depths(lines: Sequence[str]) -> list[int]:
    """How many brackets are open before each line, and after the last one. Strings and comments are not looked at."""
    depths = [0]
    for line in lines:
        code = STRING.sub("", line)
        change = sum(map(code.count, _OPENERS)) - sum(map(code.count, _CLOSERS))
        depths.append(max(0, depths[-1] + change))
    return depths


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
            if last - first > 2 * len(lines) or not _is_unbroken(evidence, first, last):
                break
            found = {evidence.lines[number].strip() for number in hits if first <= number <= last}
            share = sum(len(line) for line in lines if line in found) / n_chars
            score = share - 0.001 * (last - first)
            if share >= _MIN_QUOTED_SHARE and (best is None or score > best[0]):
                best = score, first, last
    return Support(evidence.passage, best[1] + 1, best[2] + 1, best[0]) if best is not None else None


def _tokens(line: str) -> Iterable[str]:
    yield from IDENTIFIER.findall(line)
    for number in NUMBER.findall(line):
        yield same_number(number)
    for double, single in STRING.findall(line):
        yield f"'{double or single}'"
    if "''" in line or '""' in line:
        yield "''"


def _literal_at(line: str, at: int) -> str | None:
    """The literal that begins at this column, in the spelling of terms; None if something else does."""
    rest = line[at:].lstrip()
    string = STRING.match(rest)
    if string is not None:
        return f"'{string[1] if string[1] is not None else string[2]}'"
    number = NUMBER.match(rest)
    if number is not None:
        return same_number(number[0])
    word = IDENTIFIER.match(rest)
    return word[0] if word is not None and word[0] in CONSTANTS else None


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _bits(mask: int) -> Iterator[int]:
    number = 0
    while mask:
        if mask & 1:
            yield number
        mask >>= 1
        number += 1
