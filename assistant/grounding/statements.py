"""Cuts an answer into statements while it streams, and holds back what may be a citation that the model writes.

A statement is a sentence, a list item, a table row or a fenced code block. What comes out does not depend on how the
text was cut into pieces. Nothing inside a code span or a fence is taken for a citation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import regex

Kind = Literal["text", "row", "heading", "code"]


@dataclass(frozen=True, slots=True)
class Text:
    """Text that goes out as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class WrittenCitation:
    """A citation that the model wrote, taken out of the text. ``numbers`` are the passages that it names.

    It speaks for the statement that is being written, or, where ``looks_back``, for the one that has just ended.
    """

    numbers: tuple[int, ...]
    looks_back: bool


@dataclass(frozen=True, slots=True)
class StatementEnd:
    """A statement ends here: the last characters of the text so far are its own, ``text`` without what leads in.

    Of a code block, ``text`` is the code alone and ``n_chars`` counts the fences too; ``is_closed`` says whether its
    closing fence came. ``indent`` is the white space before a fence.
    """

    kind: Kind
    text: str
    n_chars: int
    language: str = ""
    indent: str = ""
    is_closed: bool = True


Item = Text | WrittenCitation | StatementEnd

_NUMBERS = r"\#?\d{1,3}(?:\s*(?:,|;|&|and|-|–|to)\s*(?:passages?\s*)?\#?\d{1,3})*"
# White space can be matched in one way only, or a run of citations would be tried in every way there is.
_WORD = (
    r"(?:(?:see|from|cf\.?|in)\s+)?(?:the\s+)?(?:code\s+)?"
    r"(?:passages?|sources?|references?|refs?|citations?)\s*(?::\s*)?"
)
_SQUARE = rf"\[\s*\^?(?:{_WORD})?{_NUMBERS}\s*\]"
_CORNER = rf"【\s*(?:{_WORD})?{_NUMBERS}[^】\n]{{0,20}}】"
_ROUND = rf"\(\s*(?:{_WORD}{_NUMBERS}|(?:(?:see|from|in)\s+)?{_SQUARE}(?:\s*(?:,\s*)?{_SQUARE})*)\s*\)"
_CITATION = rf"(?:{_SQUARE}|{_CORNER}|{_ROUND})"
_CITATIONS = rf"{_CITATION}(?:[ \t]*(?:(?:,|;|&|and)[ \t]*)?{_CITATION})*"
# White space before a citation goes with it, so both are held back until it is clear what comes.
_HELD = regex.compile(rf"[ \t]*(?P<cited>{_CITATIONS}[ \t]*)?", regex.I)
_HELD_IN_ROW = regex.compile(rf"[ \t]*(?:{_CITATIONS}[ \t]*)?(?:\|[ \t]*)?", regex.I)
_PLAIN_LIST = regex.compile(rf"\[\s*{_NUMBERS}\s*\]")
_MOST_HELD_CHARS = 300  # a model that goes round in circles writes no end of citations
_MAY_FOLLOW = frozenset(".,;:!?\"'`*_»”")  # what a citation may stand directly behind; behind a name it is an index
_TAKES_VALUE = regex.compile(r"(?:=|\b(?:return|returns|yields|in|is|are|be|to))\s*$", regex.I)

_ANY_CITATION = regex.compile(_CITATION, regex.I)
_MAX_ANSWER_CHARS = 50_000  # what is longer is no answer of ours, and reading it letter by letter would take long
_FENCE = regex.compile(r"(?P<indent>[ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_LEAD_IN = regex.compile(r"\s*(?:(?:[-*+•]|\d+[.)])\s+|\|\s*)?(?:\[[ xX]\]\s+)?")
_ENDS = regex.compile(r"[.!?][\"')*_”»\]]*$")
_NO_END = regex.compile(
    r"(?:(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|resp|approx|incl|fig|no|dr|mr|st)\.|^\s*(?:[-*+]\s+)?\w{1,2}[.)]|\b[A-Z]\.)$",
    regex.I,
)


