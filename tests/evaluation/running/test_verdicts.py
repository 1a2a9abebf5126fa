"""What decides verdicts: which code, and who is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.running import verdicts
from eval.running.records import TaskSetup
from eval.running.verdicts import fingerprint_scoring, say_scored_again
from eval.tasks import TASKS

TASK = TaskSetup("garden", "sizes", 1, 3, 3, 16, "c", "i", scoring={"code": "a", "python": "3.11.7"})


@pytest.mark.parametrize(
    ("module", "inside", "outside"),
    [
        ("eval.tasks.questions.task", {"questions", "base.py"}, {"generation", "repository", "completion.py"}),
        ("eval.tasks.reasoning.task", {"reasoning", "questions", "repository"}, {"optimisation", "published"}),
        ("eval.tasks.completion", {"completion.py", "extraction.py", "fences.py", "repository"}, {"generation"}),
    ],
)
def test_code_of_a_task_is_what_it_imports(module: str, inside: set[str], outside: set[str]) -> None:
    """Whole packages, through others too, and no other task's."""
    parts = {part.name for part in verdicts._parts_of(module)}
    assert inside <= parts
    assert not outside & parts


def test_every_task_has_code_of_its_own() -> None:
    """Tasks of one module share it; a module that is none of ours has all of it."""
    modules = {place.partition(":")[0] for place in TASKS.values()}
    found = {fingerprint_scoring(module) for module in modules if ".published." not in module}
    assert len(found) == len([module for module in modules if ".published." not in module])
    assert fingerprint_scoring("tests.sizes") not in found


def test_the_user_is_told_what_changed() -> None:
    """The parts that differ by name; without any, the version; and where nothing was recorded, that."""
    assert "(python)" in say_scored_again(TASK, replace(TASK, scoring={"code": "a", "python": "3.12.1"}))
    assert "(version)" in say_scored_again(TASK, replace(TASK, version=2))
    assert "not known" in say_scored_again(replace(TASK, scoring={}), TASK)
