"""What one passage says, line by line: the names, values and words of its lines, and what these lines stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from indexer.words import split_words, stem

from ..records import Passage
from .terms import CONSTANTS, IDENTIFIER, NUMBER, STRING, same_number

_REMARKS = ("#", "//", "/*", "* ", "*/", "--", ";;", '"""', "'''", "%", "///")
_IMPORT = re.compile(r"(?:import|from|use|using|require|include)\b|#include\b|export \{")
_EMPTY_STRING = re.compile(r"(?<!')''(?!')|(?<!\")\"\"(?!\")")
_TRIPLE_QUOTE = re.compile(r'"""|\'\'\'')
_OPENERS, _CLOSERS = "([{", ")]}"
_DEFINING = (
    r"(?:\b(?:def|class|func|fun|function|fn|type|struct|interface|trait|enum|impl|module|namespace|protocol|object|"
    r"record|sub|defmodule|defp?|const|let|var|val|static|public|private|protected|export|abstract|async|macro_rules!|"
    r"#define)\b[^=;]*?\b{name}\b|^\s*{name}\s*(?::[^=:]+)?(?::=|=)(?!=)|^\s*[\w.$]+\.{name}\s*=\s*(?:async\s*)?"
    r"(?:function\b|\())"
)
_CLOSING = re.compile(r"\s*[\])}]+\s*=\s*")
_BOUND = r"(?<![\w.$]){name}[\"']?\s*(?:\?)?(?::\s*[^=\n]{{1,80}}?)?\s*(?::=|=|:)\s*"


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
        for number in bits_of(own):
            mask |= self.blocks[number]
        return mask

    def bound(self, name: str) -> Sequence[tuple[int, str]]:
        """Where this name is given a value that is written out: the line and the value."""
        if name not in self._bound:
            found = []
            if name in self.own:
                pattern = re.compile(_BOUND.format(name=re.escape(name)))
                for number in bits_of(self.own[name]):
                    for match in pattern.finditer(self.lines[number]):
                        value = _literal_at(self.lines[number], match.end())
                        if value is not None:
                            found.append((number, value))
                    closing = self._closing_of(number)
                    value = _literal_at(*closing[1:]) if closing is not None else None
                    if closing is not None and value is not None:
                        found.append((closing[0], value))
            self._bound[name] = found
        return self._bound[name]

    def _closing_of(self, number: int) -> tuple[int, str, int] | None:
        """Where what this line opens is closed and assigned to: the line, its text, and the column of the value."""
        depths = self._depths
        if depths[number + 1] <= depths[number]:
            return None
        last = next((n for n in range(number + 1, len(self.lines)) if depths[n + 1] <= depths[number]), None)
        closing = _CLOSING.match(self.lines[last]) if last is not None else None
        return (last, self.lines[last], closing.end()) if last is not None and closing is not None else None

    @cached_property
    def _depths(self) -> Sequence[int]:
        return bracket_depths(self.lines)

    def defines(self, name: str) -> int:
        """The lines that look like a definition of this name."""
        pattern = re.compile(_DEFINING.format(name=re.escape(name)))
        return sum(1 << number for number in bits_of(self.own.get(name, 0)) if pattern.search(self.lines[number]))


def is_unbroken(evidence: Evidence, first: int, last: int) -> bool:
    """Whether these lines of the text are consecutive lines of the file."""
    numbers = evidence.file_lines[first : last + 1]
    start = numbers[0]
    return start is not None and all(number == start + step for step, number in enumerate(numbers))


def bracket_depths(lines: Sequence[str]) -> list[int]:
    """How many brackets are open before each line, and after the last one. Strings and comments are not looked at."""
    depths = [0]
    for line in lines:
        code = STRING.sub("", line)
        change = sum(map(code.count, _OPENERS)) - sum(map(code.count, _CLOSERS))
        depths.append(max(0, depths[-1] + change))
    return depths


def _tokens(line: str) -> Iterable[str]:
    yield from IDENTIFIER.findall(line)
    for number in NUMBER.findall(line):
        yield same_number(number)
    for double, single in STRING.findall(line):
        yield f"'{double or single}'"
    if _EMPTY_STRING.search(line):
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


def bits_of(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, smallest first."""
    number = 0
    while mask:
        if mask & 1:
            yield number
        mask >>= 1
        number += 1
