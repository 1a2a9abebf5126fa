"""``VectorStore``: what is stored is found again, however many collections it is spread over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import indexer.vectors
from indexer.errors import IndexingError
from indexer.records import Chunk
from indexer.vectors import VectorStore


def chunks(first: int, n: int) -> list[Chunk]:
    """Chunks of one word each."""
    return [Chunk(f"{i:032x}", f"f{i}.py", 1, 1, "", "text", "text", f"word{i}", "") for i in range(first, first + n)]


def vectors(first: int, n: int) -> np.ndarray:
    """A unit vector for each, all different."""
    angles = np.arange(first, first + n, dtype=np.float32) / 100
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_chunks_are_found_in_any_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filled over several collections and sessions, every vector comes back as it was stored."""
    monkeypatch.setattr(indexer.vectors, "_SHARD_CHUNKS", 30)
    for first, n in ((0, 70), (70, 5), (75, 45)):
        with VectorStore(tmp_path) as store:
            store.add(chunks(first, n), vectors(first, n))
    with VectorStore(tmp_path) as store:
        assert store.count() == 120
        found = store.get([chunk.id for chunk in chunks(0, 130)])
        assert len(found) == 120
        for chunk, vector in zip(chunks(0, 120), vectors(0, 120), strict=True):
            assert np.allclose(found[chunk.id], vector, atol=1e-6)


def test_what_is_not_kept_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the kept ids are left, collections that hold none of them are gone, and more can be added."""
    monkeypatch.setattr(indexer.vectors, "_SHARD_CHUNKS", 30)
    kept = [chunk.id for chunk in (*chunks(0, 10), *chunks(85, 5))]
    with VectorStore(tmp_path) as store:
        store.add(chunks(0, 90), vectors(0, 90))
        assert store.keep_only(kept) == 75
    with VectorStore(tmp_path) as store:
        assert store.count() == 15
        store.add(chunks(30, 50), vectors(30, 50))
        assert store.count() == 65
        assert set(store.get([chunk.id for chunk in chunks(0, 90)])) == {*kept, *(c.id for c in chunks(30, 50))}


def test_a_store_that_cannot_be_read_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chroma opened it, and cannot list what is in it: no other process must find it open."""
    closed: list[bool] = []

    class Broken:
        def list_collections(self) -> None:
            raise ValueError("out of luck")

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr("chromadb.PersistentClient", lambda *_, **__: Broken())
    with pytest.raises(IndexingError, match="out of luck"):
        VectorStore(tmp_path)
    assert closed == [True]
