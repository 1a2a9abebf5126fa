"""What comes before the first question: files by the index's rules, enough questions, one folder a configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eval.errors import HarvestError
from eval.prepare import DEFAULT_N_QUESTIONS, choose_questions, default_folder, read_python_files
from eval.records import RunConfig
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


def test_only_python_files_that_are_indexed_are_read(tmp_path: Path) -> None:
    """What the index leaves out is not asked about: vendored, generated, empty, too large, and other languages."""
    source = open_folder(
        tmp_path,
        {
            "src/garden/gate.py": "SIZE = 3",
            "node_modules/x.py": "SIZE = 3",
            "garden/api_pb2.py": "SIZE = 3",
            "garden/__init__.py": "\n",
            "garden/large.py": "#" * 2000,
            "garden/gate.js": "const SIZE = 3",
        },
    )
    assert read_python_files(source, 1000).files == [("src/garden/gate.py", "SIZE = 3")]


def test_the_fingerprint_is_of_all_files(tmp_path: Path) -> None:
    """Retrieval reads other files too, so a change of any of them is another configuration."""
    one = open_folder(tmp_path / "one", {"a.py": "SIZE = 3", "README.md": "Hello"})
    same = open_folder(tmp_path / "same", {"a.py": "SIZE = 3", "README.md": "Hello"})
    other = open_folder(tmp_path / "other", {"a.py": "SIZE = 3", "README.md": "Hello!"})
    fingerprints = [read_python_files(source, 1000).content for source in (one, same, other)]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


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


def test_a_configuration_has_its_own_folder(tmp_path: Path, config: RunConfig) -> None:
    """Equal configurations share a folder, others do not, and the name tells what was run."""
    folder = default_folder(tmp_path, config)
    assert folder == default_folder(tmp_path, replace(config))
    assert folder != default_folder(tmp_path, replace(config, seed=1))
    assert folder.name.startswith("garden-questions-stand-in-model-")
