"""BM25 over code words, and names looked up whole: one tantivy document a chunk.

tantivy is imported here only. Words are split and stemmed by ``words``, so tantivy gets them ready, one space
between. Any number of processes may read while one writes; a reader sees the last commit. The chunk itself is
kept beside its words, which is where searches read a hit's text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from .errors import IndexingError
from .matrix import Rows
from .records import Chunk
from .words import index_terms, last_name

WordField = Literal["body", "symbol", "path"]
NameField = Literal["defines", "calls"]
WORD_FIELDS: tuple[WordField, ...] = ("body", "symbol", "path")
_DEFINES, _CALLS, _ROW, _CHUNK = "defines", "calls", "row", "chunk"
BM25_K1, BM25_B = 1.2, 0.75  # tantivy's, which cannot be set
_WRITER_BYTES = 64_000_000  # of memory before tantivy writes a segment


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """What the lexicon keeps of a chunk: all that does not depend on the ref."""

    id: str
    path: str
    symbol: str
    kind: str
    language: str
    text: str
    defines: Sequence[str]
    calls: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Postings:
    """All chunks that hold a term, by row, with tantivy's scores for it and what these were computed from."""

    rows: Rows
    scores: NDArray[np.float64]
    idf: float
    mean_length: float

    def counts(self, chosen: NDArray[np.bool_], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """How often each ``chosen`` chunk holds the term, given their lengths as ``round_length`` gives them.

        tantivy's Python interface does not tell it, but the score is idf * (k1 + 1) * count / (count + norm), and
        norm is known. Raises IndexingError if lengths and scores do not fit together.
        """
        share = self.scores[chosen] / (self.idf * (BM25_K1 + 1))
        norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / self.mean_length)
        solved = share * norm / np.maximum(1 - share, 1e-9)
        counts = np.maximum(np.rint(solved), 1.0)
        # Scores have 24 bits, so large counts are a little off, which changes nothing: they are saturated.
        if np.any(np.abs(solved - counts) > 0.05 + 1e-3 * counts**2):
            raise IndexingError("The lengths of an index are damaged: run `quarry index` with --rebuild.")
        return counts


