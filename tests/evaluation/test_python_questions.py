"""The head of one order, as far as there are questions; where there is none a line says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.errors import HarvestError
from eval.python_questions import DEFAULT_N_QUESTIONS, choose_questions, harvest_questions
from eval.sources import read_python_files
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
        ({"a.js": "let a = 1"}, "no Python files that are indexed, and this measurement asks about Python files alone"),
        ({"a.py": "import os"}, "the 1 Python file of .*larger --repo"),
    ],
)
def test_no_question_is_one_line(tmp_path: Path, files: dict[str, str], words: str) -> None:
    """No Python, or nothing to ask about it: the line says what to do."""
    source = open_folder(tmp_path, files)
    with pytest.raises(HarvestError, match=words) as caught:
        choose_questions(read_python_files(source, 1000).files, source.origin, limit=None, seed=0)
    assert "\n" not in str(caught.value)


def test_the_limit_takes_the_head_of_the_order(tmp_path: Path) -> None:
    """A smaller run asks the first questions of a larger one, which asks all if it wants more than there are."""
    source = open_folder(tmp_path, {"a.py": constants(80)})
    python = read_python_files(source, 10_000).files
    few, many, default = (choose_questions(python, source.origin, limit=limit, seed=0) for limit in (5, 90, None))
    assert (len(few), len(many), len(default)) == (5, 80, DEFAULT_N_QUESTIONS)
    assert many[:5] == few


def test_identity_and_order_depend_on_files_and_seed_only() -> None:
    """The same files give the same questions in the same order, however they are listed; a seed gives another order."""
    files = [(f"garden/m{n}.py", f"SIZE_{n}A = {n + 20}\nSIZE_{n}B = {n + 40}") for n in range(9)]
    first, again, other = (harvest_questions(f, s) for f, s in ((files, 1), (files[::-1], 1), (files, 2)))
    assert first == again
    assert first != other
    assert len({question.id for question in first}) == 18


def test_kinds_take_turns() -> None:
    """A rare kind comes among the first, and does not end the order."""
    text = constants(8) + "\nclass Gate(Barrier):\n    pass\n"
    assert [question.kind for question in harvest_questions([("garden/gate.py", text)], 0)] == [
        *("constant", "base"),
        *("constant",) * 7,
    ]
