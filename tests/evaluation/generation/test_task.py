"""The task's harvest: what is asked, in which order, what is indexed, and what is left out where a tool is missing."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from eval.errors import HarvestError, SandboxMissing
from eval.sandbox import Sandbox, open_sandbox
from eval.tasks.base import Harvest, TaskInput
from eval.tasks.generation import task as task_module
from eval.tasks.generation.task import TASK, balance, find_helpers


@pytest.fixture
def given(tmp_path: Path) -> TaskInput:
    """What the task is given; nothing is run, so that the sandbox may be any."""
    return TaskInput(
        source=None,
        repo="saltquay",
        folder=tmp_path,
        seed=3,
        limit=None,
        max_file_bytes=1_000_000,
        python=None,
        sandbox=open_sandbox(unsafe=True),
        on_progress=lambda line: None,
    )


def _only_python(language: str, sandbox: Sandbox) -> str | None:
    return None if language == "python" else "not installed"


@pytest.fixture
def with_all_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every language and the browser were here."""
    monkeypatch.setattr(task_module, "why_missing", lambda language, sandbox: None)


def test_every_kind_is_asked_and_ids_are_unique(given: TaskInput, with_all_tools: None) -> None:
    """Python with and without the library, the review's, five languages and pages, each once."""
    harvest = TASK.harvest(given)
    kinds = Counter(case.kind for case in harvest.cases)
    assert set(kinds) == {"plain", "library", "review", "variant", "javascript", "java", "go", "rust", "cpp", "web"}
    assert len({case.id for case in harvest.cases}) == len(harvest.cases) <= TASK.default_limit
    assert not harvest.notes
    assert {case.language for case in harvest.cases if case.kind == "web"} == {"html"}


def test_any_head_is_balanced(given: TaskInput, with_all_tools: None) -> None:
    """Of the first twenty no kind has more than two, and the limit gives just the head."""
    whole = TASK.harvest(given).cases
    assert max(Counter(case.kind for case in whole[:20]).values()) == 2
    assert TASK.harvest(dataclasses.replace(given, limit=7)).cases == whole[:7]


def test_order_is_the_seeds(given: TaskInput, with_all_tools: None) -> None:
    """The same seed gives the same order, another one another of the same cases."""
    cases = TASK.harvest(given).cases
    assert balance(sorted(cases, key=lambda case: case.id), 5) == balance(sorted(cases, key=lambda case: case.id), 5)
    other = TASK.harvest(dataclasses.replace(given, seed=4)).cases
    assert [case.id for case in other] != [case.id for case in cases]
    assert {case.id for case in other} == {case.id for case in cases}


def test_missing_tools_are_said(given: TaskInput, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each language that is not here, and the pages without a browser, leave a line that says so."""
    monkeypatch.setattr(task_module, "why_missing", _only_python)
    harvest = TASK.harvest(given)
    assert {case.language for case in harvest.cases} == {"python"}
    assert len(harvest.notes) == 6
    assert "Go: not installed; 16 problems are left out" in harvest.notes
    assert "web pages: not installed; 8 problems are left out" in harvest.notes


def test_what_is_missing_is_made_up_for(given: TaskInput, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit is met by cases that can be run, and only what would be asked is tried out."""
    monkeypatch.setattr(task_module, "why_missing", _only_python)
    assert len(TASK.harvest(dataclasses.replace(given, limit=9)).cases) == 9
    tried: list[str] = []
    monkeypatch.setattr(task_module, "why_missing", lambda language, sandbox: tried.append(language))
    TASK.harvest(dataclasses.replace(given, limit=1))
    assert len(tried) == 1


def test_nothing_that_can_be_run_is_an_error(given: TaskInput, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even Python runs in the sandbox, the reason is said."""
    monkeypatch.setattr(task_module, "why_missing", lambda language, sandbox: "no such program")
    with pytest.raises(HarvestError, match="no such program"):
        TASK.harvest(given)


def test_only_the_library_is_indexed(given: TaskInput, with_all_tools: None) -> None:
    """The tree holds the library's modules and neither problems nor references, also after a second harvest."""
    for _ in range(2):
        harvest: Harvest = TASK.harvest(given)
    assert harvest.tree is not None
    files = [path.relative_to(harvest.tree).as_posix() for path in harvest.tree.rglob("*") if path.is_file()]
    assert len(files) >= 11 and all(file.startswith("saltquay/") and file.endswith(".py") for file in files)


def test_sources_are_the_lines_of_the_helpers(given: TaskInput, with_all_tools: None) -> None:
    """A case's sources are the definitions that the reference imports, whole, and lie in the tree."""
    harvest = TASK.harvest(given)
    assert harvest.tree is not None
    for case in harvest.cases:
        assert bool(case.sources) == (case.kind == "library")
        for span in case.sources:
            lines = (harvest.tree / span.path).read_text().splitlines()[span.start_line - 1 : span.end_line]
            assert lines[0].startswith(("def ", "class ", "@")) and all(line[:1] in ("", " ") for line in lines[2:])


def test_helpers_of_no_library_are_none() -> None:
    """A reference that imports the standard library alone has no sources."""
    assert find_helpers("import re\nfrom datetime import date\n") == []


def test_without_a_sandbox_nothing_is_run(given: TaskInput) -> None:
    """The task says what is missing before anything is asked."""
    with pytest.raises(SandboxMissing):
        TASK.harvest(dataclasses.replace(given, sandbox=None))
