"""Which hits answer a question: paths compared by suffix, lines by overlap, and what fits a budget of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Protocol

from indexer.records import Chunk

from .records import RelevantPlace

COVER_TOKENS = 1000
# Bytes of UTF-8 a token, so that the figure needs no model's vocabulary and stays comparable. It is what the tokenizer
# of Qwen2.5-Coder makes of source code: 3.96 over 21 repositories in 19 languages (2.95 for C++ to 5.03 for C#).
BYTES_PER_TOKEN = 4.0


class Piece(Protocol):
    """Lines of a file, as any search may return them: a ``Chunk`` is one."""

    @property
    def path(self) -> str:
        """From the repository's root, or from some folder above or below it."""

    @property
    def start_line(self) -> int:
        """First line."""

    @property
    def end_line(self) -> int:
        """Last line, included."""


def paths_match(one: str, other: str) -> bool:
    """Whether one path is the other's end, at a folder's boundary: ``b/c.py`` matches ``a/b/c.py``, not ``ab/c.py``."""
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


def is_of_file(path: str, place: RelevantPlace) -> bool:
    """Whether a path is that of the place's file."""
    return path == place.path if place.is_exact else paths_match(path, place.path)


def answers(piece: Piece, place: RelevantPlace) -> bool:
    """Whether a piece is of the place's file, and overlaps its lines where it has lines."""
    if not is_of_file(piece.path, place):
        return False
    if place.start_line is None or place.end_line is None:
        return True
    return piece.start_line <= place.end_line and place.start_line <= piece.end_line


def rank_places(pieces: Sequence[Piece], places: Sequence[RelevantPlace]) -> list[int | None]:
    """For each place the 1-based rank of the first piece that answers it, or None."""
    return [next((rank for rank, piece in enumerate(pieces, 1) if answers(piece, place)), None) for place in places]


def count_tokens(text: str) -> float:
    """Tokens of ``text`` by the rule above."""
    return len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN


def lines_within(chunks: Sequence[Chunk], n_tokens: float = COVER_TOKENS) -> dict[str, set[int]]:
    """The lines of each file that are shown before ``n_tokens`` are read, chunk after chunk, in whole lines."""
    shown: dict[str, set[int]] = {}
    n_left = n_tokens
    for chunk in chunks:
        for number, line in enumerate(chunk.text.removesuffix("\n").split("\n"), chunk.start_line):
            n_left -= count_tokens(line) + count_tokens("\n")
            if n_left < 0:
                return shown
            shown.setdefault(chunk.path, set()).add(number)
    return shown


def are_covered(
    places: Sequence[RelevantPlace], shown: Mapping[str, Set[int]], blank: Mapping[str, Set[int]]
) -> bool | None:
    """Whether all lines of all places that have lines are shown; None where no place has lines.

    ``blank`` holds the blank lines of the files: chunks need not hold them.
    """
    with_lines = [place for place in places if place.start_line is not None]
    if not with_lines:
        return None
    return all(_is_covered(place, shown, blank) for place in with_lines)


def _is_covered(place: RelevantPlace, shown: Mapping[str, Set[int]], blank: Mapping[str, Set[int]]) -> bool:
    assert place.start_line is not None and place.end_line is not None
    wanted = set(range(place.start_line, place.end_line + 1))
    return any(
        wanted <= lines | blank.get(path, frozenset()) for path, lines in shown.items() if is_of_file(path, place)
    )
