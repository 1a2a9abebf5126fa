"""Tries a changed file: puts it into a copy of the repository and runs the tests that decide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .records import TestRecord, TestReport, Trial
from .tested import TestedRepository


class Trials:
    """A working copy of a repository, as it was before each trial. Used by one thread at a time; a context manager."""

    def __init__(self, repository: TestedRepository) -> None:
        raise NotImplementedError

    def __enter__(self) -> Trials:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Remove the copy."""

    def try_text(self, path: str, text: str, tests: Sequence[TestRecord]) -> Trial:
        """Run ``tests`` with ``text`` as the file at ``path``, up to the first that fails."""
        raise NotImplementedError

    def run(
        self, tests: Sequence[TestRecord], *, plugins: Sequence[Path] = (), output: Path | None = None
    ) -> TestReport:
        """Run ``tests`` on the unchanged repository with more pytest plugins (files), all of them to the end.

        What the plugins write into the folder that the environment variable ``QUARRY_OUTPUT`` names is moved to
        ``output``.
        """
        raise NotImplementedError
