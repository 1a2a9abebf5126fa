"""Chroma: the durable store of every chunk's vector, text and metadata. Imported here only, and lazily.

The embedded Chroma is safe in one process at a time, so it is opened by writers alone, under the
repository's lock. Searches never open it: they read the matrix and the lexicon, which are made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .embedding import Vectors
from .errors import IndexingError
from .records import Chunk

_COLLECTION = "chunks"
_MAX_RECORDS = 5_000  # Chroma refuses more than 5,461 records a call
# A leaner graph than Chroma's default builds 1.7 times faster; searches are exact and do not use it.
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_construction": 64, "max_neighbors": 12}}


class VectorStore:
    """One repository's collection. Use as a context manager; the caller holds the repository's lock.

    The text is kept as metadata, not as a Chroma document: documents go through a trigram index that
    nothing here asks, at twice the time and disk.
    """

    def __init__(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        try:
            self._client: Any = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
            self._collection: Any = self._client.get_or_create_collection(
                _COLLECTION, configuration=_CONFIGURATION, embedding_function=None
            )
        except Exception as error:  # Chroma raises several unrelated types, also from Rust
            raise IndexingError(f"Chroma cannot open {folder}: {error}. Remove the folder and index again.") from error

    def __enter__(self) -> VectorStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files, so that another process may open them."""
        self._client.close()

    def count(self) -> int:
        """Number of stored chunks."""
        return int(self._collection.count())

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Store chunks with their vectors, shape (len(chunks), dim); ids that are there are written again."""
        for start in range(0, len(chunks), _MAX_RECORDS):
            part = chunks[start : start + _MAX_RECORDS]
            self._collection.upsert(
                ids=[chunk.id for chunk in part],
                embeddings=vectors[start : start + _MAX_RECORDS],
                metadatas=[
                    {
                        "path": chunk.path,
                        "symbol": chunk.symbol,
                        "kind": chunk.kind,
                        "language": chunk.language,
                        "text": chunk.text,
                    }
                    for chunk in part
                ],
            )

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors, shape (dim,), of those of ``ids`` that are stored."""
        found: dict[str, Vectors] = {}
        for start in range(0, len(ids), _MAX_RECORDS):
            answer = self._collection.get(ids=list(ids[start : start + _MAX_RECORDS]), include=["embeddings"])
            for chunk_id, vector in zip(answer["ids"], answer["embeddings"], strict=True):
                found[chunk_id] = np.asarray(vector, dtype=np.float32)
        return found
