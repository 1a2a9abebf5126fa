"""Hits become passages within a budget of tokens, by rank, and what does not fit is named with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from indexer.records import Hit

from .prompts import choose_mark, format_passage
from .records import Passage, TokenCount

_MIN_TOKENS = 40  # a cut passage shorter than this says nothing


@dataclass(frozen=True, slots=True)
class PackedContext:
    """What goes into the prompt. ``passages``, ``packed`` and ``counts`` are parallel; ``left_out`` has reasons."""

    passages: Sequence[Passage]
    packed: Sequence[Hit]
    counts: Sequence[TokenCount]
    left_out: Sequence[tuple[Hit, str]]

    @property
    def tokens(self) -> TokenCount:
        """What the passages take, with their frames."""
        return TokenCount(sum(count.n_tokens for count in self.counts), all(count.exact for count in self.counts))

    def without_last(self, reason: str) -> PackedContext:
        """The same without its last passage, which is left out for ``reason``."""
        left_out = [(self.packed[-1], reason), *self.left_out]
        return PackedContext(self.passages[:-1], self.packed[:-1], self.counts[:-1], left_out)


def pack_context(hits: Sequence[Hit], budget_tokens: int, count_tokens: Callable[[str], TokenCount]) -> PackedContext:
    """Take whole chunks by rank until the budget is full.

    A chunk that does not fit is passed over, so that a smaller one behind it may; only if not even the first
    one fits is it cut, at a line.
    """
    # A passage is counted in its frame. The mark of all of them is never shorter than the mark of some.
    mark = choose_mark([_to_passage(hit, 0) for hit in hits])

    with_repo = len({hit.repo for hit in hits}) > 1

    def count_framed(passage: Passage) -> TokenCount:
        return count_tokens(format_passage(passage, mark, with_repo=with_repo) + "\n")

    passages: list[Passage] = []
    packed: list[Hit] = []
    counts: list[TokenCount] = []
    left_out: list[tuple[Hit, str]] = []
    room = budget_tokens
    for hit in hits:
        passage = _to_passage(hit, len(passages) + 1)
        count = count_framed(passage)
        if count.n_tokens > room:
            cut = _cut_to(passage, room, count_framed) if not passages else None
            if cut is None:
                left_out.append((hit, f"needs {count.n_tokens} tokens, {room} are left"))
                continue
            passage, count = cut
        passages.append(passage)
        packed.append(hit)
        counts.append(count)
        room -= count.n_tokens
    return PackedContext(passages, packed, counts, left_out)


def _to_passage(hit: Hit, number: int) -> Passage:
    chunk = hit.chunk
    return Passage(number, hit.repo, hit.commit, chunk.path, chunk.start_line, chunk.end_line, chunk.text, chunk.symbol)


def _cut_to(
    passage: Passage, room_tokens: int, count_framed: Callable[[Passage], TokenCount]
) -> tuple[Passage, TokenCount] | None:
    """The longest head of ``passage`` in whole lines that fits, or None if that is next to nothing."""
    lines = passage.text.split("\n")
    low, high = 0, len(lines)
    best: tuple[Passage, TokenCount] | None = None
    while low < high:
        middle = (low + high + 1) // 2
        head = replace(passage, end_line=passage.start_line + middle - 1, text="\n".join(lines[:middle]))
        count = count_framed(head)
        if count.n_tokens <= room_tokens:
            best, low = (head, count), middle
        else:
            high = middle - 1
    return best if best is not None and best[1].n_tokens >= _MIN_TOKENS else None
