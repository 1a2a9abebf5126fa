"""A task of three cases about a small repository, and a home to run it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistant.settings import AssistantSettings
from eval.arms import parse_arms
from eval.cases import Case, Score, Span
from eval.running.progress import RunProgress
from eval.running.run import Run, RunOptions
from eval.tasks.base import Harvest, Scorer, TaskInput

FILES = {
    f"m{n}.py": f"def size_{name}():\n    return {n}0\n\n\ndef other_{name}(value):\n    return value\n"
    for n, name in ((1, "rose"), (2, "oak"), (3, "elm"))
} | {f"far/part_{n}.py": f"def far_{n}(number):\n    return number + {n}{n}\n" for n in range(24)}


def make_case(n: int, name: str, **fields: Any) -> Case:
    """The n-th case: what does ``size_<name>`` return?"""
    given: dict[str, Any] = {
        "id": f"q{n}",
        "task": "sizes",
        "kind": "size",
        "path": f"m{n}.py",
        "prompt": f"What does size_{name} return?",
        "query": f"size_{name}",
        "sources": [Span(f"m{n}.py", 1, 2)],
        "language": "python",
        "purpose": "code",
        "data": {"answer": f"{n}0"},
    }
    return Case(**{**given, **fields})


CASES = [make_case(n, name) for n, name in ((1, "rose"), (2, "oak"), (3, "elm"))]


@dataclass
class SizesTask(Scorer):
    """Asks for a number; tells the right one to whoever was wrong, if ``follows_up``."""

    name: str = "sizes"
    version: int = 1
    description: str = "sizes"
    needs_repository: bool = True
    runs_code: bool = False
    max_tokens: int = 16
    default_limit: int = 3
    follows_up: bool = False
    tree: Path | None = None
    scored: list[str] = field(default_factory=list)
    fails: Callable[[str], bool] = lambda text: False

    def harvest(self, given: TaskInput) -> Harvest:
        return Harvest(CASES[: given.limit or 3], self.tree)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        return self

    def score(self, case: Case, text: str) -> Score:
        self.scored.append(text)
        if self.fails(text):
            raise ZeroDivisionError("a bug\nof two lines")
        if not text.strip():
            return Score("unanswered", "empty")
        right = text.strip() == case.data["answer"]
        return Score("correct" if right else "wrong", f"expected {case.data['answer']}", text.strip(), {"length": 2.0})

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        return f"It is {case.data['answer']}." if self.follows_up else None


@pytest.fixture(scope="session")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The indexes of these tests, kept from one to the next as a home keeps them: an index takes a second."""
    return tmp_path_factory.mktemp("indexes")


@pytest.fixture(scope="session")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the cases are about. Whoever changes it takes a copy."""
    folder = tmp_path_factory.mktemp("repos") / "sizes"
    folder.mkdir()
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> SizesTask:
    """The task, found under any name."""
    made = SizesTask()
    monkeypatch.setattr("eval.running.run.load_task", lambda name: made)
    return made


@dataclass
class Bench:
    """Starts runs of the task on the repository into one folder."""

    repo: Path
    out: Path
    settings: AssistantSettings
    said: list[str] = field(default_factory=list)
    seen: list[RunProgress] = field(default_factory=list)

    def open(self, provider: Any, arms: str = "none,retrieval", **options: Any) -> Run:
        """A run that is ready to go."""
        given = {"tasks": ["sizes"], "repos": [str(self.repo)], "arms": parse_arms(arms), "out": self.out}
        return Run(RunOptions(**{**given, **options}), self.settings, provider, self.said.append, self.seen.append)

    def run(self, provider: Any, arms: str = "none,retrieval", **options: Any) -> None:
        """Run to the end."""
        opened = self.open(provider, arms, **options)
        try:
            opened.go()
        finally:
            opened.close()


@pytest.fixture
def bench(home: Path, indexes: Path, repo: Path, tmp_path: Path, task: SizesTask) -> Bench:
    """A bench with a home of its own."""
    (home / "evaluations").mkdir()
    (home / "evaluations" / "indexes").symlink_to(indexes)
    return Bench(repo, tmp_path / "out", AssistantSettings(home=home))


@pytest.fixture
def cases() -> list[Case]:
    """The three cases."""
    return CASES


@pytest.fixture
def new_case() -> Callable[..., Case]:
    """Makes a case; what a test does not name is as in the others."""
    return make_case
