"""Grounds an answer while it streams: each statement that the passages support gets a citation, no other keeps one.

A citation is given only where its lines stand in the index as the prompt had them. What the model writes itself, such
as ``[1]``, counts for nothing but a hint at which passage to look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from indexer.errors import QuarryError
from indexer.home import OpenedIndex
from indexer.reading import read_lines

from ..records import Citation, Message, Passage
from ..search import Searcher
from ..targets import Target
from .evidence import file_lines
from .statements import Item, StatementEnd, StatementScanner, Text
from .support import Matcher, Support
from .vocabulary import Vocabulary

GROUNDING_VERSION = 2  # raised when the same text may get other citations

# A statement that says what is not there, or what comes next, is supported by nothing. Code spans say nothing of it.
_SPAN = re.compile(r"`[^`\n]*`")
_SHOW = (
    "show|contain|mention|provide|specify|include|define|hold|say|tell|give|state|list"
    "|describe|document|explain|indicate"
)
_DECLINES = re.compile(
    r"\b(?:passages?|context|snippets?|code|repository|codebase|documentation)\b[^.]{0,60}"
    rf"(?:(?:\bnot|n't)\s+(?:\w+ly\s+)?(?:have|{_SHOW})|\b(?:(?:{_SHOW})s?|has|have|there (?:is|are))\s+no)\b"
    r"|\b(?:not|n't|isn't)\s+(?:explicitly\s+|directly\s+)?"
    r"(?:specified|provided|mentioned|shown|given|stated|present|found|included|possible to)\b"
    r"|\b(?:I|we)\s+(?:do not|don't|cannot|can't)\b",
    re.I,
)
_CODE_LINE = re.compile(r"(?:[{};(,]|=>)$|^(?:[@{}]|//|/\*|\*/|#include|def |class |return\b|import |from \S+ import )")

# What reading an index may raise when it is removed or made anew meanwhile; tantivy's errors are ValueErrors.
_GONE = (QuarryError, OSError, ValueError, KeyError)
_MIN_CODE_CHARS = 8  # a shorter line may be an answer in one word

_MARGIN = " \t*#/"  # of comments, which Markdown takes for bullets and headings

Holds = Callable[[Passage, int, int], bool]


@dataclass(slots=True)
class _Judged:
    """The statement that ended last, in case a citation of it follows."""

    end: StatementEnd
    start_char: int
    end_char: int
    supported: set[int]


class Grounder:
    """Takes the model's text, gives the answer's text with citations between.

    ``holds`` says whether lines of a passage, by their numbers in the file, stand so in the index now.
    """

    def __init__(self, passages: Sequence[Passage], question: str, holds: Holds) -> None:
        self._matcher = Matcher(passages, question)
        self._lines = [line.strip(_MARGIN) for passage in passages for line in passage.text.split("\n")]
        self._holds = holds
        self._scanner = StatementScanner(self._matcher.is_quoted)
        self._cited: list[int] = []  # by the model, in the statement that is being written
        self._last: _Judged | None = None
        self._code_lines: list[str] = []  # without a fence, since the last other statement
        self._pieces: list[str] = []
        self._n_chars = 0
        self._is_over = False
        self.citations: list[Citation] = []
        self.n_removed = 0

    @property
    def text(self) -> str:
        """All text that was given out."""
        return "".join(self._pieces)

    def feed(self, piece: str) -> Iterator[str | Citation]:
        """Text and citations that are certain after ``piece``. Texts, joined, are the answer's text."""
        yield from self.ground(self.scan(piece))

    def finish(self) -> Iterator[str | Citation]:
        """What was held back, and what the last statement is supported by."""
        yield from self.ground(self.scan(None))

    def scan(self, piece: str | None) -> Sequence[Item]:
        """The items that are certain after ``piece``, for ``ground``; with None those at the end of the text."""
        self._is_over = piece is None
        return list(self._scanner.finish() if piece is None else self._scanner.feed(piece))

    def is_text(self, items: Sequence[Item]) -> bool:
        """Whether ``ground`` has nothing to look up for these items."""
        return not self._is_over and all(isinstance(item, Text) for item in items)

    def ground(self, items: Sequence[Item]) -> Iterator[str | Citation]:
        """The text and the citations of what ``scan`` gave. Reads in the index, so it may block."""
        yield from self._ground(items)
        if self._is_over:
            yield from self._judge_code_lines()
            self.n_removed += len(set(self._cited))
            self._cited = []

    def _ground(self, items: Sequence[Item]) -> Iterator[str | Citation]:
        for item in items:
            if isinstance(item, Text):
                yield self._give(item.text)
            elif isinstance(item, StatementEnd):
                yield from self._judge(item)
            elif item.looks_back:
                yield from self._look_back(item.numbers)
            else:
                self._cited.extend(item.numbers)

    def _give(self, text: str) -> str:
        self._pieces.append(text)
        self._n_chars += len(text)
        return text

    def _judge(self, end: StatementEnd) -> Iterator[str | Citation]:
        cited, self._cited = set(self._cited), []
        judged = _Judged(end, self._n_chars - end.n_chars, self._n_chars, set())
        self._last = judged
        found = self._find(judged, cited)
        self.n_removed += len(cited - judged.supported)
        if found:
            marks = " ".join(f"[{citation.passage}]" for citation in found)
            indent = " " * len(end.indent)
            yield self._give(f"\n{indent}{marks}" if end.kind == "code" else f" {marks}")
            yield from found

    def _judge_code_lines(self) -> Iterator[str | Citation]:
        """Lines of code without a fence at the end of the text: they are cited as a block, behind the last one."""
        if not self._code_lines or self._last is None:
            return
        lines = self._code_lines
        end = replace(self._last.end, kind="code", text="\n".join(lines))
        found = self._find(replace(self._last, end=end), set())
        if found:
            before = "\n" if len(lines) > 1 else " "
            yield self._give(before + " ".join(f"[{citation.passage}]" for citation in found))
            yield from found

    def _look_back(self, numbers: Sequence[int]) -> Iterator[str | Citation]:
        """A citation on a line of its own speaks for the statement before it."""
        missing = set(numbers) - (self._last.supported if self._last is not None else set())
        found = self._find(self._last, missing) if self._last is not None and missing else []
        if found:
            yield self._give(" ".join(f"[{citation.passage}]" for citation in found))
            yield from found
        self.n_removed += len(missing - (self._last.supported if self._last is not None else set()))

    def _find(self, judged: _Judged, cited: set[int]) -> list[Citation]:
        """What supports a statement and is not cited for it yet, kept as citations."""
        found = []
        for support in self._find_support(judged.end, cited):
            number = support.passage.number
            lines = file_lines(support.passage)
            first, last = lines[support.first - 1], lines[support.last - 1]
            if number in judged.supported or first is None or last is None:
                continue
            if self._holds(support.passage, first, last):
                passage = support.passage
                place = (passage.repo, passage.ref, passage.commit, passage.path, first, last)
                found.append(Citation(number, *place, judged.start_char, judged.end_char))
                judged.supported.add(number)
        self.citations.extend(found)
        return found

    def _find_support(self, end: StatementEnd, cited: set[int]) -> Sequence[Support]:
        if end.kind != "code" and self._is_code(end.text):
            self._code_lines.append(end.text)
            return []
        self._code_lines = []
        if end.kind == "code":
            return self._matcher.find_block_support(end.text, cited) if end.is_closed else []
        if end.kind == "heading" or end.text.endswith(":") or _declines(end.text):
            return []
        return self._matcher.find_support(end.text, cited)

    def _is_code(self, text: str) -> bool:
        """Whether this is a line of code that the model wrote without a fence: a citation would stand amid the code."""
        if _CODE_LINE.search(text):
            return True
        bare = text.strip(_MARGIN)
        return len(bare) >= _MIN_CODE_CHARS and any(line.startswith(bare) for line in self._lines)


