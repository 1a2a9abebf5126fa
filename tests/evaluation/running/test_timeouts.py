"""What the clock ended is run again, whichever task it is of: its verdict says so, and is not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eval.cases import Case, Score
from eval.running.scores import KeepingScorer
from eval.running.store import KeptStore
from eval.sandbox import Outcome
from eval.tasks.base import Harvest, Scorer
from eval.tasks.completion import CompletionScorer
from eval.tasks.concurrency import task as concurrency
from eval.tasks.concurrency.catalogue import CATALOGUE as PROGRAMS
from eval.tasks.concurrency.scoring import ConcurrencyScorer
from eval.tasks.generation import task as generation
from eval.tasks.generation.catalogue import load_problems
from eval.tasks.generation.task import GenerationScorer
from eval.tasks.optimisation import task as optimisation
from eval.tasks.optimisation.catalogue import CATALOGUE as ITEMS
from eval.tasks.optimisation.scoring import OptimisationScorer
from eval.tasks.published.programs import judge, python_program
from eval.tasks.repair.task import RepairScorer
from eval.tasks.repository.functions import find_functions_in
from eval.tasks.repository.records import TestRecord, Trial
from eval.tasks.repository.tested import TestedRepository

TEXT = "def size(items):\n    count = len(items)\n    return count\n"
ANSWER = "```python\ndef size(items):\n    return len(items) + 1\n```"


class SlowSandbox:
    """Everything takes too long in it."""

    name = "slow"

    def run(self, command: Any, folder: Path, *, limits: Any = None, **_: object) -> Outcome:
        return Outcome("timed out", None, "", "", 20.0)


class SlowTrials:
    """The repository's tests take too long."""

    def __init__(self, repository: object) -> None:
        pass

    def try_text(self, path: str, text: str, tests: object) -> Trial:
        return Trial(False, "", "timed out after 20 s", True, 1, 20.0)

    def close(self) -> None:
        pass


@pytest.fixture
def harvest(monkeypatch: pytest.MonkeyPatch) -> Harvest:
    """Of a repository with a function and a test that decides it, which takes too long."""
    monkeypatch.setattr("eval.tasks.repository.answers.Trials", SlowTrials)
    opened: dict[str, Any] = {
        "checkout": SimpleNamespace(texts={"shop.py": TEXT}),
        "coverage": SimpleNamespace(tests={"t": TestRecord("t", "test_shop.py", "passed", 0.1)}),
        "functions": find_functions_in("shop.py", TEXT),
        "environment": None,
        "conditions": "",
    }
    return Harvest(
        [], opened=TestedRepository(folder=Path(), sandbox=SlowSandbox(), candidates=[], left_out=Counter(), **opened)
    )


def code(text: str) -> str:
    """An answer that is this code."""
    return f"```python\n{text}\n```"


def optimise(folder: Path, harvest: Harvest) -> Score:
    """An answer of ``optimisation``."""
    item = ITEMS[0]
    return OptimisationScorer(SlowSandbox(), folder).score(optimisation.make_case(item), code(item.read("original")))


def repair_races(folder: Path, harvest: Harvest) -> Score:
    """An answer of ``concurrency``."""
    program = PROGRAMS[0]
    return ConcurrencyScorer(SlowSandbox(), folder).score(concurrency.make_case(program), code(program.read("planted")))


def generate(folder: Path, harvest: Harvest) -> Score:
    """An answer of ``generation``."""
    problem = load_problems()[0]
    case = generation.make_case(problem, "python")
    return GenerationScorer(SlowSandbox()).score(case, code(problem.reference))


def run_published(folder: Path, harvest: Harvest) -> Score:
    """An answer to an item of a published set."""
    return judge(SlowSandbox(), python_program(Path("python3"), "pass"), "pass")


def complete(folder: Path, harvest: Harvest) -> Score:
    """An answer of ``completion``."""
    data = {"function": "shop.py::size", "tests": ["t"]}
    return CompletionScorer(harvest).score(Case("c", "completion", "", "shop.py", "", "", data=data), ANSWER)


def mend(folder: Path, harvest: Harvest) -> Score:
    """An answer of ``repair``."""
    place = TEXT.index("len")
    data = {"function": "shop.py::size", "name": "size", "tests": ["t"]}
    data |= {"line": 2, "start": place, "before": "len", "after": "max"}
    return RepairScorer(harvest).score(Case("c", "repair", "", "shop.py", "", "", data=data), ANSWER)


@pytest.mark.parametrize("score", [optimise, repair_races, generate, run_published, complete, mend])
def test_every_task_says_that_the_clock_ended_it(
    score: Callable[[Path, Harvest], Score], tmp_path: Path, harvest: Harvest
) -> None:
    """It is wrong, in the same words, and marked."""
    found = score(tmp_path, harvest)
    assert (found.verdict, found.timed_out) == ("wrong", True)
    assert "timed out after 20 s" in found.explanation


def test_a_verdict_that_a_later_version_kept_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that this version does not know is passed over."""

    class Asleep(Scorer):
        def score(self, case: Case, text: str) -> Score:
            raise AssertionError("the verdict is kept")

    store = KeptStore(tmp_path / "kept.sqlite")
    kept = {"verdict": "wrong", "explanation": "no", "mood": "good"}
    monkeypatch.setattr(store, "get", lambda key: kept)
    found = KeepingScorer(Asleep(), {}, store).score(Case("c", "t", "", "", "", ""), "x")
    store.close()
    assert found == Score("wrong", "no")


@pytest.mark.parametrize(("timed_out", "n_scored"), [(True, 2), (False, 1)])
def test_only_what_the_clock_ended_is_run_again(tmp_path: Path, timed_out: bool, n_scored: int) -> None:
    """The mark decides, not the words: a test's own message may speak of a time-out."""
    scored: list[str] = []

    class Words(Scorer):
        def score(self, case: Case, text: str) -> Score:
            scored.append(text)
            return Score("wrong", "TimeoutError: timed out", text, {"n_tests": 1.0}, timed_out)

    store = KeptStore(tmp_path / "kept.sqlite")
    keeping = KeepingScorer(Words(), {}, store)
    case = Case("c", "t", "", "", "", "")
    first, again = keeping.score(case, "x"), keeping.score(case, "x")
    store.close()
    assert (len(scored), first) == (n_scored, again)