class Lexicon:
    """Read access to the last commit of the lexicon when it was opened."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index(_schema(), path=str(folder))
        self._searcher = self._index.searcher()

    def search(self, terms: Sequence[str], field: WordField, limit: int) -> tuple[Rows, list[float]]:
        """Rows of the best ``limit`` chunks by BM25 over one field, best first, and their scores.

        ``body`` holds the words of the text and of its symbols, ``symbol`` and ``path`` those of names alone.
        """
        if not terms or not self._searcher.num_docs:
            return np.zeros(0, dtype=np.int64), []
        schema = self._index.schema
        parts = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, field, term, "freq")) for term in terms]
        hits = self._searcher.search(tantivy.Query.boolean_query(parts), limit=limit, count=False).hits
        return self._rows(hits), [float(score) for score, _ in hits]

    def postings(self, term: str, field: WordField) -> Postings:
        """Every chunk that holds ``term``, of any ref. Takes about a second for a million of them."""
        query = tantivy.Query.term_query(self._index.schema, field, term, "freq")
        n_matching = self._searcher.doc_freq(field, term)  # also counts what was deleted since
        hits = self._searcher.search(query, limit=max(n_matching, 1), count=False).hits
        if not hits:
            return Postings(np.zeros(0, dtype=np.int64), np.zeros(0), 1.0, 1.0)
        idf, mean_length = _read_explanation(query.explain(self._searcher, hits[0][1]).to_json())
        return Postings(self._rows(hits), np.asarray([score for score, _ in hits]), idf, mean_length)

    def count(self, term: str, field: WordField) -> int:
        """How many chunks hold ``term``, of any ref; also counts what was deleted since. Microseconds."""
        return int(self._searcher.doc_freq(field, term))

    def find(self, name: str, field: NameField, limit: int) -> Rows:
        """Rows of at most ``limit`` chunks that define, or call, exactly ``name`` (its last part: no dots)."""
        if not name or not self._searcher.num_docs:
            return np.zeros(0, dtype=np.int64)
        query = tantivy.Query.const_score_query(tantivy.Query.term_query(self._index.schema, field, name), 1.0)
        return self._rows(self._searcher.search(query, limit=limit, count=False).hits)

    def defined_names(self, prefix: str) -> list[str]:
        """Names that any chunk defines, of any ref, with this beginning: for telling near ones."""
        return [name for name, _ in self._searcher.terms_with_prefix(_DEFINES, prefix)]

    def get(self, row: int) -> StoredChunk:
        """The chunk of one row; KeyError if no document has it."""
        query = tantivy.Query.term_query(self._index.schema, _ROW, row)
        hits = self._searcher.search(query, limit=1, count=False).hits
        if not hits:
            raise KeyError(row)
        stored: Any = self._searcher.doc(hits[0][1]).get_first(_CHUNK)
        return StoredChunk(*json.loads(bytes(stored)))

    def _rows(self, hits: Sequence[tuple[Any, Any]]) -> Rows:
        if not hits:
            return np.zeros(0, dtype=np.int64)
        return np.asarray(self._searcher.fast_field_values(_ROW, [address for _, address in hits]), dtype=np.int64)


class LexiconWriter:
    """Adds documents; they are seen after ``commit``. One at a time: the caller holds the repository's lock."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._schema = _schema()
        self._writer = tantivy.Index(self._schema, path=str(folder)).writer(_WRITER_BYTES, num_threads=1)

    def __enter__(self) -> LexiconWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._writer.rollback()
        self._writer.wait_merging_threads()

    def drop_rows_from(self, row: int) -> None:
        """Forget documents of ``row`` and beyond: what a killed writer left without a row in the matrix."""
        beyond = tantivy.Query.range_query(self._schema, _ROW, tantivy.FieldType.Unsigned, lower_bound=row)
        self._writer.delete_documents_by_query(beyond)

    def add(self, row: int, chunk: Chunk) -> tuple[int, ...]:
        """Take a chunk in under its row of the matrix. Returns how many terms each of WORD_FIELDS has."""
        document = tantivy.Document()
        symbol_terms = index_terms(chunk.symbol)
        fields = (index_terms(chunk.text) + symbol_terms, symbol_terms, index_terms(chunk.path))
        for field, terms in zip(WORD_FIELDS, fields, strict=True):
            document.add_text(field, " ".join(terms))
        document.add_text(_DEFINES, " ".join(last_name(symbol) for symbol in chunk.defines))
        document.add_text(_CALLS, " ".join({name: None for name, _ in chunk.calls}))
        document.add_unsigned(_ROW, row)
        kept = [
            *(chunk.id, chunk.path, chunk.symbol, chunk.kind, chunk.language, chunk.text),
            *(chunk.defines, chunk.calls),
        ]
        document.add_bytes(_CHUNK, json.dumps(kept).encode())
        self._writer.add_document(document)
        return tuple(len(terms) for terms in fields)

    def commit(self) -> None:
        """Make all that was added visible, and durable."""
        self._writer.commit()


def round_length(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Lengths as BM25 sees them: tantivy keeps a byte of each, as Lucene does, exact to 40 and then rounded down."""
    return _LENGTHS[np.searchsorted(_LENGTHS, lengths, side="right") - 1]


# Lucene's SmallFloat.byte4ToInt: 24 lengths as they are, then four bits of each, doubling every eight.
_LENGTHS = np.asarray(
    [*range(24), *(24 + (i if i < 8 else (8 | i & 7) << (i >> 3) - 1) for i in range(256 - 24))], dtype=np.int64
)


def _read_explanation(explanation: str) -> tuple[float, float]:
    """The idf and the mean length that tantivy scored with."""
    _, idf, saturation = json.loads(explanation)["details"]
    return float(idf["value"]), float(saturation["details"][-1]["value"])


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in WORD_FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    for name in (_DEFINES, _CALLS):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field(_ROW, indexed=True, fast=True)
    builder.add_bytes_field(_CHUNK, stored=True)
    return builder.build()
