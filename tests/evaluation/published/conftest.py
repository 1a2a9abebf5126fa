"""Tiny sets in the formats of the published ones, written for these tests, and what a task is given."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, Score
from eval.sandbox import Sandbox
from eval.tasks.base import Harvest, Task, TaskInput
from indexer.repository import Source

Write = Callable[[str, Sequence[Mapping[str, Any]]], Path]
Score_ = Callable[[Harvest, Case, str], Score]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a set's file: one JSON object a line."""

    def write_items(name: str, items: Sequence[Mapping[str, Any]]) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(item) + "\n" for item in items))
        return path

    return write_items


@pytest.fixture
def give(sandbox: Sandbox, tmp_path: Path) -> Callable[..., TaskInput]:
    """What a task is given: data, and a repository where it needs one."""

    def make(data: Path | None, source: Source | None = None, limit: int | None = None) -> TaskInput:
        folder = tmp_path / "tasks" / "one"
        folder.mkdir(parents=True, exist_ok=True)
        python = Path(sys.executable)
        return TaskInput(source, "garden", folder, 0, limit, 10**6, python, sandbox, lambda line: None, data)

    return make


@pytest.fixture
def scores(give: Callable[..., TaskInput]) -> Callable[..., dict[str, str]]:
    """The verdicts on several answers to the first case of a task."""

    def judge(task: Task, given: TaskInput, answers: Mapping[str, str]) -> dict[str, str]:
        harvest = task.harvest(given)
        scorer = task.scorer(given, harvest)
        return {name: scorer.score(harvest.cases[0], text).verdict for name, text in answers.items()}

    return judge
