"""Finds near-copies of code: functions by their overlap of tokens, also with other names throughout (``floor`` of
``ceil``), and passages of any file by the lines that they repeat.

Lines that much code has (``else:``, ``return None``) tell nothing and are not looked at.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_SHINGLE = 4  # tokens
_MIN_SHINGLES = 12  # fewer say nothing: `return self._x` is everywhere
_SAME = 0.7  # Jaccard overlap from which two functions are near-copies
_HELD = 0.85  # or this much of one's shingles within the other
_SAME_SHAPE = 0.9  # part of the tokens of two functions that agree in order, whatever the names
_MIN_SHAPE_TOKENS = 16
_MIN_LINE_CHARS = 10
_MIN_LINE_WORDS = 2
_MAX_GAP = 3  # lines between two repeated ones of the same passage
_MIN_REPEATED = 2
_MIN_REPEATED_CHARS = 60  # of those lines in all: short ones are an idiom
_COMMON = re.compile(
    r"^(return( (None|True|False|self|result|value|data|out|res|ret|\w{1,3}))?|pass|break|continue|raise|else:|try:"
    r"|finally:|except( \w+)?( as \w+)?:|if \w+ is (not )?None:|if not \w+:|raise NotImplementedError(\(\))?"
    r"|result = \[\]|result = \{\}|for \w+ in \w+:|@\w+|super\(\).__init__\(.*\))$"
)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_COMMENT = re.compile(r"(^|\s)#.*$")
_MARKS = re.compile(r"^\s*(?:(?:#+|//+)\s*|(?:\*|>|>>>|\.\.\.)\s+)+")  # what turns code into comments or quotations
_ANY_NAME = "name"


@dataclass(frozen=True, slots=True)
class Print:
    """What a body is recognised by. ``lines`` are its telling lines, normalised, each once and in order."""

    key: str
    lines: tuple[str, ...]
    shingles: frozenset[int]


def make_print(key: str, body: str) -> Print:
    """The print of a function's body."""
    return Print(key, tuple(dict.fromkeys(telling_lines(body))), shingles_of(body))


def telling_lines(text: str) -> list[str]:
    """The lines that tell which code it is, without indentation, comments and runs of white space."""
    code = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [line for raw in code if is_telling(line := normalise(raw))]


def normalise(line: str) -> str:
    """A line as it is compared. Marks of comments and of quoting (``#``, ``//``, ``*``, ``>``, ``>>>``) do not count.

    So code that is commented out is still that code.
    """
    return " ".join(_COMMENT.sub("", _MARKS.sub("", line)).split())


def is_telling(line: str) -> bool:
    """Whether a normalised line is more than syntax that any code has."""
    if len(line) < _MIN_LINE_CHARS or _COMMON.match(line):
        return False
    return len(re.findall(r"[A-Za-z_]\w*", line)) >= _MIN_LINE_WORDS


def shingles_of(text: str) -> frozenset[int]:
    """Hashes of each run of four tokens."""
    tokens = tokens_of(text)
    return frozenset(hash(tokens[i : i + _SHINGLE]) for i in range(max(0, len(tokens) - _SHINGLE + 1)))


def shape_of(body: str) -> tuple[str, ...]:
    """The tokens of a function's body with one word for all names, those within strings too."""
    return tuple(
        _ANY_NAME if token.isidentifier() and not keyword.iskeyword(token) else token for token in tokens_of(body)
    )


class ShapeMatcher:
    """Tells whether bodies are one body with other names in it."""

    def __init__(self, body: str) -> None:
        self._shape = shape_of(body)
        self._matcher = SequenceMatcher(None, autojunk=False)
        self._matcher.set_seq2(self._shape)  # what is worked out of it is kept for all others

    def matches(self, shape: tuple[str, ...]) -> bool:
        """Whether nine tenths of the tokens agree in order; short bodies never do, since many have their shape."""
        if min(len(shape), len(self._shape)) < _MIN_SHAPE_TOKENS:
            return False
        self._matcher.set_seq1(shape)
        matcher = self._matcher
        return all(ratio() >= _SAME_SHAPE for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio))


def tokens_of(text: str) -> tuple[str, ...]:
    """The tokens of code without its comments; ``async`` and ``await`` are no difference."""
    code = "\n".join(_COMMENT.sub("", line) for line in text.splitlines())
    return tuple(token for token in _TOKEN.findall(code) if token not in ("async", "await"))


class PrintIndex:
    """Prints, to find which of them a piece of code is a near-copy of."""

    def __init__(self, prints: Iterable[Print]) -> None:
        self.prints = list(prints)
        self._by_shingle: dict[int, list[int]] = defaultdict(list)
        self._by_line: dict[str, list[int]] = defaultdict(list)
        for number, each in enumerate(self.prints):
            for shingle in each.shingles:
                self._by_shingle[shingle].append(number)
            for line in each.lines:
                self._by_line[line].append(number)

    def copied_by(self, shingles: frozenset[int]) -> str | None:
        """The key of a print that code with these shingles is a near-copy of, or None."""
        shared: Counter[int] = Counter()
        for shingle in shingles:
            shared.update(self._by_shingle.get(shingle, ()))
        for number, n_shared in shared.most_common():
            own = len(self.prints[number].shingles)
            smaller = min(own, len(shingles))
            if smaller < _MIN_SHINGLES:
                continue
            if n_shared / (own + len(shingles) - n_shared) >= _SAME or n_shared / own >= _HELD:
                return self.prints[number].key
        return None

    def passages_in(self, lines: Sequence[str]) -> list[tuple[int, int, str]]:
        """Passages (first line, last line, key) of a file that repeat a print: half of its lines, close together.

        At least two of them, or the one that it has, unless they are short.
        """
        places: Mapping[int, list[tuple[int, str]]] = self._places(lines)
        found: list[tuple[int, int, str]] = []
        for number, at in places.items():
            wanted = len(self.prints[number].lines)
            needed = min(wanted, max(_MIN_REPEATED, (wanted + 1) // 2))
            for group in _groups(at):
                repeated = {line for _, line in group}
                if len(repeated) >= needed and sum(map(len, repeated)) >= _MIN_REPEATED_CHARS:
                    found.append((group[0][0], group[-1][0], self.prints[number].key))
        return sorted(found)

    def _places(self, lines: Sequence[str]) -> dict[int, list[tuple[int, str]]]:
        places: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for position, raw in enumerate(lines, 1):
            line = normalise(raw)
            for number in self._by_line.get(line, ()):
                places[number].append((position, line))
        return places


def _groups(at: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    groups: list[list[tuple[int, str]]] = []
    for place in at:
        if groups and place[0] - groups[-1][-1][0] <= _MAX_GAP:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups
