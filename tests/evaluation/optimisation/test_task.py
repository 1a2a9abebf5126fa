"""The cases of the task: the same for a seed, heads of them balanced, and a tree that holds the library alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.errors import SandboxMissing
from eval.tasks import load_task
from eval.tasks.base import TaskInput
from eval.tasks.optimisation.catalogue import BY_NAME


def given(folder: Path, seed: int = 0, limit: int | None = None) -> TaskInput:
    """What the task is given, without a sandbox."""
    return TaskInput(None, "", folder, seed, limit, 10**6, None, None, lambda line: None)


@pytest.mark.parametrize("name", ["optimisation", "concurrency"])
def test_cases_follow_the_seed(tmp_path: Path, name: str) -> None:
    """A seed gives one order, another seed another; a limit takes the head, and a head holds both kinds of cases."""
    task = load_task(name)
    ids = [case.id for case in task.harvest(given(tmp_path)).cases]
    assert ids == [case.id for case in task.harvest(given(tmp_path)).cases]
    assert sorted(ids) == sorted(case.id for case in task.harvest(given(tmp_path, seed=1)).cases)
    assert ids != [case.id for case in task.harvest(given(tmp_path, seed=1)).cases]
    head = task.harvest(given(tmp_path, limit=6)).cases
    assert [case.id for case in head] == ids[:6]
    assert 1 <= sum(bool(case.sources) for case in head) <= 5
    assert len(set(ids)) == len(ids) == task.default_limit


@pytest.mark.parametrize("name", ["optimisation", "concurrency"])
def test_tree_holds_the_sources_and_no_solution(tmp_path: Path, name: str) -> None:
    """What is indexed is the library: every source's lines are in it, and neither originals nor solutions."""
    harvest = load_task(name).harvest(given(tmp_path))
    assert harvest.tree is not None
    texts = {path.relative_to(harvest.tree).as_posix(): path.read_text() for path in harvest.tree.rglob("*.py")}
    for case in harvest.cases:
        for span in case.sources:
            assert span.end_line <= len(texts[span.path].splitlines())
        assert all((case.data.get("item") or case.data["program"]) not in text for text in texts.values())


@pytest.mark.parametrize("name", ["optimisation", "concurrency"])
def test_no_sandbox(tmp_path: Path, name: str) -> None:
    """Without a sandbox nothing is scored."""
    task = load_task(name)
    with pytest.raises(SandboxMissing):
        task.scorer(given(tmp_path), task.harvest(given(tmp_path)))


def test_prompt_names_no_helper(tmp_path: Path) -> None:
    """The prompt shows the function and the package, and not what would help."""
    for case in load_task("optimisation").harvest(given(tmp_path)).cases:
        item = BY_NAME[case.data["item"]]
        assert item.read("original") in case.prompt
        assert not any(helper.partition("::")[2] in case.prompt for helper in item.helpers)
