"""What is known of a repository whose tests can be run: its functions, its tests, and which test executes which.

Lines are 1-based and inclusive, paths relative to the repository's root with forward slashes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from eval.tasks.messages import without_addresses

_CUT = re.compile(r"\n\[\.\.\.\]\n.*")  # what is left out of a long account (see ``probe``), with half a line
TestOutcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method of a module, not one inside another function.

    ``name`` is dotted through its classes. ``start_line`` is that of its first decorator, ``def_line`` that of
    ``def``; its signature and docstring end at ``head_end_line``, its body is ``body_start_line`` to ``end_line``.
    """

    path: str
    name: str
    start_line: int
    def_line: int
    head_end_line: int
    body_start_line: int
    end_line: int
    docstring: str
    n_statements: int

    @property
    def key(self) -> str:
        """What names it within the repository."""
        return f"{self.path}::{self.name}"

    @property
    def last_name(self) -> str:
        """The name as it is defined, without the classes around it."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The class that a method belongs to, or an empty string."""
        return self.name.rpartition(".")[0]

    @property
    def n_body_lines(self) -> int:
        """Lines from the first statement to the last."""
        return self.end_line - self.body_start_line + 1


def ambiguous_keys(functions: Iterable[Function]) -> set[str]:
    """Keys that several functions have: a property's getter and setter, the definitions below ``if`` and ``else``."""
    counts = Counter(function.key for function in functions)
    return {key for key, count in counts.items() if count > 1}


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test as it ran on the unchanged repository. ``id`` is pytest's node id, ``message`` why it did not pass."""

    id: str
    path: str
    outcome: TestOutcome
    seconds: float
    message: str = ""

    @property
    def function_key(self) -> str:
        """The key of the function that the test is, if it is one: without its parameters."""
        path, _, name = self.id.partition("[")[0].partition("::")
        return f"{path}::{name.replace('::', '.')}"

    __test__: ClassVar[bool] = False  # no test, whatever pytest thinks of the name


@dataclass(frozen=True, slots=True)
class TestReport:
    """How a run of some tests ended.

    ``tests`` are those that finished, in their order. ``problem`` says in one line why the run itself failed (it was
    killed, nothing could be imported), empty where it did not. ``hung`` is the test that was running then.
    ``timed_out``: it took longer than it may.
    """

    tests: Sequence[TestRecord]
    problem: str
    hung: str
    seconds: float
    output: str
    timed_out: bool = False

    __test__: ClassVar[bool] = False

    @property
    def passed(self) -> bool:
        """Whether every test that ran passed, at least one did, and the run itself ended well."""
        outcomes = {test.outcome for test in self.tests}
        return not self.problem and "failed" not in outcomes and "passed" in outcomes


@dataclass(frozen=True, slots=True)
class Trial:
    """What the tests said of one changed file.

    ``failed_test`` and ``message`` are of the first test that did not pass: pytest's own account of it, capped; for a
    run that ended otherwise (a time-out, an import that failed) ``message`` says so and ``failed_test`` may be empty.
    """

    passed: bool
    failed_test: str
    message: str
    timed_out: bool
    n_tests: int
    seconds: float

    @property
    def reason(self) -> str:
        """One line that says why it did not pass; empty where it did."""
        if self.passed:
            return ""
        return f"{self.failed_test}: {self.error}" if self.failed_test else self.error

    @property
    def error(self) -> str:
        """The first line of what ended the test: of the last exception, where one was raised while handling another."""
        lines = without_addresses(_CUT.sub("", self.message)).strip().splitlines()
        last = len(lines) - 1
        while last >= 0 and not _is_error(lines[last]):
            last -= 1
        if last < 0:
            return lines[0] if lines else "no message"
        while last > 0 and _is_error(lines[last - 1]):
            last -= 1
        return lines[last][1:].strip()


def _is_error(line: str) -> bool:
    """Whether pytest marks a line of its account as said by the exception."""
    return line == "E" or line.startswith("E ")
