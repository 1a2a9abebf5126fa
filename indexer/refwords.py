"""Words and names looked up within one ref, as if it were indexed alone.

An index holds the chunks of all its refs, and what edits have left. How rare a word is (BM25's document frequency)
and how long chunks are on average would be those of all of them. So where a ref is not the whole index, its chunks
are scored here, by BM25 with the ref's own numbers, out of the postings that the lexicon hands over.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .lexicon import BM25_B, BM25_K1, WORD_FIELDS, Lexicon, NameField, WordField, round_length
from .manifest import Manifest
from .matrix import Matrix

Positions = NDArray[np.int64]
Scores = NDArray[np.float32]
_Scored = tuple[NDArray[np.int32], Scores]  # positions of the chunks that hold a term, and what it adds to each

# A word that half of 500,000 chunks hold takes 0.2 s to gather when it is first asked for, one of 50,000 takes 0.02 s.
# So beyond so many chunks a few foreign ones are let be: they move no frequency by more than their share.
_MANY_ROWS = 100_000
_FEW_FOREIGN = 0.01
_MAX_KEPT_POSTINGS = 1_000_000  # of words that were asked for, 8 bytes each: see _Scored


class RefWords:
    """BM25 and whole names over the chunks of one ref. Positions are those of the manifest's columns.

    Safe to use from several threads.
    """

    def __init__(self, lexicon: Lexicon, manifest: Manifest, matrix: Matrix) -> None:
        self._lexicon, self._manifest, self._matrix = lexicon, manifest, matrix
        n_foreign = matrix.n_rows - len(manifest.rows)
        self._is_alone = not n_foreign or (matrix.n_rows > _MANY_ROWS and n_foreign <= _FEW_FOREIGN * matrix.n_rows)
        self._kept: OrderedDict[tuple[str, str], _Scored] = OrderedDict()
        self._n_kept = 0
        self._lock = threading.Lock()

    def search(self, terms: Sequence[str], field: WordField, n: int) -> tuple[Positions, Scores]:
        """The best ``n`` chunks of the ref by BM25 over one field, best first, and their scores."""
        if self._is_alone:
            return self._search_lexicon(terms, field, n)
        scores = np.zeros(len(self._manifest.rows), dtype=np.float32)
        for term in dict.fromkeys(terms):
            positions, parts = self._score_term(term, field)
            scores[positions] += parts
        matching = np.flatnonzero(scores)
        if len(matching) > n:  # the n best and all that equal the last of them, then sorted
            matching = matching[scores[matching] >= np.partition(scores[matching], -n)[-n]]
        best = matching[np.argsort(-scores[matching], kind="stable")[:n]]
        return best, scores[best]

    def find(self, name: str, field: NameField, n: int) -> Positions:
        """At most ``n`` chunks of the ref that define, or call, exactly ``name``: those of other refs take no place."""
        limit = n
        while True:
            rows = self._lexicon.find(name, field, limit)
            positions = self._manifest.positions_of(rows)
            mine = positions[positions >= 0][:n]
            if len(mine) == n or len(rows) < limit:
                return mine
            limit *= 4

    def count(self, term: str, field: WordField) -> int:
        """How many chunks of the ref hold ``term``."""
        return self._lexicon.count(term, field) if self._is_alone else len(self._score_term(term, field)[0])

    def _search_lexicon(self, terms: Sequence[str], field: WordField, n: int) -> tuple[Positions, Scores]:
        """By the statistics of the whole index; fetches more until it has ``n`` of this ref."""
        limit = n
        while True:
            rows, scores = self._lexicon.search(terms, field, limit)
            positions = self._manifest.positions_of(rows)
            mine = np.flatnonzero(positions >= 0)[:n]
            if len(mine) == n or len(rows) < limit:
                return positions[mine], np.asarray(scores, dtype=np.float32)[mine]
            limit *= 4

    def _score_term(self, term: str, field: WordField) -> _Scored:
        """The chunks of the ref that hold ``term``, and what it adds to the score of each."""
        with self._lock:
            kept = self._kept.get((term, field))
            if kept is not None:
                self._kept.move_to_end((term, field))
                return kept
        scored = self._read_term(term, field)
        with self._lock:
            if (term, field) not in self._kept:
                self._kept[term, field] = scored
                self._n_kept += len(scored[0])
            while self._n_kept > _MAX_KEPT_POSTINGS:
                self._n_kept -= len(self._kept.popitem(last=False)[1][0])
        return scored

    def _read_term(self, term: str, field: WordField) -> _Scored:
        column = WORD_FIELDS.index(field)
        postings = self._lexicon.postings(term, field)
        of_all = self._manifest.positions_of(postings.rows)
        mine = of_all >= 0
        positions = of_all[mine].astype(np.int32)
        lengths = round_length(self._matrix.read_lengths(self._manifest.rows[positions])[:, column])
        counts = postings.counts(mine, lengths)
        n, n_with_term = len(self._manifest.rows), len(positions)
        idf = math.log(1 + (n - n_with_term + 0.5) / (n_with_term + 0.5))
        norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / self._mean_lengths[column])
        return positions, (idf * (BM25_K1 + 1) * counts / (counts + norm)).astype(np.float32)

    @cached_property
    def _mean_lengths(self) -> NDArray[np.float64]:
        """Terms in a chunk of the ref, on average; shape (len(WORD_FIELDS),)."""
        means = self._matrix.read_lengths(self._manifest.rows).mean(axis=0, dtype=np.float64)
        return np.asarray(np.maximum(means, 1e-9))
