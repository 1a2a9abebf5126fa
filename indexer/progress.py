"""How far a build is, for whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .records import SourceFile


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is. Files and bytes are those that have to be read."""

    n_files_done: int
    n_files: int
    n_bytes_done: int
    n_bytes: int
    n_chunks: int
    elapsed_seconds: float

    @property
    def chunks_per_second(self) -> float:
        """Since the first file was read."""
        return self.n_chunks / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """By the share of bytes done; None before there is anything to go by."""
        if not self.n_bytes_done:
            return None
        return self.elapsed_seconds * (self.n_bytes - self.n_bytes_done) / self.n_bytes_done


class ProgressMeter:
    """Counts what a build has read, and tells so after every file."""

    def __init__(self, to_read: Sequence[SourceFile], on_progress: Callable[[Progress], None] | None) -> None:
        self._started, self._on_progress = time.perf_counter(), on_progress
        self._n_files, self._n_bytes = len(to_read), sum(file.n_bytes for file in to_read)
        self._n_files_done = self._n_bytes_done = self._n_chunks = 0

    def advance(self, file: SourceFile, n_chunks: int) -> None:
        """Count a file that is dealt with, and tell so."""
        self._n_files_done += 1
        self._n_bytes_done += file.n_bytes
        self._n_chunks += n_chunks
        if self._on_progress is not None:
            elapsed = time.perf_counter() - self._started
            self._on_progress(
                Progress(self._n_files_done, self._n_files, self._n_bytes_done, self._n_bytes, self._n_chunks, elapsed)
            )