@lru_cache(maxsize=256)  # a conversation is put together anew for every question
def without_citations(text: str) -> str:
    """``text`` without citations, such as an earlier answer whose numbers are those of other passages."""
    if len(text) > _MAX_ANSWER_CHARS or not _ANY_CITATION.search(text):
        return text
    scanner = StatementScanner()
    items = [*scanner.feed(text), *scanner.finish()]
    return "".join(item.text for item in items if isinstance(item, Text))


class StatementScanner:
    """Takes the text piece by piece. ``is_quoted`` says whether a text such as ``[1, 2]`` stands in the code."""

    def __init__(self, is_quoted: Callable[[str], bool] = lambda text: False) -> None:
        self._is_quoted = is_quoted
        self._items: list[Item] = []
        self._out: list[str] = []  # text not yet in items
        self._held = ""
        self._line = ""  # what went out of this line
        self._statement = ""  # what went out since the last statement ended
        self._n_ticks = 0  # of the run of backticks that is being read
        self._span = 0  # ticks that opened the code span we are in
        self._fence: tuple[str, str, str] | None = None  # indent, fence, language
        self._block: list[str] = []  # whole lines of the fenced block
        self._drops_colon = False

    def feed(self, piece: str) -> Iterator[Item]:
        """What is certain after ``piece``, in order."""
        for char in piece:
            self._take(char)
        yield from self._take_items()

    def finish(self) -> Iterator[Item]:
        """What was held back at the end of the text."""
        self._end_line("")
        yield from self._take_items()

    def _take_items(self) -> list[Item]:
        self._flush()
        items, self._items = self._items, []
        return items

    def _flush(self) -> None:
        if self._out:
            self._items.append(Text("".join(self._out)))
            self._out = []

    def _add(self, item: Item) -> None:
        self._flush()
        self._items.append(item)

    def _emit(self, text: str) -> None:
        self._out.append(text)
        self._line += text
        self._statement += text

    def _take(self, char: str) -> None:
        if char == "\n":
            self._end_line(char)
        elif self._fence is not None:
            self._emit(char)
        elif char == "`":
            self._release(char)
            self._emit(char)
            self._n_ticks += 1
        else:
            self._close_run()
            if self._span:
                self._emit(char)
            else:
                self._take_prose(char)

    def _close_run(self) -> None:
        """A run of backticks is over: it opens a span, closes it if it is as long, or stands inside it."""
        if self._n_ticks and self._span in (0, self._n_ticks):
            self._span = 0 if self._span else self._n_ticks
        self._n_ticks = 0

    def _take_prose(self, char: str) -> None:
        if self._drops_colon and char in ": \t":
            return
        self._drops_colon = False
        if char in "[(" and not self._held and self._line and self._line[-1] not in _MAY_FOLLOW:
            self._emit(char)  # an index or a call
            return
        if len(self._held) >= _MOST_HELD_CHARS and (
            len(self._held) >= 2 * _MOST_HELD_CHARS or _HELD.fullmatch(self._held)
        ):
            self._release(char)
        held = self._held + char
        if (self._held or char in " \t[(【|") and self._held_pattern().fullmatch(held, partial=True):
            self._held = held
            return
        if self._held:
            self._release(char)
            self._take(char)
            return
        self._emit(char)

    def _held_pattern(self) -> regex.Pattern[str]:
        return _HELD_IN_ROW if self._line.lstrip().startswith("|") else _HELD

    def _release(self, following: str = "") -> None:
        """Decide what is held back, now that ``following`` comes; that is not taken here."""
        while self._held:
            held, self._held = self._held, ""
            found = _HELD.match(held)
            assert found is not None  # it matches nothing at all, too
            cited = found["cited"]
            space = held[: len(held) - len(held.lstrip(" \t"))]
            rest = held[len(space) :]
            if cited is None or not self._is_citation(space, cited, held[found.end() :] or following):
                self._emit_space(space)
                if rest:
                    self._emit(rest[0])
                    self._refeed(rest[1:])
                continue
            rest = held[found.end() :]
            ahead = rest or following
            is_alone = not self._line.strip() and (not ahead or ahead == "\n")
            numbers = tuple(int(number) for number in regex.findall(r"\d+", cited))
            self._add(WrittenCitation(numbers, looks_back=is_alone))
            if not self._line.strip():
                self._emit_space(space)
                self._drops_colon = True
            elif ahead and ahead[0] not in "\n.,;:!?)":
                self._emit_space(space or cited[len(cited.rstrip(" \t")) :])
            self._refeed(rest)

    def _refeed(self, text: str) -> None:
        for char in text:
            self._take(char)

    def _is_citation(self, space: str, cited: str, ahead: str) -> bool:
        """Whether what looks like a citation is none of a list, an index or a link."""
        if not space and self._line and self._line[-1] not in _MAY_FOLLOW and cited[0] != "【":
            return False
        if ahead.startswith("(") and not cited[-1].isspace():
            return False  # a link
        plain = cited.strip()
        if _PLAIN_LIST.fullmatch(plain) and _TAKES_VALUE.search(self._line + space):
            return not self._is_quoted(plain) and not (self._line + space).rstrip().endswith(("=", "return"))
        return True

    def _emit_space(self, space: str) -> None:
        if not space:
            return
        if self._ends_sentence():
            self._end_statement("text")
        self._emit(space)

    def _ends_sentence(self) -> bool:
        said = self._statement
        line = self._line.lstrip()
        if line.startswith(("|", "#")) or not _ENDS.search(said):
            return False
        return not _NO_END.search(said.rsplit("\n", 1)[-1])

    def _end_statement(self, kind: Kind) -> None:
        said = self._statement.rstrip()
        lead = _LEAD_IN.match(said)
        text = said[lead.end() :] if lead else said
        if text:
            self._add(StatementEnd(kind, text, len(text) + len(self._statement) - len(said)))
        self._statement = ""

    def _end_line(self, newline: str) -> None:
        if self._fence is not None:
            self._end_code_line(newline)
            return
        self._close_run()
        tail = "" if self._span else self._tail_of_line(newline)
        opened = _FENCE.fullmatch(self._line)
        if opened is not None:
            self._fence = (opened["indent"], opened["fence"], opened["info"].strip())
            self._block = []
            self._emit(tail + newline)
        else:
            line = self._line.lstrip()
            self._end_statement("row" if line.startswith("|") else "heading" if line.startswith("#") else "text")
            self._emit(tail + newline)
            self._statement = ""
        self._line, self._span, self._drops_colon = "", 0, False
        if newline == "" and self._fence is not None:
            self._end_block(is_closed=False)

    def _tail_of_line(self, newline: str) -> str:
        """Take citations out of what is held at a line's end; what is left, white space or a row's bar, goes behind."""
        if not self._held.strip(" \t|"):
            tail, self._held = self._held, ""
            return tail
        bar = regex.search(r"[ \t]*\|[ \t]*$", self._held) if self._line.lstrip().startswith("|") else None
        tail = bar[0] if bar is not None else ""
        self._held = self._held[: len(self._held) - len(tail)]
        self._release(newline or "\n")
        if not self._held.strip(" \t|"):
            tail, self._held = self._held + tail, ""
        return tail

    def _end_code_line(self, newline: str) -> None:
        assert self._fence is not None
        _, fence, _ = self._fence
        said = self._line.strip()
        if len(said) >= len(fence) and set(said) == {fence[0]}:
            self._end_block(is_closed=True)
            self._emit(newline)
            self._statement = ""
        else:
            self._block.append(self._line)
            self._emit(newline)
            if newline == "":
                self._end_block(is_closed=False)
        self._line = ""

    def _end_block(self, *, is_closed: bool) -> None:
        assert self._fence is not None
        indent, _, language = self._fence
        n_chars = len(self._statement.lstrip())
        self._add(StatementEnd("code", "\n".join(self._block), n_chars, language, indent, is_closed))
        self._fence, self._statement = None, ""
