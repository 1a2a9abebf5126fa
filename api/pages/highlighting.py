"""Code as HTML with classes for its colours (Pygments); the colours themselves are in static/css/code.css."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

# The lexers are regular expressions of others: what is longer is shown without colours, so that none can hold a thread.
_MAX_CHARACTERS = 400_000
_MAX_LINE_CHARACTERS = 2_000
_KEPT = 256  # fences of a streaming answer are asked for again with every piece; the finished ones do not change

_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
_OPTIONS = {"stripnl": False, "ensurenl": False}


@lru_cache(maxsize=_KEPT)
def highlight_fence(code: str, language: str) -> str:
    """``code`` of a Markdown fence as HTML; without colours where the language is unknown."""
    try:
        lexer = get_lexer_by_name(language.lower(), **_OPTIONS) if language else TextLexer(**_OPTIONS)
    except ClassNotFound:
        lexer = TextLexer(**_OPTIONS)
    return _highlight(code, lexer)


def highlight_lines(text: str, path: str) -> Sequence[str]:
    """Each line of a file as HTML that is whole in itself. The path's suffix says the language."""
    try:
        lexer = get_lexer_for_filename(path, **_OPTIONS)
    except ClassNotFound:
        lexer = TextLexer(**_OPTIONS)
    n_lines = text.count("\n") + 1
    text = text.replace("\r", " ")  # which a lexer takes for the end of a line, too
    lines = _highlight(text, lexer).split("\n")
    # A lexer may treat the end in its own way; the count of lines is ours to keep.
    return [*lines, *[""] * n_lines][:n_lines]


def _highlight(code: str, lexer: Lexer) -> str:
    if len(code) > _MAX_CHARACTERS or max(map(len, code.split("\n"))) > _MAX_LINE_CHARACTERS:
        lexer = TextLexer(**_OPTIONS)
    return str(highlight(code, lexer, _FORMATTER))
