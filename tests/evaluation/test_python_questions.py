"""The head of one order, as far as there are questions; where there is none a line says what to do."""

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
    ("files", "words"),
    [
        ({"a.js": "let a = 1"}, "no Python files"),
        ({"a.py": "import os"}, "the 1 Python file of .*larger --repo"),
    ],
)
def test_no_question_is_one_line(tmp_path: Path, files: dict[str, str], words: str) -> None:
    """No Python, or nothing to ask about it: the line says what to do."""
    source = open_folder(tmp_path, files)
    with pytest.raises(HarvestError, match=words) as caught:
        choose_questions(source, read_python_files(source, 1000), limit=None, seed=0)
    assert "\n" not in str(caught.value)


def test_the_limit_takes_the_head_of_the_order(tmp_path: Path) -> None:
    """A smaller run asks the first questions of a larger one, which asks all if it wants more than there are."""
    source = open_folder(tmp_path, {"a.py": constants(80)})
    python = read_python_files(source, 10_000)
    few, many, default = (choose_questions(source, python, limit=limit, seed=0) for limit in (5, 90, None))
    assert (len(few), len(many), len(default)) == (5, 80, DEFAULT_N_QUESTIONS)
    assert many[:5] == few
