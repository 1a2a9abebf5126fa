"""How the house writes: tags for labels, veils over what is private, counted nouns, lists in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import Rejected

_WORD = re.compile(r"[a-z0-9]+")


def make_tag(limit: int, text: str) -> str:
    """Words of ``text`` in lower case, joined by ``~``, as many whole ones as fit ``limit`` characters.

    A first word that is too long is cut. Raises Rejected where there is no word.
    """
    words = _WORD.findall(text.lower())
    if not words:
        raise Rejected("no word to make a tag of", "text")
    tag: str = words[0][:limit]
    for word in words[1:]:
        if len(tag) + 1 + len(word) > limit:
            break
        tag += "~" + word
    return tag


def veil(text: str, n_shown: int) -> str:
    """``text`` with all letters and digits but the last ``n_shown`` as ``#``; other characters stay."""
    hidden = sum(char.isalnum() for char in text) - n_shown
    out = []
    for char in text:
        if char.isalnum() and hidden > 0:
            hidden -= 1
            char = "#"
        out.append(char)
    return "".join(out)


def count_noun(noun: str, n: int) -> str:
    """``no crate``, ``a crate``, ``2 crates``; nouns in s, x, ch and sh take ``es``."""
    if n == 0:
        return f"no {noun}"
    if n == 1:
        return f"a {noun}"
    return f"{n} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def list_words(words: Sequence[str]) -> str:
    """``a``, ``a & b``, ``a; b & c``; a dash where there is none."""
    if len(words) < 2:
        return words[0] if words else "-"
    return "; ".join(words[:-1]) + " & " + words[-1]
