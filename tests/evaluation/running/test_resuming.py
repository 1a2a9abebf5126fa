"""What a start takes over from the run folder, where the tests would make other cases today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case
from eval.errors import RunMismatch
from eval.running.folder import RunFolder, fingerprint_cases
from eval.running.records import TaskSetup
from eval.running.resuming import take_cases
from eval.tasks.base import Harvest
from eval.tasks.repository.environment import Environment
from eval.tasks.repository.history import GitHistory
from tests.evaluation.running.test_folder import make_setup
from tests.evaluation.running.test_run import results_of, value_of


def environment(fingerprint: str) -> Environment:
    """An interpreter with its packages."""
    return Environment(Path("python"), "3.11.7", fingerprint, ())


def give(task: Any, cases: Sequence[Case], fingerprint: str, decided: str = "q1 q2 q3") -> None:
    """From now on the task makes these cases, in this environment, whose tests decide the cases of these ids."""
    task.runs_code = True
    task.harvest = lambda given: Harvest(
        cases, environment=environment(fingerprint), decides=lambda case: case.id in decided.split()
    )


def test_cases_that_the_clock_decided_stay(bench: Any, task: Any, cases: list[Case], make_provider: Any) -> None:
    """A function whose tests ended in time only now displaces none that was asked for."""
    rose, oak, elm = cases
    give(task, [rose, oak], "one")
    bench.run(make_provider(value_of), "none", unsafe=True)
    give(task, [elm, replace(rose, data={"answer": "11"})], "one")
    provider = make_provider(value_of)
    bench.run(provider, "none,oracle", unsafe=True)
    assert len(provider.asked) == 2
    assert [(r.case_id, r.arm, r.score.verdict) for r in results_of(bench)] == [
        ("q1", "none", "wrong"), ("q1", "oracle", "correct"), ("q2", "none", "wrong"), ("q2", "oracle", "correct")
    ]  # fmt: skip
    assert any("would make other cases today" in line for line in bench.said)


def test_in_another_environment_its_tests_decide(bench: Any, task: Any, cases: list[Case], make_provider: Any) -> None:
    """Kept answers are scored again by the tests of today, but for cases that these decide no more."""
    rose, oak, elm = cases
    give(task, [rose, oak], "one")
    bench.run(make_provider(lambda messages: "99"), "none", unsafe=True)
    give(task, [replace(rose, data={"answer": "99"}), elm], "two", "q1 q3")
    provider = make_provider(value_of)
    bench.run(provider, "none", unsafe=True)
    assert provider.asked == []
    assert [(r.case_id, r.score.verdict) for r in results_of(bench)] == [("q1", "correct")]
    assert any("but for 1 of 2 cases, which they decide no more" in line for line in bench.said)
    assert any("scored otherwise than before (environment)" in line for line in bench.said)
    bench.run(provider, "none,oracle", unsafe=True)
    assert len(provider.asked) == 1  # the second start leaves out what the first one did
    assert [(r.case_id, r.arm) for r in results_of(bench)] == [("q1", "none"), ("q1", "oracle")]
    give(task, [rose, oak], "one")
    bench.run(provider, "none", unsafe=True)
    found = [(r.case_id, r.score.verdict) for r in results_of(bench) if r.arm == "none"]
    assert found == [("q1", "wrong"), ("q2", "wrong")]


def test_a_case_whose_tests_do_not_pass_any_more_is_left_out(
    bench: Any, task: Any, cases: list[Case], make_provider: Any
) -> None:
    """Also where the rest of what decides is as before: by fewer tests verdicts are others. None left is said."""
    rose, oak, _ = cases
    give(task, [rose, oak], "one")
    bench.run(make_provider(value_of), "none", unsafe=True)
    give(task, [rose, replace(oak, data={"answer": "21"})], "one", "q1")
    provider = make_provider(value_of)
    bench.run(provider, "none,oracle", unsafe=True)
    assert len(provider.asked) == 1
    assert {(r.case_id, r.arm) for r in results_of(bench)} == {("q1", "none"), ("q1", "oracle"), ("q2", "none")}
    give(task, [rose, replace(oak, data={"answer": "21"})], "one", "")
    with pytest.raises(RunMismatch, match="decide none of its cases now"):
        bench.run(provider, "none", unsafe=True)


def test_another_prompt_is_another_case(bench: Any, task: Any, cases: list[Case], make_provider: Any) -> None:
    """It is refused; but for what a failed test says in it, which is as the environment has it."""
    rose, oak, _ = cases
    shows_a_test = {"answer": "10", "failed_test": "t"}
    give(task, [replace(rose, data=shows_a_test), oak], "one")
    bench.run(make_provider(value_of), "none", unsafe=True)
    give(task, [replace(rose, data=shows_a_test, prompt="Soon: what does size_rose return?"), oak], "two")
    provider = make_provider(value_of)
    bench.run(provider, "none", unsafe=True)
    assert provider.asked == []
    give(task, [rose, replace(oak, prompt="Soon: what does size_oak return?")], "two")
    with pytest.raises(RunMismatch, match="cases was"):
        bench.run(provider, "none", unsafe=True)


def test_other_cases_of_another_task_are_refused(bench: Any, task: Any, cases: list[Case], make_provider: Any) -> None:
    """Where no tests decide which cases there are, or the task was changed, other cases are another run."""
    give(task, cases[:2], "one")
    bench.run(make_provider(value_of), "none", unsafe=True)
    task.version = 2
    give(task, cases[1:], "one")
    with pytest.raises(RunMismatch, match="cases was"):
        bench.run(make_provider(value_of), "none", unsafe=True)
    task.version = 1
    task.harvest = lambda given: Harvest(cases[1:])
    with pytest.raises(RunMismatch, match="cases was"):
        bench.run(make_provider(value_of), "none", unsafe=True)


def test_cases_whose_trees_are_gone_are_not_taken(tmp_path: Path, cases: list[Case]) -> None:
    """What is searched for a case is its ref of the tree: without it the arms could not be asked."""
    history = GitHistory(tmp_path / "tree", {"a.py": "a = 1\n"})
    known = [replace(case, ref=history.add(f"case-{case.id}", {})) for case in cases]
    gone = [replace(known[0], ref="case-gone"), *known[1:]]
    harvest = Harvest(known[1:], history.folder, environment=environment("one"))
    for held, taken in ((known, known), (gone, known[1:])):
        folder = RunFolder(tmp_path / held[0].ref)
        folder.claim(make_setup())
        setup = TaskSetup("garden", "sizes", 1, 3, 3, 16, fingerprint_cases(held), "i")
        folder.add_task(setup, held)
        assert list(take_cases(folder, harvest, setup).asked) == taken
