"""What a task is: it makes cases, says what must not be found, and scores an answer. How a case is asked is not its."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eval.cases import Case, Score
from eval.errors import SandboxMissing
from eval.sandbox import Sandbox

if TYPE_CHECKING:  # no verdict rests on what these modules are made of
    from assistant.records import Answer
    from eval.tasks.repository.environment import Environment
    from indexer.repository import Source


@dataclass(frozen=True, slots=True)
class TaskInput:
    """What cases are made from. ``source`` is None for a task about the model itself.

    ``folder`` is the task's own, kept between runs: environments, coverage maps, prepared trees. ``python`` is the
    interpreter that the repository's tests run in, None for one that is made. ``sandbox`` is None where there is none:
    a task that runs code then raises SandboxMissing. ``limit`` is the number of cases wanted, None for the task's own.
    ``on_progress`` takes a line to show. ``data`` is the file or folder of a published set, given by ``--data``.
    """

    source: Source | None
    repo: str
    folder: Path
    seed: int
    limit: int | None
    max_file_bytes: int
    python: Path | None
    sandbox: Sandbox | None
    on_progress: Callable[[str], None]
    data: Path | None = None


def sandbox_of(given: TaskInput) -> Sandbox:
    """The sandbox. Raises SandboxMissing where there is none."""
    if given.sandbox is None:
        raise SandboxMissing("this task runs the model's code, which needs a sandbox: install bubblewrap, or --unsafe")
    return given.sandbox


@dataclass(frozen=True, slots=True)
class Harvest:
    """The cases, in the order in which they are asked: any head of them is balanced.

    ``tree`` is the folder that is indexed in place of the repository: a copy without what must not be found (the
    bodies that are asked for, their near-copies, the tests that decide); a git repository with the cases' refs where
    they name any. None: the repository as it is. ``notes`` are
    lines for the user, such as how many functions were left out and why. ``environment`` is what a repository's tests
    run in, None where there are none. ``opened`` is what the task's own scorer goes on with. ``decides`` says of a case
    that an earlier harvest of the same repository made whether it can be scored by this one.
    """

    cases: Sequence[Case]
    tree: Path | None = None
    notes: Sequence[str] = ()
    environment: Environment | None = None
    opened: object = None
    decides: Callable[[Case], bool] = lambda case: True


class Scorer(ABC):
    """Judges answers of one harvest. Used by one thread at a time.

    ``is_verbatim``: it judges what the model wrote, before anything was taken for a citation.
    """

    is_verbatim: bool = False

    @abstractmethod
    def score(self, case: Case, text: str) -> Score:
        """What an answer is worth. Deterministic, but for measured times."""

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        """What the model is told after an answer that was not correct, for one more try; None for no more."""
        return None

    def extras(self, case: Case, answer: Answer) -> Mapping[str, Any]:
        """What goes to ``Result.extra``, as JSON. Called once for each case, with the first answer."""
        return {}


class Task(Protocol):
    """A task: what it is, its cases, and what judges the answers to them."""

    @property
    def name(self) -> str:
        """How it is called on the command line."""

    @property
    def version(self) -> int:
        """Raised when the same repository gives other cases, or the same answer another score."""

    @property
    def description(self) -> str:
        """One line, for a list of tasks."""

    @property
    def needs_repository(self) -> bool:
        """Whether cases are made from a repository."""

    @property
    def runs_code(self) -> bool:
        """Whether scoring executes what the model wrote."""

    @property
    def max_tokens(self) -> int:
        """The cap on an answer, in every arm."""

    @property
    def default_limit(self) -> int:
        """Cases of a run that sets no number."""

    def harvest(self, given: TaskInput) -> Harvest:
        """The cases. Raises HarvestError with a line that says why there are none and what to do."""

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """What judges the answers to this harvest."""
