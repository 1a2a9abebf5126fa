"""Chroma: the durable store of every chunk's vector, text and metadata. Imported here only, and lazily.

The embedded Chroma is safe in one process at a time, so it is opened by writers alone, under the
repository's lock. Searches never open it: they read the matrix and the lexicon, which are made from it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .embedding import Vectors
from .errors import WRITE_AGAIN, IndexingError
from .memory import bound_arenas, give_back
from .records import Chunk

# Chroma loads and rewrites the graph of a collection as a whole, so the cost of an edit, and of each thousand chunks
# of a long build, grows with the size of one. Chunks are therefore spread over collections that are filled in turn.
_SHARD = "chunks-"
_SHARD_CHUNKS = 25_000
_MAX_RECORDS = 5_000  # Chroma refuses more than 5,461 records a call
# The leanest graph that Chroma keeps: searches are exact and do not use it.
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_construction": 8, "max_neighbors": 4}}


class VectorStore:
    """One repository's collections. Use as a context manager; the caller holds the repository's lock.

    The text is kept as metadata, not as a Chroma document: documents go through a trigram index that
    nothing here asks, at twice the time and disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()  # the client may be opened anew, see ``_shard_with_room``
        self._open()

    def _open(self) -> None:
        bound_arenas()
        import chromadb
        from chromadb.config import Settings

        client: Any = None
        try:
            settings = Settings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(str(self._folder), settings=settings)
            found = [shard for shard in client.list_collections() if shard.name.startswith(_SHARD)]
        except Exception as error:  # Chroma raises several unrelated types, also from Rust
            if client is not None:
                client.close()
            raise IndexingError(f"Chroma cannot open {self._folder} ({error}). {WRITE_AGAIN}") from error
        self._client = client
        self._shards: list[Any] = sorted(found, key=lambda shard: str(shard.name))
        self._n_in_last: int | None = None  # counting loads the collection, so it is done when it is needed

    def __enter__(self) -> VectorStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files, so that another process may open them."""
        self._client.close()
        give_back()

    def count(self) -> int:
        """Number of stored chunks."""
        return sum(int(shard.count()) for shard in self._shards)

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Store chunks that are not there yet, with their vectors, shape (len(chunks), dim).

        Quickest by some thousands at a time: a call costs about as much as storing some hundreds.
        """
        start = 0
        while start < len(chunks):
            with self._lock:
                shard, room = self._shard_with_room()
                part = chunks[start : start + min(room, _MAX_RECORDS)]
                shard.upsert(
                    ids=[chunk.id for chunk in part],
                    embeddings=vectors[start : start + len(part)],
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
                self._n_in_last = (self._n_in_last or 0) + len(part)
            start += len(part)

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors, shape (dim,), of those of ``ids`` that are stored."""
        found: dict[str, Vectors] = {}
        with self._lock:
            for shard in reversed(self._shards):  # the newest first: what a killed build had stored is there
                wanted = [chunk_id for chunk_id in ids if chunk_id not in found]
                for start in range(0, len(wanted), _MAX_RECORDS):
                    answer = shard.get(ids=wanted[start : start + _MAX_RECORDS], include=["embeddings"])
                    for chunk_id, vector in zip(answer["ids"], answer["embeddings"], strict=True):
                        found[chunk_id] = np.asarray(vector, dtype=np.float32)
        return found

    def keep_only(self, ids: Collection[str]) -> int:
        """Delete every chunk that is not among ``ids``, and return how many there were."""
        kept, n_deleted = frozenset(ids), 0
        for shard in list(self._shards):
            stored = shard.get(include=[])["ids"]
            gone = [chunk_id for chunk_id in stored if chunk_id not in kept]
            if len(gone) == len(stored):
                self._client.delete_collection(shard.name)
                self._shards.remove(shard)
            else:
                for start in range(0, len(gone), _MAX_RECORDS):
                    shard.delete(ids=gone[start : start + _MAX_RECORDS])
            n_deleted += len(gone)
        self._n_in_last = None
        return n_deleted

    def _shard_with_room(self) -> tuple[Any, int]:
        """The collection that is being filled, and how many chunks still go into it."""
        if self._shards and self._n_in_last is None:
            self._n_in_last = int(self._shards[-1].count())
        if not self._shards or (self._n_in_last or 0) >= _SHARD_CHUNKS:
            if self._shards:  # Chroma keeps in memory what it has loaded until it is closed
                self.close()
                self._open()
            number = int(self._shards[-1].name.removeprefix(_SHARD)) + 1 if self._shards else 0
            self._shards.append(
                self._client.get_or_create_collection(
                    f"{_SHARD}{number:05}", configuration=_CONFIGURATION, embedding_function=None
                )
            )
            self._n_in_last = 0
        return self._shards[-1], _SHARD_CHUNKS - (self._n_in_last or 0)
