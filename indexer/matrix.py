"""The vectors as searches read them: a memory-mapped float32 matrix, one row a chunk, append only.

Three files: ``ids.bin`` (16 bytes a row), ``vectors.f32``, and ``lengths.u32``, how many terms each word field of
the lexicon has. A row exists once its id is written whole, last, so a writer that is killed leaves at most a torn
tail, which the next writer cuts off. Exact search over
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
N_LENGTHS = 3  # a row: the word fields of the lexicon
_ROWS_A_COPY = 16_384  # bounds the memory of a copy
_MANY_ROWS = 65_536  # from which on a product gains from a second core
Rows = NDArray[np.int64]
Lengths = NDArray[np.uint32]


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
        self._lengths: Lengths = (
            np.memmap(folder / "lengths.u32", dtype=np.uint32, mode="r", shape=(n_rows, N_LENGTHS))
            if n_rows
            else np.zeros((0, N_LENGTHS), dtype=np.uint32)
        )

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """Cosine of ``query``, shape (dim,), with each of ``rows``; shape (len(rows),)."""
        if len(rows) * 2 < self.n_rows:  # a small part of the matrix: gather it; otherwise one pass over all
            return _multiply(self._vectors[rows], query)
        return _multiply(self._vectors, query)[rows]

    def read(self, rows: Rows) -> Vectors:
        """The vectors of ``rows``, shape (len(rows), dim)."""
        return np.asarray(self._vectors[rows])

    def read_lengths(self, rows: Rows | NDArray[np.int32]) -> Lengths:
        """How many terms the chunks of ``rows`` have in each word field, shape (len(rows), N_LENGTHS)."""
        return np.asarray(self._lengths[rows])


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
        self._paths = [(folder / name, n_bytes) for name, n_bytes in _files(dim)]
        n_rows = count_rows(folder, dim)
        for path, n_bytes in self._paths:
            path.touch()
            os.truncate(path, n_rows * n_bytes)
        self.n_rows = n_rows

    def read_ids(self) -> RowIds:
        """The chunk ids of all rows, to look rows up by."""
        return RowIds(self._paths[-1][0].read_bytes()[: self.n_rows * _ID_BYTES])

    def append(self, first_row: int, chunk_ids: Sequence[str], vectors: Vectors, lengths: Lengths) -> None:
        """Add rows from ``first_row`` on, on disk when it returns. The ids are new, and 32 hex digits each."""
        if first_row != self.n_rows:
            raise IndexingError(f"The index is out of step at row {first_row}: run the same command again.")
        contents = (
            np.ascontiguousarray(vectors, dtype=np.float32).tobytes(),
            np.ascontiguousarray(lengths, dtype=np.uint32).tobytes(),
            b"".join(bytes.fromhex(chunk_id) for chunk_id in chunk_ids),
        )
        for (path, _), content in zip(self._paths, contents, strict=True):
            _append(path, content)
        self.n_rows += len(chunk_ids)


def copy_rows(source: Path, target: Path, dim: int, rows: Rows) -> None:
    """Write ``rows`` of the matrix in ``source``, in that order, as a new matrix in ``target``."""
    old_ids = MatrixWriter(source, dim).read_ids()
    writer = MatrixWriter(target, dim)
    old = Matrix(source, dim)
    for start in range(0, len(rows), _ROWS_A_COPY):
        part = rows[start : start + _ROWS_A_COPY]
        ids = [old_ids.id_of(row).hex() for row in part.tolist()]
        writer.append(start, ids, old.read(part), old.read_lengths(part))


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
    """Number of complete rows: those that are there in every file."""
    try:
        return min((folder / name).stat().st_size // n_bytes for name, n_bytes in _files(dim))
    except FileNotFoundError:
        return 0


def _files(dim: int) -> Sequence[tuple[str, int]]:
    """The files and their bytes a row, in the order in which they are written."""
    return ("vectors.f32", dim * 4), ("lengths.u32", N_LENGTHS * 4), ("ids.bin", _ID_BYTES)
