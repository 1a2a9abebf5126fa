"""A repository, opened for tasks that run its tests: checked out, with an interpreter, its functions and coverage."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import filelock

from eval.cases import Case
from eval.errors import HarvestError
from eval.sandbox import Sandbox, key_within
from eval.tasks.base import TaskInput, sandbox_of
from eval.tasks.python_source import is_own_code, is_test_file

from .checkout import Checkout, check_out
from .coverage_map import NOTHING_FOUND, CoverageMap, map_coverage, map_file
from .environment import Environment, open_environment
from .functions import choose_candidates, find_functions, find_test_files
from .records import Function, TestRecord
from .running import says_where_tests_are
from .working_copy import WorkingCopy

MAX_DECIDING_TESTS = 50
_DECIDING_SECONDS = 5.0  # of their own time: starting them takes about half a second


@dataclass(frozen=True, slots=True)
class TestedRepository:
    """A repository whose tests were run.

    ``checkout`` is a copy of the whole repository that nobody changes, with a digest of its content.

    ``functions`` are all that the Python files of the index define; ``candidates`` those of them that are worth asking
    for, ``left_out`` how many are not and why. ``folder`` is for what is kept, ``conditions`` names there what tests
    said under this environment and sandbox. ``notes`` are for the user. ``test_files`` are those that the index would
    hold.
    """

    checkout: Checkout
    folder: Path
    environment: Environment
    sandbox: Sandbox
    functions: Sequence[Function]
    candidates: Sequence[Function]
    left_out: Counter[str]
    coverage: CoverageMap
    conditions: str
    notes: Sequence[str] = ()
    test_files: Set[str] = frozenset()

    __test__: ClassVar[bool] = False  # no test, whatever pytest thinks of the name

    def deciding_tests(self, function: Function) -> list[TestRecord]:
        """The passing tests that execute the function's body, empty where there is none.

        Capped by number and time: of each test function one set of parameters first, then a second, the quickest first.
        """
        tests = [self.coverage.tests[name] for name in self.coverage.covering.get(function.key, ())]
        tests = sorted((t for t in tests if t.outcome == "passed"), key=lambda test: (round(test.seconds, 1), test.id))
        turns: Counter[str] = Counter()
        ranked: list[tuple[int, TestRecord]] = []
        for test in tests:
            test_function = test.id.partition("[")[0]
            ranked.append((turns[test_function], test))
            turns[test_function] += 1
        chosen: list[TestRecord] = []
        left = _DECIDING_SECONDS
        for _, test in sorted(ranked, key=lambda pair: pair[0])[:MAX_DECIDING_TESTS]:
            if not chosen or test.seconds <= left:
                chosen.append(test)
                left -= test.seconds
        return chosen

    def decides(self, case: Case) -> bool:
        """Whether the function that ``data["function"]`` names is there, and all tests of ``data["tests"]`` pass."""
        passing = {name for name, test in self.coverage.tests.items() if test.outcome == "passed"}
        is_there = any(function.key == case.data["function"] for function in self.functions)
        return is_there and passing.issuperset(case.data["tests"])

    def is_own_code(self, path: str) -> bool:
        """Whether functions of a file may be asked for: no tests, documentation, examples, builds or vendored code."""
        return is_own_code(path) and path not in self.test_files

    def covered_lines(self, function: Function) -> set[int]:
        """Lines of the body that some test executes."""
        return set(self.coverage.lines.get(function.key, ()))

    def text_of(self, path: str) -> str:
        """The text of a file that the index would hold."""
        return self.checkout.texts[path]

    def new_copy(self, name: str) -> WorkingCopy:
        """A copy to run tests in. ``name`` tells it from others that this process has open."""
        return WorkingCopy(self.checkout.folder, self.environment.added, self.folder / "work" / f"{name}-{os.getpid()}")


def _sweep(work: Path) -> None:
    """Remove copies of processes that ended without doing so. Their names end in the process's id."""
    for copy in work.glob("*-*"):
        pid = copy.name.rpartition("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(copy, ignore_errors=True)


def _hold(lock: Path, on_progress: Callable[[str], None]) -> AbstractContextManager[object]:
    """The lock, as a context manager. What is waited for, which may take half an hour, is said."""
    held = filelock.FileLock(lock)
    try:
        return held.acquire(timeout=0)
    except filelock.Timeout:
        on_progress("another start installs this repository or runs its tests: waiting for it to finish")
        return held.acquire()


def _files(folder: Path) -> Iterator[str]:
    """Paths of all files below a folder, relative to it."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def open_tested_repository(given: TaskInput) -> TestedRepository:
    """Check out, make an environment, run the tests once with coverage. All of it is kept for the next time.

    It lies in ``tested`` beside ``given.folder``, so that tasks of one repository share it. Raises HarvestError without
    Python files or tests that pass, EnvironmentFailed where they cannot be run, SandboxMissing without a sandbox.
    """
    if given.source is None:
        raise HarvestError("This task is made from a repository: give one with --repo.")
    sandbox = sandbox_of(given)
    parent = given.folder.parent / "tested"
    parent.mkdir(parents=True, exist_ok=True)
    with _hold(parent / "lock", given.on_progress):  # another start may make the same things
        checkout = check_out(given.source, parent, given.max_file_bytes)
        if not any(path.endswith(".py") for path in checkout.texts):
            raise HarvestError(
                f"{given.source.origin} holds no Python files that are indexed, and this task is for Python: give "
                "another --repo."
            )
        if not (any(map(is_test_file, _files(checkout.folder))) or says_where_tests_are(checkout.folder)):
            raise HarvestError(NOTHING_FOUND)  # now, and not after everything was installed
        folder = parent / checkout.content
        _sweep(folder / "work")
        environment = open_environment(checkout.folder, folder, given.python, given.on_progress)
        functions = find_functions(checkout.texts)
        conditions = key_within(sandbox, environment.fingerprint)
        kept = map_file(folder, conditions, checkout.folder)
        copy = WorkingCopy(checkout.folder, environment.added, folder / "work" / f"coverage-{os.getpid()}")
        try:
            coverage = map_coverage(sandbox, environment, copy, functions, kept, given.on_progress)
        finally:
            copy.close()
    test_files = find_test_files(checkout.texts, functions, coverage.tests.values())
    own = {path: text for path, text in checkout.texts.items() if path not in test_files}
    candidates, left_out = choose_candidates(own)
    return TestedRepository(
        checkout, folder, environment, sandbox, functions, candidates, left_out, coverage, conditions,
        (*environment.notes, *coverage.notes), test_files,
    )  # fmt: skip
