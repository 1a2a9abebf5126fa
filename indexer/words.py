"""The words of code, for lexical search: identifiers whole and split (camelCase, snake_case, acronyms)."""

from __future__ import annotations

import re
from functools import lru_cache

_IDENTIFIER = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|_+[^\W_]+(?:_+[^\W_]+)*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?(?:[a-z]|[^\W\d_A-Z])+|[A-Z]+|[0-9]+")
MAX_WORD_CHARS = 80  # longer runs are data (hashes, base64), not words


def split_words(text: str) -> list[str]:
    """Lower-cased words of ``text`` in order: each identifier's parts, and the identifier itself if it has many."""
    words: list[str] = []
    for identifier in _IDENTIFIER.findall(text):
        words.extend(_parts(identifier))
    return words


@lru_cache(maxsize=200_000)  # identifiers repeat: a repository has far fewer than it has occurrences
def _parts(identifier: str) -> tuple[str, ...]:
    whole = identifier.lower().strip("_")
    if not whole or len(whole) > MAX_WORD_CHARS:
        return ()
    parts = tuple(part.lower() for part in _PART.findall(identifier))
    return parts if parts == (whole,) else (*parts, whole)
