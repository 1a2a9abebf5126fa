"""``Searcher``: from a question to ranked hits, over one indexed ref or several.

Every list is complete within the ref that is asked: the matrix is scored over the ref's own rows, and BM25
counts words within the ref.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from indexer.embedding import Encoder, open_encoder
from indexer.errors import EncoderMismatch, InputError, UnknownRepository
from indexer.home import OpenedIndex, find_version, open_index
from indexer.records import Hit
from indexer.staleness import Staleness
from indexer.words import has_half_characters, last_name

from .confidence import N_HITS, measure_confidence_signals
from .freshness import FreshnessMonitor
from .ranking import RankedChunk, load_weights, rank_chunks
from .signals import (
    POOL,
    Candidates,
    IndexView,
    Query,
    Scores,
    compare_candidates,
    find_candidates,
    read_query,
    search_meaning,
)
from .targets import Target, parse_target, parse_targets

# Part of an evaluation's configuration: raise it when the same index and query would give other hits.
SEARCH_VERSION = 3

# Reciprocal rank fusion: score = sum over lists of 1 / (60 + rank). The constant is the one of Cormack,
# Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet", SIGIR 2009.
RRF_K = 60
_POOL = 100  # hits of each list that are fused; below rank 100 a list adds less than 1/160
MAX_K = 1000
_NOT_LOOKED_AT = Staleness(commit=None, stale=None, n_changed_files=None)


Method = Literal["ranked", "fused", "dense", "lexical"]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How to search, and what to leave out for measuring what each part brings. The default is what users get.

    ``method``: one list alone, both fused by reciprocal rank, or the full ranking. ``without``: names of ranking
    signals that are not used. ``for_context``: hits are for a model to read, so more of them are of the best files,
    and whether the source has moved on is not looked at.
    """

    method: Method = "ranked"
    without: frozenset[str] = frozenset()
    for_context: bool = False


FOR_CONTEXT = SearchOptions(for_context=True)


@dataclass(frozen=True, slots=True)
class SearchedRef:
    """One ref that was searched, and how its source stands to it by now. ``commit`` is None outside commits."""

    repo: str
    ref: str
    commit: str | None
    indexed_at: str
    staleness: Staleness


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, of ``query`` in all refs that were searched, and the ``indexes`` of these that they are from.

    ``confidence_signals`` are those of ``confidence``; empty unless the hits are for a model to read.
    """

    query: str
    searched: Sequence[SearchedRef]
    indexes: Sequence[OpenedIndex]
    hits: Sequence[Hit]
    timings_ms: Mapping[str, float]
    confidence_signals: Mapping[str, float] = field(default_factory=dict)


class Searcher:
    """Searches the indexes under one home. Keeps them open, and opens one again after it was rebuilt.

    Safe to call from several threads.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._opened: dict[tuple[str, str], tuple[int, IndexView]] = {}
        self._opening: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self._freshness = FreshnessMonitor()

    def search(
        self, repo: str, query: str, *, k: int = 10, ref: str | None = None, options: SearchOptions = SearchOptions()
    ) -> SearchResult:
        """The best ``k`` chunks for ``query`` in ``repo``: one repository, several or all (see ``targets``).

        Raises UnknownRepository, EncoderMismatch or InputError.
        """
        return self.search_targets(parse_targets(self._home, repo, ref), query, k=k, options=options)

    def search_targets(
        self, targets: Sequence[Target], query: str, *, k: int = 10, options: SearchOptions = SearchOptions()
    ) -> SearchResult:
        """The best ``k`` chunks for ``query`` in ``targets``, over all of them. Raises what ``search`` raises."""
        _check_query(query, k)
        clock = _Clock()
        opened = [self.open(target) for target in targets]
        views = list({id(view): view for view in opened}.values())  # `click,click@HEAD` may name one ref twice
        clock.lap("open")
        # Answers do not say whether an index is stale, and looking at a large source takes longer than searching it.
        look = not options.for_context
        freshness = [self._freshness.ask(view.index.name, view.index.manifest) if look else None for view in views]
        asked = read_query(query)
        indexes = [view.index for view in views]
        cosines = _find_cosines(indexes, query)
        clock.lap("dense")
        if options.method == "ranked":
            n_hits = max(k, N_HITS) if options.for_context else k  # the confidence is by the same number for every k
            pool = max(n_hits, POOL)
            found = [find_candidates(view, asked, scores, pool) for view, scores in zip(views, cosines, strict=True)]
            clock.lap("candidates")
            weights = load_weights().without(options.without)
            weights = weights.for_context() if options.for_context else weights
            ranked = [rank_chunks(candidates, weights, n_hits) for candidates in compare_candidates(found)]
            clock.lap("rank")
        else:
            n_hits = k
            ranked = [
                _rank_lists(view.index, asked, scores, options.method, k)
                for view, scores in zip(views, cosines, strict=True)
            ]
            clock.lap("lexical")
        best = sorted(
            ((chunk, view) for chunks, view in zip(ranked, views, strict=True) for chunk in chunks),
            key=lambda placed: -placed[0].score,  # stable: equal scores stay in the order of their lists
        )
        hits = [_to_hit(view.index, chunk) for chunk, view in best[:n_hits]]
        clock.lap("read")
        signals: Mapping[str, float] = {}
        if options.for_context:
            signals = measure_confidence_signals(asked, indexes, cosines, hits)
            clock.lap("confidence")
        searched = [
            _describe(view.index, _NOT_LOOKED_AT if answer is None else answer.result())
            for view, answer in zip(views, freshness, strict=True)
        ]
        clock.lap("freshness")
        return SearchResult(query, searched, indexes, hits[:k], clock.finish(), signals)

    def find_candidates(self, repo: str, query: str, *, ref: str | None = None) -> tuple[OpenedIndex, Candidates]:
        """What the ranking of one repository judges, before it is weighed: for fitting the weights."""
        _check_query(query, 1)
        view = self.open(parse_target(self._home, repo, ref))
        [cosines] = _find_cosines([view.index], query)
        found = find_candidates(view, read_query(query), cosines)
        [compared] = compare_candidates([found])
        return view.index, compared

    def defines(self, targets: Sequence[Target], name: str) -> bool:
        """Whether any of ``targets`` defines ``name``. Raises what ``open`` raises."""
        return any(len(self.open(target).index.words.find(last_name(name), "defines", 1)) for target in targets)

    def open(self, target: Target) -> IndexView:
        """The index of a target, kept open and opened again after it changed. Raises UnknownRepository, InputError.

        What was removed or replaced is let go of, not closed: a search that is under way keeps its view.
        """
        try:
            return self._open(target)
        except UnknownRepository:
            self._let_go(target.repo)
            raise
        except InputError:
            self._let_go(target.repo, target.ref)
            raise

    def _open(self, target: Target) -> IndexView:
        repo = target.repo
        ref, version = find_version(self._home, repo, target.ref)
        key = (repo, ref)
        with self._lock:
            opening = self._opening.setdefault(key, threading.Lock())
        with opening:  # one opens it, while other indexes are searched
            cached = self._opened.get(key)
            if cached is None or cached[0] != version:
                cached = (version, IndexView(open_index(self._home, repo, ref)))
                generation = cached[1].index.info.data
                with self._lock:
                    # Files of an older generation take their room on the disk for as long as they are open.
                    self._opened = {
                        kept: opened
                        for kept, opened in self._opened.items()
                        if kept[0] != repo or opened[1].index.info.data == generation
                    }
                    self._opened[key] = cached
            return cached[1]

    def _let_go(self, repo: str, ref: str | None = None) -> None:
        """Keep nothing of a repository open any more; with ``ref``, nothing of that one."""
        with self._lock:
            self._opened = {
                kept: opened for kept, opened in self._opened.items() if kept[0] != repo or ref not in (None, kept[1])
            }


