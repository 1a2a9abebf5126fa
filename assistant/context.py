"""Hits become passages within a budget of tokens, by rank, and what does not fit is named with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from indexer.records import Hit

from .prompts import format_passages
from .records import Passage, TokenCount

_MIN_TOKENS = 40  # a cut passage shorter than this says nothing


@dataclass(frozen=True, slots=True)
class PackedContext:
    """What goes into the prompt. ``packed`` and ``passages`` are parallel; ``left_out`` names hits with a reason."""

    passages: Sequence[Passage]
    packed: Sequence[Hit]
    left_out: Sequence[tuple[Hit, str]]
    tokens: TokenCount


def pack_context(hits: Sequence[Hit], budget_tokens: int, count_tokens: Callable[[str], TokenCount]) -> PackedContext:
    """Take whole chunks by rank until the budget is full.

    A chunk that does not fit is passed over, so that a smaller one behind it may; only if not even the first
    one fits is it cut, at a line.
    """
    passages: list[Passage] = []
    packed: list[Hit] = []
    left_out: list[tuple[Hit, str]] = []
    used, exact = 0, True
    for hit in hits:
        passage = _to_passage(hit, len(passages) + 1)
        count = count_tokens(_as_counted(passage))
        if used + count.n_tokens > budget_tokens:
            cut = _cut_to(passage, budget_tokens, count_tokens) if not passages else None
            if cut is None:
                left_out.append((hit, f"needs {count.n_tokens} tokens, {budget_tokens - used} are left"))
                continue
            passage, count = cut
        passages.append(passage)
        packed.append(hit)
        used += count.n_tokens
        exact = exact and count.exact
    return PackedContext(passages, packed, left_out, TokenCount(used, exact))


def _to_passage(hit: Hit, number: int) -> Passage:
    chunk = hit.chunk
    return Passage(number, hit.repo, hit.commit, chunk.path, chunk.start_line, chunk.end_line, chunk.text, chunk.symbol)


def _as_counted(passage: Passage) -> str:
    """The passage with its frame, which costs tokens too."""
    return format_passages([passage]) + "\n"


def _cut_to(
    passage: Passage, budget_tokens: int, count_tokens: Callable[[str], TokenCount]
) -> tuple[Passage, TokenCount] | None:
    """The longest head of ``passage`` in whole lines that fits, or None if that is next to nothing."""
    lines = passage.text.split("\n")
    low, high = 0, len(lines)
    best: tuple[Passage, TokenCount] | None = None
    while low < high:
        middle = (low + high + 1) // 2
        head = replace(passage, end_line=passage.start_line + middle - 1, text="\n".join(lines[:middle]))
        count = count_tokens(_as_counted(head))
        if count.n_tokens <= budget_tokens:
            best, low = (head, count), middle
        else:
            high = middle - 1
    return best if best is not None and best[1].n_tokens >= _MIN_TOKENS else None
