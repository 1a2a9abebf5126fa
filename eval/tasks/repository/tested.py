"""A repository, opened for tasks that run its tests: checked out, with an interpreter, its functions and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.sandbox import Sandbox
from eval.tasks.base import TaskInput

from .environment import Environment
from .records import Function, TestRecord


@dataclass(frozen=True, slots=True)
class TestedRepository:
    """``checkout`` is a copy of the whole repository that nobody changes; ``content`` names its state.

    ``functions`` are all that the Python files of the index define (tests' own are not among them), ``texts`` those
    files by path, ``tests`` every test that ran. ``notes`` are for the user. ``folder`` is for what is kept.
    """

    content: str
    folder: Path
    checkout: Path
    environment: Environment
    sandbox: Sandbox
    texts: Mapping[str, str]
    functions: Sequence[Function]
    tests: Mapping[str, TestRecord]
    covering: Mapping[str, Sequence[str]]
    notes: Sequence[str]

    def deciding_tests(self, function: Function, limit: int = 20) -> list[TestRecord]:
        """The passing tests that execute the function's body: the ``limit`` quickest, empty where there is none."""
        raise NotImplementedError

    def covered_lines(self, function: Function) -> set[int]:
        """Lines of the body that the deciding tests execute."""
        raise NotImplementedError


def open_tested_repository(given: TaskInput) -> TestedRepository:
    """Check out, make an environment, run the tests once with coverage; all of it kept beside ``given.folder``.

    Raises HarvestError without Python files or without tests that pass, EnvironmentFailed where they cannot be run,
    SandboxMissing without a sandbox.
    """
    raise NotImplementedError
