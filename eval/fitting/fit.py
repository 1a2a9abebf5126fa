"""The fit: a linear score, so that what answers is likely among what could (a softmax over a question's candidates).

Listwise cross entropy (Z. Cao and others, "Learning to rank: from pairwise approach to listwise approach", ICML
2007) with a squared penalty on the weights. Every repository counts the same, however many questions it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from assistant.ranking import Weights, rank_chunks
from assistant.signals import CHUNK_SIGNALS, FILE_SIGNALS
from eval.retrieval.metrics import measure
from eval.retrieval.relevance import rank_places

from .examples import Example, ExampleSet

Matrix = NDArray[np.float64]
_K = 10


# Signals that no written question calls for: set by hand, on questions of `quarry eval run questions` made from the
# development repositories, and left out of the fit.
SET_BY_HAND: Mapping[str, float] = {"calls_asked": 2.5, "chunk_calls_asked": 6.0}


@dataclass(frozen=True, slots=True)
class FitSettings:
    """``mined_share``: what a mined repository counts, where one with written questions counts 1. The penalties of
    repeated files are chosen, not fitted: see docs/log.md.
    """

    penalty: float = 0.0005
    mined_share: float = 0.1
    repeat_penalty: float = 4.0
    context_repeat_penalty: float = 1.5


@dataclass(frozen=True, slots=True)
class _List:
    """One question's candidates: signals (n, n_signals), and the share of the answer that each holds (n,)."""

    signals: Matrix
    answer: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Group:
    """A repository's lists, and what it counts."""

    lists: Sequence[_List]
    share: float


def fit_weights(written: Sequence[ExampleSet], mined: Sequence[ExampleSet], settings: FitSettings) -> Weights:
    """Weights of files from all questions, of chunks from those that name lines."""
    shares = [(each, 1.0) for each in written] + [(each, settings.mined_share) for each in mined]
    files = [_Group(list(map(_file_list, _answered(each))), share) for each, share in shares]
    chunks = [
        _Group([made for example in _answered(each) for made in _chunk_lists(example)], 1.0) for each, _ in shares
    ]
    return Weights(
        _name(FILE_SIGNALS, _minimise(files, len(FILE_SIGNALS), settings.penalty)),
        _name(CHUNK_SIGNALS, _minimise(chunks, len(CHUNK_SIGNALS), settings.penalty)),
        settings.repeat_penalty,
        settings.context_repeat_penalty,
    )


def score_questions(examples: ExampleSet, weights: Weights) -> list[float]:
    """nDCG@10 of each question under these weights."""
    ranks, n_hits = [], []
    for example in examples.examples:
        ranked = rank_chunks(example.candidates, weights, _K)
        at = {int(position): number for number, position in enumerate(example.candidates.chunks)}
        pieces = [example.places[at[chunk.position]] for chunk in ranked]
        ranks.append(rank_places(pieces, example.question.relevant))
        n_hits.append(len(pieces))
    return [figures[f"ndcg@{_K}"] for figures in measure(ranks, n_hits, _K)]


def _answered(examples: ExampleSet) -> Iterator[Example]:
    return (example for example in examples.examples if example.answering_files.any())


def _file_list(example: Example) -> _List:
    return _make_list(example.candidates.file_signals, example.answering_files)


def _chunk_lists(example: Example) -> Iterator[_List]:
    """One list for each answering file whose lines are known: its own chunks, of which some answer."""
    if example.answering_chunks is None:
        return
    for file in np.flatnonzero(example.answering_files):
        own = np.flatnonzero(example.candidates.file_of_chunk == file)
        answering = example.answering_chunks[own]
        if answering.any() and not answering.all():
            yield _make_list(example.candidates.chunk_signals[own], answering)


def _make_list(signals: NDArray[np.float32], answering: NDArray[np.bool_]) -> _List:
    return _List(signals.astype(np.float64), answering / answering.sum())


def _minimise(groups: Sequence[_Group], n_signals: int, penalty: float) -> NDArray[np.float64]:
    groups = [group for group in groups if group.lists]
    total = sum(group.share for group in groups)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = penalty * float(weights @ weights), 2 * penalty * weights
        for group in groups:
            share = group.share / total / len(group.lists)
            for each in group.lists:
                scores = each.signals @ weights
                scores -= scores.max()
                chances = np.exp(scores)
                chances /= chances.sum()
                value -= share * float(each.answer @ np.log(chances + 1e-12))
                gradient = gradient + share * ((chances - each.answer) @ each.signals)
        return value, gradient

    start = np.zeros(n_signals)
    found: Any = minimize(  # type: ignore[no-untyped-call]
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}
    )
    return np.asarray(found.x)


def _name(signals: Mapping[str, str], weights: NDArray[np.float64]) -> dict[str, float]:
    fitted = {name: round(float(weight), 3) for name, weight in zip(signals, weights, strict=True)}
    return {name: SET_BY_HAND.get(name, weight) for name, weight in fitted.items()}
