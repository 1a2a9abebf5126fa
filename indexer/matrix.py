"""The vectors as searches read them: a memory-mapped float32 matrix, one row a chunk, append only.

Two files: ``ids.bin`` (16 bytes a row) and ``vectors.f32``. A row exists once its id is written whole,
so a writer that is killed leaves at most a torn tail, which the next writer cuts off. Exact search over
100,000 rows takes a few milliseconds, which is why no approximate index stands here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .embedding import Vectors
from .errors import IndexingError

_ID_BYTES = 16
_ROWS_A_COPY = 16_384  # bounds the memory of a copy
_MANY_ROWS = 65_536  # from which on a product gains from a second core
Rows = NDArray[np.int64]


class Matrix:
    """Read access to the rows that were complete when it was opened. Safe beside a writer."""

    def __init__(self, folder: Path, dim: int) -> None:
        n_rows = count_rows(folder, dim)
        self.n_rows = n_rows
        self._vectors: Vectors = (
            np.memmap(folder / "vectors.f32", dtype=np.float32, mode="r", shape=(n_rows, dim))
            if n_rows
            else np.zeros((0, dim), dtype=np.float32)
        )

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """Cosine of ``query``, shape (dim,), with each of ``rows``; shape (len(rows),)."""
        if len(rows) * 2 < self.n_rows:  # a small part of the matrix: gather it; otherwise one pass over all
            return _multiply(self._vectors[rows], query)
        return _multiply(self._vectors, query)[rows]

    def read(self, rows: Rows) -> Vectors:
        """The vectors of ``rows``, shape (len(rows), dim)."""
        return np.asarray(self._vectors[rows])


class RowIds:
    """Finds the row of a chunk id, by binary search: ready in milliseconds where a dict takes half a second."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        heads = np.frombuffer(content, dtype=">u8")[::2].astype(np.uint64)
        self._order = np.argsort(heads, kind="stable")
        self._heads = heads[self._order]

    def __len__(self) -> int:
        return len(self._heads)

    def find(self, chunk_id: str) -> int | None:
        """The row of ``chunk_id``, 32 hex digits, or None."""
        wanted = bytes.fromhex(chunk_id)
        head = np.uint64(int.from_bytes(wanted[:8], "big"))
        for position in range(int(self._heads.searchsorted(head)), len(self._heads)):
            if self._heads[position] != head:
                break
            row = int(self._order[position])
            if self.id_of(row) == wanted:
                return row
        return None

    def id_of(self, row: int) -> bytes:
        """The id of ``row``, 16 bytes."""
        return self._content[row * _ID_BYTES : (row + 1) * _ID_BYTES]


class MatrixWriter:
    """Appends rows. One at a time: the caller holds the repository's lock."""

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._ids_path, self._vectors_path, self._dim = folder / "ids.bin", folder / "vectors.f32", dim
        n_rows = count_rows(folder, dim)
        for path, n_bytes in ((self._ids_path, n_rows * _ID_BYTES), (self._vectors_path, n_rows * dim * 4)):
            path.touch()
            os.truncate(path, n_bytes)
        self.n_rows = n_rows

    def read_ids(self) -> RowIds:
        """The chunk ids of all rows, to look rows up by."""
        return RowIds(self._ids_path.read_bytes()[: self.n_rows * _ID_BYTES])

    def append(self, first_row: int, chunk_ids: Sequence[str], vectors: Vectors) -> None:
        """Add rows from ``first_row`` on, on disk when it returns. The ids are new, and 32 hex digits each."""
        if first_row != self.n_rows:
            raise IndexingError(f"The index is out of step at row {first_row}: run the same command again.")
        _append(self._vectors_path, np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
        _append(self._ids_path, b"".join(bytes.fromhex(chunk_id) for chunk_id in chunk_ids))
        self.n_rows += len(chunk_ids)


def copy_rows(source: Path, target: Path, dim: int, rows: Rows) -> None:
    """Write ``rows`` of the matrix in ``source``, in that order, as a new matrix in ``target``."""
    old_ids = MatrixWriter(source, dim).read_ids()
    writer = MatrixWriter(target, dim)
    vectors: Vectors = np.memmap(source / "vectors.f32", dtype=np.float32, mode="r", shape=(len(old_ids), dim))
    for start in range(0, len(rows), _ROWS_A_COPY):
        part = rows[start : start + _ROWS_A_COPY]
        writer.append(start, [old_ids.id_of(row).hex() for row in part.tolist()], vectors[part])


def _multiply(vectors: Vectors, query: Vectors) -> Vectors:
    """The product of a matrix and a vector, shape (len(vectors),)."""
    if len(vectors) >= _MANY_ROWS:
        return np.asarray(vectors @ query)
    # Not by BLAS: its threads wait for each other, 10 ms where another process has one of two cores, for a
    # product that takes half a millisecond on one.
    return np.asarray(np.einsum("ij,j->i", vectors, query))


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def count_rows(folder: Path, dim: int) -> int:
    """Number of complete rows: those whose id and vector are both there."""
    try:
        n_ids = (folder / "ids.bin").stat().st_size // _ID_BYTES
        n_vectors = (folder / "vectors.f32").stat().st_size // (dim * 4)
    except FileNotFoundError:
        return 0
    return min(n_ids, n_vectors)
