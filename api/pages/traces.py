"""Why an answer was given this code: each hit with its rank, what spoke for it, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.ranking import load_weights
from assistant.records import Answer, PackedPassage
from assistant.signals import CHUNK_SIGNALS, FILE_SIGNALS
from indexer.records import Hit

from .addresses import file_url

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
    """One hit in its rank. ``passage`` is how it stands in the prompt; None where it does not, for ``reason``."""

    rank: int
    location: str
    url: str
    symbol: str
    score: float
    contributions: Sequence[Contribution]
    passage: PackedPassage | None
    reason: str


def trace_hits(answer: Answer) -> list[TracedHit]:
    """All hits of an answer, best first: those in the prompt and those left out."""
    hits: list[tuple[Hit, PackedPassage | None, str]] = [
        (hit, passage, "") for passage in answer.trace.passages for hit in passage.hits
    ]
    hits += [(hit, None, reason) for hit, reason in answer.trace.left_out]
    hits.sort(key=lambda each: -each[0].score)
    return [_trace(rank, *each) for rank, each in enumerate(hits, 1)]


def contributions(hit: Hit) -> list[Contribution]:
    """The signals that moved a hit, the strongest first."""
    weights = load_weights()
    weight_of = {**weights.files, **weights.chunks}
    moved = [
        Contribution(name, value, value * weight_of.get(name, 0.0), _REASONS.get(name, ""))
        for name, value in hit.signals.items()
    ]
    return sorted((each for each in moved if abs(each.points) >= _MIN_POINTS), key=lambda each: -abs(each.points))


def _trace(rank: int, hit: Hit, passage: PackedPassage | None, reason: str) -> TracedHit:
    return TracedHit(
        rank=rank,
        location=hit.chunk.location,
        url=file_url(hit),
        symbol=hit.chunk.symbol,
        score=hit.score,
        contributions=contributions(hit),
        passage=passage,
        reason=reason,
    )
