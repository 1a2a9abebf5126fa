"""BM25 over code words: one tantivy document a chunk, with fields for body, path and symbol.

tantivy is imported here only. Words are split by ``words``, so tantivy gets them ready, one space between.
Any number of processes may read while one writes; a reader sees the last commit. The chunk itself is kept
beside its words, which is where searches read a hit's text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import tantivy

from .matrix import Rows
from .records import Chunk
from .words import split_words

_BODY, _PATH, _SYMBOL, _ROW, _CHUNK = "body", "path", "symbol", "row", "chunk"
# A word in a symbol's name says more than the same word in a body. Untuned: ranking is fitted elsewhere.
_BOOSTS = {_BODY: 1.0, _PATH: 1.0, _SYMBOL: 1.5}
_WRITER_BYTES = 64_000_000  # of memory before tantivy writes a segment
_MAX_QUERY_WORDS = 64  # a pasted file is no query: its first distinct words are


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """What the lexicon keeps of a chunk: all that does not depend on the ref."""

    id: str
    path: str
    symbol: str
    kind: str
    language: str
    text: str


class Lexicon:
    """Read access to the last commit of the lexicon when it was opened."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index(_schema(), path=str(folder))
        self._searcher = self._index.searcher()

    def search(self, query: str, limit: int) -> tuple[Rows, list[float]]:
        """Rows of the best ``limit`` chunks by BM25, best first, and their scores."""
        words = list(dict.fromkeys(split_words(query)))[:_MAX_QUERY_WORDS]
        if not words or not self._searcher.num_docs:
            return np.zeros(0, dtype=np.int64), []
        terms = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(tantivy.Query.term_query(self._index.schema, field, word, "freq"), boost),
            )
            for word in words
            for field, boost in _BOOSTS.items()
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(terms), limit=limit, count=False).hits
        rows = self._searcher.fast_field_values(_ROW, [address for _, address in hits])
        return np.asarray(rows, dtype=np.int64), [float(score) for score, _ in hits]

    def get(self, row: int) -> StoredChunk:
        """The chunk of one row; KeyError if no document has it."""
        query = tantivy.Query.term_query(self._index.schema, _ROW, row)
        hits = self._searcher.search(query, limit=1, count=False).hits
        if not hits:
            raise KeyError(row)
        stored: Any = self._searcher.doc(hits[0][1]).get_first(_CHUNK)
        return StoredChunk(*json.loads(bytes(stored)))


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

    def add(self, row: int, chunk: Chunk) -> None:
        """Take a chunk in under its row of the matrix."""
        document = tantivy.Document()
        document.add_text(_BODY, " ".join(split_words(chunk.text)))
        document.add_text(_PATH, " ".join(split_words(chunk.path)))
        document.add_text(_SYMBOL, " ".join(split_words(chunk.symbol)))
        document.add_unsigned(_ROW, row)
        kept = [chunk.id, chunk.path, chunk.symbol, chunk.kind, chunk.language, chunk.text]
        document.add_bytes(_CHUNK, json.dumps(kept).encode())
        self._writer.add_document(document)

    def commit(self) -> None:
        """Make all that was added visible, and durable."""
        self._writer.commit()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in (_BODY, _PATH, _SYMBOL):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field(_ROW, indexed=True, fast=True)
    builder.add_bytes_field(_CHUNK, stored=True)
    return builder.build()
