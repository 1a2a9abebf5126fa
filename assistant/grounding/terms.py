"""What a statement names: identifiers, values, paths and telling words, read out of Markdown prose and code spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from indexer.words import NAME_SEPARATOR, STOP_WORDS, split_words, stem

TermKind = Literal["name", "value", "path"]

IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
# Possessive: a shorter run of digits is never a number, and a long one would be looked at once for each of them.
NUMBER = re.compile(r"(?<![\w.])-?\d[\d_]*+(?:\.\d++)?+(?:[eE][+-]?\d++)?+(?![\w.]*\w)")
STRING = re.compile(r"\"([^\"\n]{0,80})\"|'([^'\n]{0,80})'")
CONSTANTS = frozenset("True False None true false null nil undefined NULL nullptr".split())

SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
PATH = re.compile(
    r"(?<![\w/.@-])(?:[\w.@-]+/)+[\w.@-]+\.\w{1,10}\b|(?<![\w/.-])[\w-]+\.(?:py|pyi|js|jsx|ts|tsx|mjs|cjs|go|rs|"
    r"java|c|h|cc|cpp|hpp|cs|rb|php|kt|scala|swift|sh|lua|ex|exs|hs|zig|sql|html|css|json|ya?ml|toml|md|"
    r"txt|cfg|ini|lock)\b(?!\()"
)
# In prose only what cannot be an English word: a call, an underscore, a dot between names, an inner capital.
PROSE_NAME = re.compile(
    r"(?<![\w$.@/-])(?:"
    r"(?:[A-Za-z_$][\w$]*(?:\.|::|#|->))+[A-Za-z_$][\w$]*"
    r"|[A-Za-z_$][\w$]*(?=\()"
    r"|_*[A-Za-z][A-Za-z0-9]*(?:_+[A-Za-z0-9]+)+_*|__?[A-Za-z]\w*"
    r"|[A-Z]?[a-z0-9]+(?:[A-Z][a-z0-9]*)+|[A-Z]{2,}[a-z]+\w*"
    r")(?![\w$])"
)
_NOT_NAMES = frozenset(("e.g", "i.e", "a.k.a", "vs", "etc"))
_COUNTED = re.compile(r"\s+[a-z]")  # "2 arguments" counts, and is no value of the code
_LINES = re.compile(r":L?\d+(?:\s*[-–]\s*L?\d+)?")
_EMPTY = re.compile(r"\bempty (?:string|str)\b", re.I)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a statement names. ``text`` is compared to code as it is spelled.

    ``qualifier`` are the names before the last one of a dotted name. ``at`` is where it stands in the statement.
    """

    kind: TermKind
    text: str
    qualifier: tuple[str, ...] = ()
    at: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a statement, each once, and the stems of its telling words: outside of code spans, and all."""

    terms: tuple[Term, ...]
    words: frozenset[str]
    all_words: frozenset[str] = frozenset()


def read_terms(text: str) -> Terms:
    """The terms of a piece of Markdown."""
    found: dict[tuple[TermKind, str], Term] = {}
    prose = []
    last = 0
    for span in SPAN.finditer(text):
        prose.append((last, text[last : span.start()]))
        last = span.end()
        for term in _read_code(span[2], span.start(2)):
            found.setdefault((term.kind, term.text), term)
    prose.append((last, text[last:]))
    for at, part in prose:
        for term in _read_prose(part, at):
            found.setdefault((term.kind, term.text), term)
    words = _stem_words(" ".join(part for _, part in prose))
    return Terms(tuple(sorted(found.values(), key=lambda term: term.at)), words, _stem_words(text))


def read_code_terms(code: str) -> Terms:
    """The terms of a piece of code."""
    found: dict[tuple[TermKind, str], Term] = {}
    for term in _read_code(code, 0):
        found.setdefault((term.kind, term.text), term)
    return Terms(tuple(found.values()), frozenset())


def _stem_words(text: str) -> frozenset[str]:
    words = (word for word in split_words(text) if len(word) > 2 and not word.isdigit())
    return frozenset(stem(word) for word in words if word not in STOP_WORDS)


def same_number(text: str) -> str:
    """One spelling for each number: ``1_000`` and ``1000`` are the same."""
    return text.replace("_", "").lstrip("+")


def _read_code(code: str, at: int) -> Iterator[Term]:
    """Of a code span: a path if it is one, else the names outside its strings, its strings and its numbers."""
    stripped = _LINES.sub("", code).strip()
    if PATH.fullmatch(stripped):
        yield Term("path", stripped, at=at)
        return
    if stripped in ('""', "''"):
        yield Term("value", "''", at=at)
        return
    rest = code
    for string in STRING.finditer(code):
        rest = rest[: string.start()] + " " * len(string[0]) + rest[string.end() :]
        content = string[1] if string[1] is not None else string[2]
        if content:
            yield Term("value", f"'{content}'", at=at + string.start())
    yield from _read_names(re.finditer(r"(?:[A-Za-z_$][\w$]*(?:\.|::|#|->))*[A-Za-z_$][\w$]*", rest), at)
    for number in NUMBER.finditer(rest):
        yield Term("value", same_number(number[0]), at=at + number.start())


def _read_prose(text: str, at: int) -> Iterator[Term]:
    taken = text
    for path in PATH.finditer(text):
        lines = _LINES.match(text, path.end())  # of a location: no values
        end = lines.end() if lines else path.end()
        taken = taken[: path.start()] + " " * (end - path.start()) + taken[end:]
        yield Term("path", path[0], at=at + path.start())
    yield from (term for term in _read_names(PROSE_NAME.finditer(taken), at) if term.text.lower() not in _NOT_NAMES)
    for found in re.finditer(rf"\b(?:{'|'.join(sorted(CONSTANTS - {'true', 'false', 'undefined', 'null'}))})\b", taken):
        yield Term("value", found[0], at=at + found.start())
    for string in STRING.finditer(taken):
        content = string[1] if string[1] is not None else string[2]
        apostrophe = string.start() > 0 and taken[string.start() - 1].isalnum()
        if content and not apostrophe:
            yield Term("value", f"'{content}'", at=at + string.start())
    for number in NUMBER.finditer(taken):
        if len(number[0]) > 1 or not _COUNTED.match(taken, number.end()):
            yield Term("value", same_number(number[0]), at=at + number.start())
    for empty in _EMPTY.finditer(taken):
        yield Term("value", "''", at=at + empty.start())


def _read_names(found: Iterator[re.Match[str]], at: int) -> Iterator[Term]:
    for match in found:
        *qualifier, name = NAME_SEPARATOR.split(match[0])
        if not qualifier and name in CONSTANTS:
            yield Term("value", name, at=at + match.start())
        elif (name and len(name) > 1) or qualifier:
            yield Term("name", name, tuple(part for part in qualifier if part), at + match.start())