def _check_query(query: str, k: int) -> None:
    if not query.strip():
        raise InputError("The query is empty: say what to look for.")
    if has_half_characters(query):
        raise InputError("The query is not UTF-8 text: write it again.")
    if not 1 <= k <= MAX_K:
        raise InputError(f"k is {k}: it must be from 1 to {MAX_K}.")


def _describe(index: OpenedIndex, staleness: Staleness) -> SearchedRef:
    manifest = index.manifest
    return SearchedRef(index.name, manifest.ref, manifest.commit, manifest.indexed_at, staleness)


def _find_cosines(indexes: Sequence[OpenedIndex], query: str) -> list[Scores]:
    """For each index the cosine of the query with every chunk of the ref, by position. An encoder encodes it once."""
    encoders = {index.info.encoder: _matching_encoder(index) for index in indexes}
    vectors = {name: encoder.encode([query])[0] for name, encoder in encoders.items()}
    return [index.matrix.scores(vectors[index.info.encoder], index.manifest.rows) for index in indexes]


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


def _rank_lists(index: OpenedIndex, query: Query, cosines: Scores, method: Method, k: int) -> list[RankedChunk]:
    """One list alone, or both fused by reciprocal rank: what the full ranking is measured against."""
    signals: dict[int, dict[str, float]] = {}
    fused: dict[int, float] = {}
    if method != "lexical":
        best = search_meaning(cosines, max(k, _POOL))
        for rank, position in enumerate(best.tolist(), 1):
            signals[position] = {"dense_rank": rank, "dense_score": round(float(cosines[position]), 6)}
            fused[position] = 1 / (RRF_K + rank)
    if method != "dense":
        positions, scores = index.words.search(query.terms, "body", max(k, _POOL))
        for rank, (position, score) in enumerate(zip(positions.tolist(), scores.tolist(), strict=True), 1):
            signals.setdefault(position, {}).update(lexical_rank=rank, lexical_score=round(score, 4))
            fused[position] = fused.get(position, 0.0) + 1 / (RRF_K + rank)
    best_first = sorted(fused, key=lambda position: (-fused[position], position))[:k]
    return [RankedChunk(position, fused[position], signals[position]) for position in best_first]


def _to_hit(index: OpenedIndex, ranked: RankedChunk) -> Hit:
    chunk = index.chunk_at(ranked.position)
    return Hit(
        repo=index.name,
        ref=index.manifest.ref,
        commit=index.manifest.commit,
        chunk=chunk,
        score=round(ranked.score, 6),
        signals=ranked.signals,
    )
