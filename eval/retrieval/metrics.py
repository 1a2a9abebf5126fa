"""nDCG, recall and reciprocal rank of ranked places, through ``ir_measures``, which is imported here only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

RECALL_DEPTHS = (1, 5, 10)


def measure_names(k: int) -> list[str]:
    """The names that figures go by: ``ndcg@k``, ``recall@1``, ``recall@5``, ``recall@10``, ``mrr@k``."""
    return [f"ndcg@{k}", *(f"recall@{depth}" for depth in RECALL_DEPTHS), f"mrr@{k}"]


def measure(rankings: Sequence[Sequence[int | None]], n_hits: Sequence[int], k: int) -> list[dict[str, float]]:
    """The figures of each question, from the rank of each of its places (None: not found) and its number of hits.

    A place has gain 1 at the rank of its first hit, further hits in it none; they keep their ranks. The ideal is
    ``min(k, number of places)`` ones. Where one hit is the first of two places, the second takes the next rank that
    is no place's, so that a perfect list has 1.
    """
    import ir_measures
    from ir_measures import RR, R, nDCG

    named: dict[Any, str] = {nDCG @ k: f"ndcg@{k}", RR @ k: f"mrr@{k}"}
    named |= {R @ depth: f"recall@{depth}" for depth in RECALL_DEPTHS}
    qrels, run = {}, {}
    for question, (ranks, n) in enumerate(zip(rankings, n_hits, strict=True)):
        qrels[str(question)] = {f"place {place}": 1 for place in range(len(ranks))}
        run[str(question)] = _as_scores(ranks, n)
    figures = [dict.fromkeys(measure_names(k), 0.0) for _ in rankings]
    for value in ir_measures.iter_calc(list(named), qrels, run):
        figures[int(value.query_id)][named[value.measure]] = float(value.value)
    return figures


def _as_scores(ranks: Sequence[int | None], n_hits: int) -> Mapping[str, float]:
    """A list of documents as ``ir_measures`` takes it: the places at their ranks, other hits between them."""
    slots: dict[int, str] = {}
    for rank, place in sorted((rank, place) for place, rank in enumerate(ranks) if rank is not None):
        while rank in slots:
            rank += 1
        slots[rank] = f"place {place}"
    last = max(n_hits, *slots, 1)
    return {slots.get(rank, f"other {rank}"): float(last - rank) for rank in range(1, last + 1)}
