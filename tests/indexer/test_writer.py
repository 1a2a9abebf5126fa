"""``IndexWriter``: the stores stay in step, whatever fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.embedding import Vectors
from indexer.errors import IndexingError
from indexer.index_folder import RepositoryFolder
from indexer.lexicon import Lexicon, LexiconWriter
from indexer.matrix import Matrix, MatrixWriter
from indexer.records import Chunk
from indexer.vectors import VectorStore
from indexer.writer import IndexWriter


class FailingOnce:
    """An encoder whose n-th call fails."""

    name, fingerprint, dim = "failing", "0", 4

    def __init__(self, fails_at: int) -> None:
        self.calls, self.fails_at = 0, fails_at

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.calls += 1
        if self.calls == self.fails_at:
            raise ValueError("out of luck")
        return np.ones((len(texts), self.dim), dtype=np.float32) / 2

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """The same."""
        return self.encode(texts)


def chunks(n: int) -> list[Chunk]:
    """As many chunks of one word each."""
    return [Chunk(f"{i:032x}", f"f{i}.py", 1, 1, "", "text", "text", f"word{i}", "blob") for i in range(n)]


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_failed_batch_leaves_the_stores_in_step(tmp_path: Path, fails_at: int) -> None:
    """After a batch that failed nothing more is stored, and the next writer completes the rest rightly."""
    folder = RepositoryFolder(tmp_path, "project")
    folder.path.mkdir(parents=True)
    with pytest.raises(IndexingError, match="out of luck"), IndexWriter(folder, FailingOnce(fails_at)) as writer:
        for chunk in chunks(2000):
            writer.add(chunk)
        writer.finish()
    with IndexWriter(folder, FailingOnce(0)) as writer:
        rows = {chunk.id: writer.add(chunk) for chunk in chunks(2000)}
        writer.finish()
    lexicon = Lexicon(folder.lexicon)
    assert Matrix(folder.matrix, 4).n_rows == 2000
    assert all(lexicon.get(row).id == chunk_id for chunk_id, row in list(rows.items())[::97])


def test_rows_are_kept_while_a_build_runs(tmp_path: Path) -> None:
    """A long build commits on its way: what is killed late loses little of the lexicon and the matrix."""
    folder = RepositoryFolder(tmp_path, "project")
    folder.path.mkdir(parents=True)
    with IndexWriter(folder, FailingOnce(0)) as writer:
        for chunk in chunks(9000):
            writer.add(chunk)
        deadline = time.monotonic() + 60  # storing goes on on a thread of its own
        while Matrix(folder.matrix, 4).n_rows < 4096 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert 4096 <= Matrix(folder.matrix, 4).n_rows < 9000
        writer.finish()
    assert Matrix(folder.matrix, 4).n_rows == 9000


@pytest.mark.parametrize(("store", "step"), [(LexiconWriter, "drop_rows_from"), (MatrixWriter, "read_ids")])
def test_stores_that_cannot_be_opened_are_closed_and_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: type, step: str
) -> None:
    """A step that fails while the stores are opened leaves none open, and is told in one line."""
    folder = RepositoryFolder(tmp_path, "project")
    folder.path.mkdir(parents=True)
    closed: list[VectorStore] = []
    close = VectorStore.close

    def fail(*_: object) -> None:
        raise ValueError("out of luck")

    monkeypatch.setattr(VectorStore, "close", lambda each: (closed.append(each), close(each)))
    monkeypatch.setattr(store, step, fail)
    with (
        pytest.raises(IndexingError, match=r"^Chunks cannot be stored \(out of luck\)\. .*Run the same command again"),
        IndexWriter(folder, FailingOnce(0)),
    ):
        pass
    assert len(closed) == 1
    LexiconWriter(folder.lexicon)  # raises while another one is open
