"""The order of hits: signals times weights, files first, then the chunks within them.

The weights are fitted by ``python -m eval.fitting`` and stand in ``ranking.toml`` beside this file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from .signals import CHUNK_SIGNALS, FILE_SIGNALS, Candidates, Positions, Scores

WEIGHTS_FILE = Path(__file__).with_name("ranking.toml")


@dataclass(frozen=True, slots=True)
class Weights:
    """A weight for each signal, and what the second chunk of a file loses against the first ones of other files.

    A list for people is spread over files; what a model is to read goes deeper into the best ones, and loses
    ``context_repeat_penalty``.
    """

    files: Mapping[str, float]
    chunks: Mapping[str, float]
    repeat_penalty: float
    context_repeat_penalty: float

    def without(self, signals: Collection[str]) -> Weights:
        """The same with these signals switched off."""
        return replace(
            self,
            files={name: 0.0 if name in signals else weight for name, weight in self.files.items()},
            chunks={name: 0.0 if name in signals else weight for name, weight in self.chunks.items()},
        )

    def for_context(self) -> Weights:
        """The same for what a model is to read."""
        return replace(self, repeat_penalty=self.context_repeat_penalty)


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """One chunk in its place: its position in the manifest, its score, and each signal that it was judged by."""

    position: int
    score: float
    signals: Mapping[str, float]


@cache
def load_weights() -> Weights:
    """The fitted weights that are shipped."""
    table = tomllib.loads(WEIGHTS_FILE.read_text("utf-8"))
    return Weights(table["files"], table["chunks"], table["repeat_penalty"], table["context_repeat_penalty"])


def rank_chunks(candidates: Candidates, weights: Weights, k: int) -> list[RankedChunk]:
    """The best ``k`` chunks, best first.

    A file's best chunk has the file's score; each further one is behind by what it is worse, and by a penalty that
    grows with the root of its place, so that the first hits are of several files and a strong second chunk is
    not lost. The penalty is not negative.
    """
    file_scores = _weigh(candidates.file_signals, [weights.files[name] for name in FILE_SIGNALS])
    within = _weigh(candidates.chunk_signals, [weights.chunks[name] for name in CHUNK_SIGNALS])
    # No chunk comes before the best one of its file, so files that are not among the best k have none of the best k.
    lowest = np.sort(file_scores)[-k] if len(file_scores) > k else -np.inf
    judged = np.flatnonzero(file_scores[candidates.file_of_chunk] >= lowest)
    scores = np.full(len(within), -np.inf, dtype=np.float32)
    scores[judged] = _combine(file_scores, within[judged], candidates.file_of_chunk[judged], weights.repeat_penalty)
    best = judged[np.lexsort((candidates.chunks[judged], -scores[judged]))[:k]]
    return [RankedChunk(int(candidates.chunks[i]), float(scores[i]), _signals_of(candidates, int(i))) for i in best]


def _weigh(signals: Scores, weights: Sequence[float]) -> Scores:
    # Not by BLAS, whose threads wait for each other where another process has a core (see `indexer/matrix.py`).
    return np.asarray(np.einsum("ij,j->i", signals, np.asarray(weights, dtype=np.float32)))


def _combine(file_scores: Scores, within: Scores, file_of_chunk: Positions, repeat_penalty: float) -> Scores:
    order = np.lexsort((-within, file_of_chunk))
    ordered_files = file_of_chunk[order]
    starts = np.flatnonzero(np.r_[True, ordered_files[1:] != ordered_files[:-1]])
    counts = np.diff(np.r_[starts, len(order)])
    place = np.arange(len(order)) - np.repeat(starts, counts)
    behind = np.repeat(within[order][starts], counts) - within[order]
    scores = np.empty(len(order), dtype=np.float32)
    scores[order] = file_scores[ordered_files] - behind - repeat_penalty * np.sqrt(place)
    return scores


def _signals_of(candidates: Candidates, i: int) -> dict[str, float]:
    of_file = zip(FILE_SIGNALS, candidates.file_signals[candidates.file_of_chunk[i]].tolist(), strict=True)
    of_chunk = zip(CHUNK_SIGNALS, candidates.chunk_signals[i].tolist(), strict=True)
    return {name: round(value, 4) for name, value in (*of_file, *of_chunk)}
