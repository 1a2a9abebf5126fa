"""Why an answer was given this code: each hit with its rank, what spoke for it, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.ranking import load_weights
from assistant.records import Answer, Passage
from assistant.signals import CHUNK_SIGNALS, FILE_SIGNALS
from indexer.records import Hit

from .rendering import file_url

_MIN_POINTS = 0.005  # smaller ones would be shown as 0.00
_REASONS = {**FILE_SIGNALS, **CHUNK_SIGNALS}


@dataclass(frozen=True, slots=True)
class Contribution:
    """One signal: its value times its weight are the points that it brought. ``reason`` says what it looks at."""

    name: str
    value: float
    points: float
    reason: str


@dataclass(frozen=True, slots=True)
class TracedHit:
    """One hit in its rank. ``passage`` is the number it has in the prompt; else ``reason`` says why it is not there."""

    rank: int
    location: str
    url: str
    symbol: str
    score: float
    contributions: Sequence[Contribution]
    passage: int | None
    reason: str


def trace_hits(answer: Answer) -> list[TracedHit]:
    """All hits of an answer, best first: those in the prompt and those left out."""
    hits = [(hit, "") for hit in answer.trace.packed] + list(answer.trace.left_out)
    hits.sort(key=lambda each: -each[0].score)
    return [_trace(rank, hit, reason, answer.passages) for rank, (hit, reason) in enumerate(hits, 1)]


def contributions(hit: Hit) -> list[Contribution]:
    """The signals that moved a hit, the strongest first."""
    weights = load_weights()
    weight_of = {**weights.files, **weights.chunks}
    moved = [
        Contribution(name, value, value * weight_of.get(name, 0.0), _REASONS.get(name, ""))
        for name, value in hit.signals.items()
    ]
    return sorted((each for each in moved if abs(each.points) >= _MIN_POINTS), key=lambda each: -abs(each.points))


def hit_url(hit: Hit) -> str:
    """The page's address of the lines of a hit."""
    chunk = hit.chunk
    return file_url(hit.repo, chunk.path, commit=hit.commit, start_line=chunk.start_line, end_line=chunk.end_line)


def _trace(rank: int, hit: Hit, reason: str, passages: Sequence[Passage]) -> TracedHit:
    return TracedHit(
        rank=rank,
        location=hit.chunk.location,
        url=hit_url(hit),
        symbol=hit.chunk.symbol,
        score=hit.score,
        contributions=contributions(hit),
        passage=None if reason else _passage_of(hit, passages),
        reason=reason,
    )


def _passage_of(hit: Hit, passages: Sequence[Passage]) -> int | None:
    """The number of the passage that shows lines of this hit. Neighbours may have been merged into one."""
    for passage in passages:
        if (passage.repo, passage.path) == (hit.repo, hit.chunk.path) and (
            passage.start_line <= hit.chunk.end_line and hit.chunk.start_line <= passage.end_line
        ):
            return passage.number
    return None
