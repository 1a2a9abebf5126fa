"""Chunks into the stores of one repository: embed, then Chroma, lexicon, matrix, in that order.

The order is what makes a killed build harmless. A row of the matrix exists only once Chroma and the lexicon
hold its chunk, and a search only sees rows that a manifest names. What a killed build left in Chroma is
found there by the next one and not embedded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import TracebackType

import numpy as np

from .embedding import Encoder, Vectors
from .errors import WRITE_AGAIN, IndexingError, QuarryError
from .index_folder import RepositoryFolder
from .lexicon import LexiconWriter
from .matrix import Lengths, MatrixWriter
from .records import Chunk
from .vectors import VectorStore

# Chunks are embedded and handed on in batches that grow: small ones first, so that storing begins early in a small
# build; then large ones, which Chroma stores at a third of the time a chunk.
_FIRST_BATCH_CHUNKS, _LAST_BATCH_CHUNKS = 512, 2048
_CHECKPOINT_CHUNKS = 4096  # a killed build loses at most this much of the lexicon, and no embedding
_MAX_BATCHES_WAITING = 2  # bounds memory: whoever adds chunks waits for the stores


class IndexWriter:
    """Adds chunks to one repository. Use as a context manager; the caller holds the repository's lock.

    Embeds on the caller's thread and stores on one of its own, which takes about as long. ``n_embedded`` counts
    the chunks that no store had yet, once ``finish`` has returned. Entering raises IndexingError or OSError if the
    stores cannot be opened; none is open then.
    """

    def __init__(self, folder: RepositoryFolder, encoder: Encoder) -> None:
        self._folder, self._encoder = folder, encoder
        # There while chunks may be in Chroma that are not in the matrix: then a build was killed in between.
        self._unfinished = folder.data / "unfinished"
        self._new_rows: dict[str, int] = {}
        self._batch: list[Chunk] = []
        self._batch_chunks = _FIRST_BATCH_CHUNKS
        self._uncommitted: list[tuple[int, Sequence[str], Vectors, Lengths]] = []
        self._waiting: list[Future[None]] = []
        self._failed = False
        self.n_embedded = 0

    def __enter__(self) -> IndexWriter:
        # The lock is let go of after a failure, and the stores must be closed by then.
        with explained(), ExitStack() as opened:
            self._matrix = MatrixWriter(self._folder.matrix, self._encoder.dim)
            self._chroma = opened.enter_context(VectorStore(self._folder.chroma))
            self._lexicon = opened.enter_context(LexiconWriter(self._folder.lexicon))
            self._lexicon.drop_rows_from(self._matrix.n_rows)
            self._resuming = self._unfinished.exists()
            self._ids_before = self._matrix.read_ids()
            self._first_new_row = self._matrix.n_rows
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="index-writer")
            self._stores = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        with explained():
            self._stores.__exit__(kind, error, trace)

    def add(self, chunk: Chunk) -> int:
        """Take a chunk in, if it is new, and return its row."""
        row = self._new_rows.get(chunk.id)
        if row is None:
            row = self._ids_before.find(chunk.id)
        if row is None:
            row = self._first_new_row + len(self._new_rows)
            self._new_rows[chunk.id] = row
            self._batch.append(chunk)
            if len(self._batch) >= self._batch_chunks:
                self._send()
                self._batch_chunks = min(2 * self._batch_chunks, _LAST_BATCH_CHUNKS)
        return row

    def finish(self) -> None:
        """Wait until all that was added is stored and on disk."""
        self._send()
        self._waiting.append(self._pool.submit(self._checkpoint))
        while self._waiting:
            self._wait_for_oldest()
        self._unfinished.unlink(missing_ok=True)

    def _send(self) -> None:
        """Embed the batch, and hand it over to be stored. Its rows follow one another."""
        if not self._batch:
            return
        chunks, self._batch = self._batch, []
        self._unfinished.touch()
        first_row = self._new_rows[chunks[0].id]
        with explained():
            vectors = self._chroma.get([chunk.id for chunk in chunks]) if self._resuming else {}
            new = [chunk for chunk in chunks if chunk.id not in vectors]
            encoded = self._encoder.encode_documents([chunk.embedded_text for chunk in new])
        vectors.update(zip((chunk.id for chunk in new), encoded, strict=True))
        self.n_embedded += len(new)
        in_order = np.stack([vectors[chunk.id] for chunk in chunks])
        self._waiting.append(self._pool.submit(self._store, first_row, chunks, in_order, new, encoded))
        while len(self._waiting) > _MAX_BATCHES_WAITING:
            self._wait_for_oldest()

    def _wait_for_oldest(self) -> None:
        with explained():
            self._waiting.pop(0).result()

    def _store(
        self, first_row: int, chunks: Sequence[Chunk], vectors: Vectors, new: Sequence[Chunk], encoded: Vectors
    ) -> None:
        """Store one batch. After a failure nothing more is stored, so that rows follow one another without a gap."""
        if self._failed:
            return
        try:
            self._chroma.add(new, encoded)
            lengths = [self._lexicon.add(row, chunk) for row, chunk in enumerate(chunks, first_row)]
            ids = [chunk.id for chunk in chunks]
            self._uncommitted.append((first_row, ids, vectors, np.asarray(lengths, dtype=np.uint32)))
            if sum(len(ids) for _, ids, _, _ in self._uncommitted) >= _CHECKPOINT_CHUNKS:
                self._checkpoint()
        except BaseException:
            self._failed = True
            raise

    def _checkpoint(self) -> None:
        if self._failed:
            return
        self._lexicon.commit()
        for first_row, ids, vectors, lengths in self._uncommitted:
            self._matrix.append(first_row, ids, vectors, lengths)
        self._uncommitted.clear()


@contextmanager
def explained() -> Iterator[None]:
    """Whatever Chroma, tantivy or an encoder raises becomes one line: they have many types, also from Rust."""
    try:
        yield
    except (QuarryError, OSError):
        raise
    except Exception as error:
        raise IndexingError(f"Chunks cannot be stored ({error}). {WRITE_AGAIN}") from error
