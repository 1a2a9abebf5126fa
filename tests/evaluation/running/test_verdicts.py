"""What decides verdicts: which code, and who is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.cases import Case
from eval.running import verdicts
from eval.running.records import TaskSetup
from eval.running.resuming import describe_rescoring
from eval.running.verdicts import describe_scoring, fingerprint_scoring
from eval.tasks import TASKS, load_task
from eval.tasks.base import Harvest
from eval.tasks.generation.catalogue import load_problems
from eval.tasks.generation.task import make_case

TASK = TaskSetup("garden", "sizes", 1, 3, 3, 16, "c", "i", scoring={"code": "a", "python": "3.11.7"})


@pytest.mark.parametrize(
    ("module", "inside", "outside"),
    [
        (
            "eval.tasks.questions.task",
            {"questions", "base.py", "statements.py", "definitions.py", "languages.py"},
            {"generation", "repository", "completion.py", "answer.py", "build.py"},
        ),
        ("eval.tasks.reasoning.task", {"reasoning", "questions", "repository"}, {"optimisation", "published"}),
        ("eval.tasks.completion", {"completion.py", "extraction.py", "fences.py", "repository"}, {"generation"}),
    ],
)
def test_code_of_a_task_is_what_it_imports(module: str, inside: set[str], outside: set[str]) -> None:
    """Whole packages, through others too, and no other task's; of assistant and indexer the modules that are used."""
    parts = {part.name for part in verdicts._parts_of(module)}
    assert inside <= parts
    assert not outside & parts


def test_every_task_has_code_of_its_own() -> None:
    """Tasks of one module share it; a module that is none of ours has all of it."""
    modules = {place.partition(":")[0] for place in TASKS.values()}
    found = {fingerprint_scoring(module) for module in modules if ".published." not in module}
    assert len(found) == len([module for module in modules if ".published." not in module])
    assert fingerprint_scoring("tests.sizes") not in found


def test_another_compiler_scores_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release of what a case's program runs in is recorded, and of no other."""
    task = load_task("generation")
    problems = [problem for problem in load_problems() if "javascript" in problem.languages]
    harvest = Harvest([make_case(problem, "javascript") for problem in problems])
    monkeypatch.setattr(verdicts, "describe_tools", lambda language: f"{language} 20.1")
    before, _ = describe_scoring(task, harvest, None, None)
    assert before["javascript"] == "javascript 20.1" and "java" not in before
    monkeypatch.setattr(verdicts, "describe_tools", lambda language: f"{language} 22.0")
    now, _ = describe_scoring(task, harvest, None, None)
    assert "(javascript)" in describe_rescoring(replace(TASK, scoring=before), replace(TASK, scoring=now))


def test_another_grammar_scores_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which block of an answer is the code is told by syntax trees: the releases of what parses it are recorded."""
    task = load_task("completion")
    harvest = Harvest([Case("c", "completion", "", "a.py", "", "", language="python")])
    before, _ = describe_scoring(task, harvest, None, None)
    assert [part.split()[0] for part in before["grammars"].split(", ")] == ["tree-sitter", "tree-sitter-python"]
    monkeypatch.setattr(verdicts, "version_of", lambda package: "99.1")
    now, _ = describe_scoring(task, harvest, None, None)
    assert now["grammars"] == "tree-sitter 99.1, tree-sitter-python 99.1"
    assert "(grammars)" in describe_rescoring(replace(TASK, scoring=before), replace(TASK, scoring=now))


def test_the_user_is_told_what_changed() -> None:
    """The parts that differ by name; without any, the version; and where nothing was recorded, that."""
    assert "(python)" in describe_rescoring(TASK, replace(TASK, scoring={"code": "a", "python": "3.12.1"}))
    assert "(version)" in describe_rescoring(TASK, replace(TASK, version=2))
    assert "not known" in describe_rescoring(replace(TASK, scoring={}), TASK)
