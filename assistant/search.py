"""``Searcher``: dense and lexical search over one indexed ref, fused by reciprocal rank.

Both lists are complete within the ref that is asked: the matrix is scored over the ref's own rows, and BM25
fetches more until it has enough hits of the ref.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from indexer.embedding import Encoder, open_encoder
from indexer.errors import EncoderMismatch, InputError, UnknownRepository
from indexer.home import OpenedIndex, index_version, open_index
from indexer.records import Chunk, Hit

# Part of an evaluation's configuration: raise it when the same index and query would give other hits.
SEARCH_VERSION = 1

# Reciprocal rank fusion: score = sum over lists of 1 / (60 + rank). The constant is the one of Cormack,
# Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet", SIGIR 2009.
RRF_K = 60
_POOL = 100  # hits of each list that are fused; below rank 100 a list adds less than 1/160
MAX_K = 1000


Method = Literal["ranked", "fused", "dense", "lexical"]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What a search leaves out, for measuring what each part brings. The default is what users get.

    ``method``: one list alone, both fused by reciprocal rank, or the full ranking. ``without``: names of ranking
    signals that are not used.
    """

    method: Method = "ranked"
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, of ``query`` in one ref of one repository. ``commit`` is None outside commits."""

    repo: str
    ref: str
    commit: str | None
    query: str
    hits: Sequence[Hit]
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Ranking:
    """One list of rows, best first, with the scores that made it."""

    scores: dict[int, float] = field(default_factory=dict)

    def rank_of(self) -> dict[int, int]:
        return {row: rank for rank, row in enumerate(self.scores, 1)}


class Searcher:
    """Searches the indexes under one home. Keeps them open, and opens one again after it was rebuilt.

    Safe to call from several threads.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._opened: dict[tuple[str, str], tuple[int, OpenedIndex]] = {}
        self._lock = threading.Lock()

    def search(
        self, repo: str, query: str, *, k: int = 10, ref: str | None = None, options: SearchOptions = SearchOptions()
    ) -> SearchResult:
        """The best ``k`` chunks for ``query``. Raises UnknownRepository, EncoderMismatch or InputError."""
        if not query.strip():
            raise InputError("The query is empty: say what to look for.")
        if not query.isascii() and any("\ud800" <= char <= "\udfff" for char in query):
            raise InputError("The query is not UTF-8 text: write it again.")
        if not 1 <= k <= MAX_K:
            raise InputError(f"k is {k}: it must be from 1 to {MAX_K}.")
        clock = _Clock()
        index = self._open(repo, ref)
        encoder = _matching_encoder(index)
        clock.lap("open")
        vector = encoder.encode([query])[0]
        clock.lap("encode")
        dense = _search_dense(index, vector, max(k, _POOL))
        clock.lap("dense")
        lexical = _search_lexical(index, query, max(k, _POOL))
        clock.lap("lexical")
        if options.method == "dense":
            lexical = _Ranking()
        elif options.method == "lexical":
            dense = _Ranking()
        hits = _fuse(index, dense, lexical, k)
        clock.lap("read")
        return SearchResult(repo, index.manifest.ref, index.manifest.commit, query, hits, clock.finish())

    def _open(self, repo: str, ref: str | None) -> OpenedIndex:
        try:
            chosen, version = index_version(self._home, repo, ref)
        except UnknownRepository:
            with self._lock:  # let go of what was removed
                self._opened = {key: opened for key, opened in self._opened.items() if key[0] != repo}
            raise
        with self._lock:
            cached = self._opened.get((repo, chosen))
            if cached is None or cached[0] != version:
                cached = (version, open_index(self._home, repo, chosen))
                self._opened[repo, chosen] = cached
            return cached[1]


class _Clock:
    """Milliseconds a step, and in all."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self._laps[step] = round((now - self._last) * 1000, 3)
        self._last = now

    def finish(self) -> dict[str, float]:
        return {**self._laps, "total": round((time.perf_counter() - self._started) * 1000, 3)}


def _matching_encoder(index: OpenedIndex) -> Encoder:
    """The encoder that made the index; EncoderMismatch if what is installed under its name has changed."""
    encoder = open_encoder(index.info.encoder)
    if encoder.fingerprint != index.info.encoder_fingerprint:
        raise EncoderMismatch(
            f"The encoder {encoder.name!r} has changed since {index.name!r} was indexed: run "
            f"`quarry index {index.info.origin} --name {index.name} --rebuild`."
        )
    return encoder


def _search_dense(index: OpenedIndex, vector: np.ndarray, n: int) -> _Ranking:
    rows = index.manifest.rows
    scores = index.matrix.scores(vector, rows)
    n = min(n, len(scores))
    best = np.argpartition(-scores, n - 1)[:n]
    ordered = best[np.argsort(-scores[best], kind="stable")]
    return _Ranking({int(rows[i]): float(scores[i]) for i in ordered})


def _search_lexical(index: OpenedIndex, query: str, n: int) -> _Ranking:
    limit = n
    while True:
        rows, scores = index.lexicon.search(query, limit)
        held = index.manifest.holds(rows)
        kept = {int(row): score for row, score, is_held in zip(rows, scores, held, strict=True) if is_held}
        if len(kept) >= n or len(rows) < limit:
            return _Ranking(dict(list(kept.items())[:n]))
        limit *= 4


def _fuse(index: OpenedIndex, dense: _Ranking, lexical: _Ranking, k: int) -> list[Hit]:
    dense_ranks, lexical_ranks = dense.rank_of(), lexical.rank_of()
    fused: dict[int, float] = {}
    for ranks in (dense_ranks, lexical_ranks):
        for row, rank in ranks.items():
            fused[row] = fused.get(row, 0.0) + 1 / (RRF_K + rank)
    best = sorted(fused, key=lambda row: (-fused[row], row))[:k]
    hits = []
    for row in best:
        signals: dict[str, float] = {}
        if row in dense_ranks:
            signals |= {"dense_rank": dense_ranks[row], "dense_score": round(dense.scores[row], 6)}
        if row in lexical_ranks:
            signals |= {"lexical_rank": lexical_ranks[row], "lexical_score": round(lexical.scores[row], 4)}
        hits.append(Hit(index.name, index.manifest.commit, _read_chunk(index, row), round(fused[row], 8), signals))
    return hits


def _read_chunk(index: OpenedIndex, row: int) -> Chunk:
    position = int(index.manifest.position_of_row[row])
    stored = index.lexicon.get(row)
    return Chunk(
        id=stored.id,
        path=stored.path,
        start_line=int(index.manifest.start_lines[position]),
        end_line=int(index.manifest.end_lines[position]),
        symbol=stored.symbol,
        kind=stored.kind,
        language=stored.language,
        text=stored.text,
        blob=index.manifest.file_of(position).blob,
    )