def _declines(statement: str) -> bool:
    """Whether a statement says that what was asked for is not in the code, or not known."""
    return _DECLINES.search(_SPAN.sub("``", statement)) is not None


class Verbatim:
    """Takes the place of a Grounder where the text is given as the model writes it."""

    citations: Sequence[Citation] = ()
    n_removed = 0

    def __init__(self) -> None:
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """All text that was given out."""
        return "".join(self._pieces)

    def scan(self, piece: str | None) -> Sequence[Item]:
        """The piece as it is."""
        return [Text(piece)] if piece else []

    def is_text(self, items: Sequence[Item]) -> bool:
        """Nothing is ever looked up."""
        return True

    def ground(self, items: Sequence[Item]) -> Iterator[str | Citation]:
        """The pieces as they are."""
        for item in items:
            if isinstance(item, Text):
                self._pieces.append(item.text)
                yield item.text


class IndexedCode:
    """The code that one answer is about, as the index has it now: looked at anew for every citation.

    Raises UnknownRepository or InputError for targets that cannot be opened when it is made. Later nothing is raised:
    of what is removed or made anew in mid-answer nothing is known, so nothing is cited and no name is called unknown.
    """

    def __init__(self, searcher: Searcher, targets: Sequence[Target]) -> None:
        self._searcher, self._targets = searcher, targets
        for target in targets:
            searcher.open(target)

    def holds(self, passage: Passage, first: int, last: int) -> bool:
        """Whether the file has these lines of the passage, to the letter, at the passage's commit."""
        wanted = _text_of(passage, first, last)
        try:
            for index in self._open([target for target in self._targets if target.repo == passage.repo]):
                if index.manifest.commit == passage.commit:
                    found = read_lines(index, passage.path, first, last)
                    if (found.start_line, found.end_line, found.text) == (first, last, wanted):
                        return True
        except _GONE:
            pass
        return False

    def prepare_names(self) -> None:
        """What ``find_unknown_names`` needs to know once of each index: done while the model reads its prompt."""
        self.find_unknown_names("`prepared_name`", ())

    def find_unknown_names(self, text: str, messages: Sequence[Message]) -> Sequence[str]:
        """Names in an answer's text that exist neither in the code, its languages and imports, nor in the question."""
        said = "\n".join(message.content for message in messages if message.role == "user")
        try:
            indexes = self._open(self._targets)
            return Vocabulary(indexes, said).find_unknown(text) if indexes else ()
        except _GONE:
            return ()

    def _open(self, targets: Sequence[Target]) -> list[OpenedIndex]:
        return [self._searcher.open(target).index for target in targets]


def _text_of(passage: Passage, first: int, last: int) -> str:
    """The text of file lines ``first`` to ``last`` in a passage that has them all."""
    texts = dict(zip(file_lines(passage), passage.text.split("\n"), strict=True))
    return "\n".join(texts.get(number, "") for number in range(first, last + 1))
