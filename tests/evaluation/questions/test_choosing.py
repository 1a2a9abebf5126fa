"""Enough questions for what was asked, the head of one order; else a line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.errors import HarvestError
from eval.sources import read_python_files
from eval.tasks.questions.harvest import DEFAULT_N_QUESTIONS, choose_questions
from indexer.repository import Source, open_source


def open_folder(path: Path, files: dict[str, str]) -> Source:
    """A source of these files."""
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return open_source(str(path), clones=path / "clones")


def constants(n: int) -> str:
    """A file that gives ``n`` questions."""
    return "\n".join(f"SIZE_{i}X = {i + 100}" for i in range(n))


@pytest.mark.parametrize(
    ("files", "limit", "words"),
    [
        ({"a.js": "let a = 1"}, None, "no Python files"),
        ({"a.py": "import os"}, None, "larger --repo"),
        ({"a.py": "SIZE = 3"}, 5, "--limit 1 or fewer"),
    ],
)
def test_too_few_questions_are_one_line(tmp_path: Path, files: dict[str, str], limit: int | None, words: str) -> None:
    """No Python, no question, or fewer than were asked for: the line says what to do."""
    source = open_folder(tmp_path, files)
    with pytest.raises(HarvestError, match=words) as caught:
        choose_questions(source, read_python_files(source, 1000), limit=limit, seed=0)
    assert "\n" not in str(caught.value)


def test_the_limit_takes_the_head_of_the_order(tmp_path: Path) -> None:
    """A smaller run asks the first questions of a larger one; without a limit there are at most the default."""
    source = open_folder(tmp_path, {"a.py": constants(80)})
    python = read_python_files(source, 10_000)
    few, many, default = (choose_questions(source, python, limit=limit, seed=0) for limit in (5, 70, None))
    assert (len(few), len(many), len(default)) == (5, 70, DEFAULT_N_QUESTIONS)
    assert many[:5] == few
