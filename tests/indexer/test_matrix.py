"""The matrix: rows are whole or not there, and scores are the same however they are gathered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.errors import IndexingError
from indexer.matrix import N_LENGTHS, Lengths, Matrix, MatrixWriter, copy_rows


def ids(start: int, n: int) -> list[str]:
    """Chunk ids of 32 hex digits."""
    return [f"{number:032x}" for number in range(start, start + n)]


def lengths(n: int) -> Lengths:
    """As many rows of term counts, which rise."""
    return np.arange(n * N_LENGTHS, dtype=np.uint32).reshape(n, N_LENGTHS)


@pytest.mark.parametrize(
    ("file", "n_bytes"), [("vectors.f32", 4), ("vectors.f32", 40), ("lengths.u32", 6), ("ids.bin", 5)]
)
def test_a_torn_tail_is_cut_off(tmp_path: Path, file: str, n_bytes: int) -> None:
    """What a killed writer left of a row is no row, and the next writer goes on behind the last whole one."""
    vectors = np.arange(24, dtype=np.float32).reshape(3, 8)
    MatrixWriter(tmp_path, 8).append(0, ids(0, 3), vectors, lengths(3))
    with (tmp_path / file).open("ab") as torn:
        torn.write(b"\1" * n_bytes)
    assert Matrix(tmp_path, 8).n_rows == 3
    writer = MatrixWriter(tmp_path, 8)
    writer.append(3, ids(3, 1), vectors[:1] + 1, lengths(1))
    assert [writer.read_ids().find(chunk_id) for chunk_id in ids(0, 5)] == [0, 1, 2, 3, None]
    one = np.eye(8, dtype=np.float32)[1]
    assert Matrix(tmp_path, 8).scores(one, np.arange(4)).tolist() == [1, 9, 17, 2]


def test_few_rows_score_as_many_do(tmp_path: Path) -> None:
    """Gathering a small part of the rows gives what a pass over all of them gives."""
    vectors = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    MatrixWriter(tmp_path, 8).append(0, ids(0, 50), vectors, lengths(50))
    matrix = Matrix(tmp_path, 8)
    all_scores = matrix.scores(vectors[7], np.arange(50))
    assert np.allclose(matrix.scores(vectors[7], np.array([49, 3])), all_scores[[49, 3]], atol=1e-5)


def test_no_folder_is_an_empty_matrix(tmp_path: Path) -> None:
    """Before the first row there is nothing to read, and no error."""
    matrix = Matrix(tmp_path / "none", 8)
    assert (matrix.n_rows, len(matrix.scores(np.ones(8, dtype=np.float32), np.zeros(0, dtype=np.int64)))) == (0, 0)


def test_rows_leave_no_gap(tmp_path: Path) -> None:
    """Rows are refused that would not follow the last one: whoever counted them has lost some."""
    writer = MatrixWriter(tmp_path, 8)
    with pytest.raises(IndexingError, match="out of step at row 1"):
        writer.append(1, ids(0, 1), np.ones((1, 8), dtype=np.float32), lengths(1))
    assert Matrix(tmp_path, 8).n_rows == 0


def test_ids_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    """A row is found by its whole id, also where the first halves of several are equal."""
    chunk_ids = [f"{7:016x}{number:016x}" for number in (5, 1, 9)] + [f"{3:016x}{1:016x}"]
    writer = MatrixWriter(tmp_path, 8)
    writer.append(0, chunk_ids, np.ones((4, 8), dtype=np.float32), lengths(4))
    found = writer.read_ids()
    assert [found.find(chunk_id) for chunk_id in chunk_ids] == [0, 1, 2, 3]
    assert found.find(f"{7:016x}{2:016x}") is None


def test_a_copied_row_takes_all_of_it_along(tmp_path: Path) -> None:
    """Id, vector and lengths of the chosen rows stand together in the copy, in the order that was asked for."""
    vectors = np.arange(40, dtype=np.float32).reshape(5, 8)
    MatrixWriter(tmp_path / "old", 8).append(0, ids(0, 5), vectors, lengths(5))
    copy_rows(tmp_path / "old", tmp_path / "new", 8, np.array([4, 1]))
    copy, row_ids = Matrix(tmp_path / "new", 8), MatrixWriter(tmp_path / "new", 8).read_ids()
    assert [row_ids.id_of(row).hex() for row in range(2)] == [ids(4, 1)[0], ids(1, 1)[0]]
    assert np.array_equal(copy.read(np.arange(2)), vectors[[4, 1]])
    assert np.array_equal(copy.read_lengths(np.arange(2)), lengths(5)[[4, 1]])
