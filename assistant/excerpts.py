"""The lines of a chunk that matter most for a question: its signature, and the lines that share rare words with it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from indexer.words import COMMENT_MARKS, index_terms, query_terms

ELISION = "…"  # on a line of its own, in place of lines that were left out

_MAX_SIGNATURE_LINES = 8  # a signature with a parameter a line; the rest of a longer one is found by its words
_LINES_KEPT = 16_384  # lines of code whose terms are remembered: some 10 MB; popular chunks are packed all day
_OPENING, _CLOSING = "([", ")]"

NumberedLine = tuple[int | None, str]


def weigh_terms(question: str, texts: Iterable[str]) -> dict[str, float]:
    """The terms of ``question`` with what a line that holds one is worth: rare ones among the lines of ``texts`` more.

    The weight is the smoothed inverse document frequency with lines as documents.
    """
    terms = set(query_terms(question))
    n_lines, counts = 0, Counter[str]()
    for text in texts:
        for line in text.split("\n"):
            n_lines += 1
            counts.update(terms.intersection(_terms_of(line)))
    return {term: math.log1p(n_lines / (1 + counts[term])) for term in sorted(terms)}


@lru_cache(maxsize=_LINES_KEPT)
def _terms_of(line: str) -> frozenset[str]:
    return frozenset(index_terms(line))


def count_signature_lines(lines: Sequence[str]) -> int:
    """How many of the first lines are the signature of what begins there: until its brackets are closed.

    Decorators and comments before it count as its part.
    """
    depth = 0
    for number, line in enumerate(lines[:_MAX_SIGNATURE_LINES], 1):
        depth += sum(line.count(mark) for mark in _OPENING) - sum(line.count(mark) for mark in _CLOSING)
        stripped = line.strip()
        if depth <= 0 and stripped and not stripped.startswith(("@", *COMMENT_MARKS)):
            return number
    return min(len(lines), 1)


def order_lines(lines: Sequence[str], weights: Mapping[str, float]) -> tuple[list[int], list[int]]:
    """The indices of ``lines`` in the order in which to keep them: those that matter, and the rest.

    The signature matters, then lines with telling words, the most telling first, then the lines beside those. Nothing
    matters where no word tells.
    """
    n_signature = count_signature_lines(lines)
    # Exactly rounded, so that a set's order, which differs from process to process, decides between no two lines.
    worth = [math.fsum(weights.get(term, 0.0) for term in _terms_of(line)) for line in lines]
    telling = sorted((i for i, value in enumerate(worth) if value > 0), key=lambda i: (-worth[i], i))
    beside = [j for i in telling for j in (i + 1, i - 1) if 0 <= j < len(lines)]
    matter = list(dict.fromkeys([*range(n_signature), *telling, *beside])) if telling else []
    return matter, [i for i in range(len(lines)) if i not in set(matter)]


def keep_lines(lines: Sequence[NumberedLine], kept: Iterable[int]) -> list[NumberedLine]:
    """The lines at the indices ``kept``, in order, with an elision where lines that say something are missing."""
    excerpt: list[NumberedLine] = []
    next_index = 0
    for index in sorted(set(kept)):
        excerpt += _elide(lines, next_index, index)
        excerpt.append(lines[index])
        next_index = index + 1
    return excerpt + _elide(lines, next_index, len(lines))


def _elide(lines: Sequence[NumberedLine], start: int, end: int) -> list[NumberedLine]:
    """What stands for lines [start, end): nothing if they are blank, else a mark at the indentation of the first."""
    missing = next((text for _, text in lines[start:end] if text.strip()), None)
    if missing is None:
        return []
    return [(None, missing[: len(missing) - len(missing.lstrip())] + ELISION)]
