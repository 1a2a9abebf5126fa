"""What a comment says: the prose of the comment above a definition, in any language's marks.

Works on lines, not on syntax trees, because grammars disagree on where such a comment hangs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# What begins a comment line, and the two ends of a block, by language; the C family where none is given.
_C_MARKS = ("//", "/*", "*/")
_MARKS = {
    "ruby": ("#", "", ""),
    "bash": ("#", "", ""),
    "elixir": ("#", "", ""),
    "lua": ("--", "--[[", "]]"),
    "haskell": ("--", "{-", "-}"),
}
_HASH_TOO = frozenset({"php"})
# Lines that may stand between a comment and what it is about: attributes and annotations.
_ATTRIBUTE = re.compile(r"^\s*(#!?\[.*|@\w[\w.]*(\(.*\))?|\[[A-Z]\w*.*\]|template\s*<.*>)\s*$")
_DECORATION = re.compile(
    r"^\s*(/\*+!?<?|\*+/|\*+|//[/!]*<?|#+:?|--+\s?[|^]?|--+\[\[|\{-+\s?[|^]?|-\}|\]\])\s?|\s*(\*+/|-\}|\]\])\s*$"
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CROSS_REFERENCE = re.compile(r"\{@\w+\s+([^}]*)\}|\[([^\]]+)\](?:\([^)]*\))?")
_CREF = re.compile(r"<(?:see|paramref|typeparamref|see also)\s+\w+=\"(?:\w:)?([^\"]*)\"\s*/?>")
_NOT_PROSE = re.compile(
    r"copyright|licen[sc]e|eslint|tslint|prettier|rubocop|nolint|pragma|clang-format|istanbul|@generated|SPDX", re.I
)


def comment_above(lines: Sequence[str], row: int, language: str) -> tuple[str, int]:
    """The comment that ends right above line ``row`` (0-based): text and first row; ``("", row)`` if none."""
    mark, block_start, block_end = _MARKS.get(language, _C_MARKS)
    at = row - 1
    while at >= 0 and _ATTRIBUTE.match(lines[at]):
        at -= 1
    if at < 0:
        return "", row
    last = at
    if block_end and lines[at].rstrip().endswith(block_end):
        while at >= 0 and block_start not in lines[at]:
            at -= 1
        if at < 0 or not lines[at].lstrip().startswith(block_start):
            return "", row
    else:
        while at >= 0 and _is_line_comment(lines[at], mark, language):
            at -= 1
        at += 1
        if at > last:
            return "", row
    return strip_marks(lines[at : last + 1]), at


def strip_marks(lines: Sequence[str]) -> str:
    """The comment's text without its marks and markup; blank lines stay, they end paragraphs."""
    bare = (_DECORATION.sub("", line).strip() for line in lines)
    text = "\n".join("" if set(line) <= set("-=*#/~_ ") else line for line in bare).strip()
    if _NOT_PROSE.search(text):
        return ""
    text = _TAG.sub(" ", _CREF.sub(r"\1", text))
    return _CROSS_REFERENCE.sub(lambda found: (found[1] or found[2] or "").strip(), text).strip()


def is_comment_line(line: str, language: str) -> bool:
    """Whether a line holds a comment of the one-line kind and nothing else."""
    return _is_line_comment(line, _MARKS.get(language, _C_MARKS)[0], language)


def _is_line_comment(line: str, mark: str, language: str) -> bool:
    start = line.lstrip()
    return start.startswith(mark) or (language in _HASH_TOO and start.startswith("#") and not start.startswith("#["))
