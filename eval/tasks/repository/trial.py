"""Tries a changed file: puts it into a copy of the repository and runs the tests that decide."""

from __future__ import annotations

import itertools
import shutil
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from eval.errors import TestsNotFound

from .records import TestRecord, TestReport, Trial
from .running import NO_TESTS, RunWishes, run_tests
from .tested import TestedRepository

_numbers = itertools.count()
_MIN_TEST_SECONDS = 5.0
_SLOWER = 5.0  # a right answer may be slower than the original by this factor
_START_SECONDS = 20.0  # for pytest, and for what the repository imports, on a busy machine


class Trials:
    """A working copy of a repository, as it was before each trial. Used by one thread at a time; a context manager."""

    def __init__(self, repository: TestedRepository) -> None:
        self._repository = repository
        self._copy = repository.new_copy(f"trials-{next(_numbers)}")
        self._warm: set[str] = set()  # test files that are compiled
        # Scorers have no end of their own: the copy goes with the last reference to it, or with the process.
        self._finalizer = weakref.finalize(self, self._copy.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the copy."""
        self._finalizer()

    def try_text(self, path: str, text: str, tests: Sequence[TestRecord]) -> Trial:
        """Run ``tests`` with ``text`` as the file at ``path``, up to the first that fails.

        It has passed if each of them passed. Raises SandboxError, TestsNotFound where none of them is there with the
        original text either.
        """
        self._warm_up({test.path for test in tests})
        self._copy.restore()
        self._copy.write(path, text)
        report = self._run(tests, stop_at_first=True)
        # Tests may be named by what the function gives them as parameters: such are gone with another function.
        if report.problem == NO_TESTS and not self.run(tests).tests:
            raise TestsNotFound(
                f"pytest found none of the {len(tests)} tests that decide: {report.output[-200:].strip()!r}"
            )
        return _judge(report, tests)

    def run(self, tests: Sequence[TestRecord], plugins: Sequence[Path] = (), kept: Path | None = None) -> TestReport:
        """Run ``tests`` on the unchanged repository to the end, with more pytest plugins (single files).

        They run in the repository's interpreter and may write into the folder that the environment variable
        QUARRY_OUTPUT names; it is copied to ``kept``.
        """
        self._copy.restore()
        report = self._run(tests, stop_at_first=False, plugins=plugins, compile=True)
        self._keep_warm({test.path for test in tests})
        if kept is not None:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self._copy.out / "kept", kept)
        return report

    def _run(
        self, tests: Sequence[TestRecord], *, stop_at_first: bool, plugins: Sequence[Path] = (), compile: bool = False
    ) -> TestReport:
        slowest = max((test.seconds for test in tests), default=0.0)
        wishes = RunWishes(
            files=sorted({test.path for test in tests}),
            select=[test.id for test in tests],
            test_seconds=max(_MIN_TEST_SECONDS, _SLOWER * slowest),
            seconds=_START_SECONDS + _SLOWER * sum(test.seconds for test in tests),
            stop_at_first=stop_at_first,
            plugins=plugins,
            compile=compile,
        )
        report, _ = run_tests(self._repository.sandbox, self._repository.environment, self._copy, wishes)
        return report

    def _warm_up(self, files: set[str]) -> None:
        """Import test files once on the unchanged repository: compiling them then is not part of every trial."""
        if files - self._warm:
            self._copy.restore()
            wishes = RunWishes(files=sorted(files - self._warm), select=[], compile=True, seconds=120)
            run_tests(self._repository.sandbox, self._repository.environment, self._copy, wishes)
            self._keep_warm(files)

    def _keep_warm(self, files: set[str]) -> None:
        self._copy.keep_compiled()
        self._warm |= files


def _judge(report: TestReport, tests: Sequence[TestRecord]) -> Trial:
    outcomes = {test.id: test for test in report.tests}
    failed = next((test for test in report.tests if test.outcome == "failed"), None)
    passed = not report.problem and all(test.id in outcomes and outcomes[test.id].outcome == "passed" for test in tests)
    if passed:
        return Trial(True, "", "", False, len(tests), report.seconds)
    if failed is not None:
        return Trial(False, failed.id, failed.message, False, len(tests), report.seconds)
    lost = "a test that passed before did not run to its end"
    message = report.problem if report.problem not in ("", NO_TESTS) else lost
    return Trial(False, report.hung, message, report.timed_out, len(tests), report.seconds)
