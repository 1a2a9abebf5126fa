"""Chunks, places and little repositories for the tests of the retrieval task."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from indexer.records import Chunk

MakeChunk = Callable[..., Chunk]


@pytest.fixture
def make_chunk() -> MakeChunk:
    """Makes a chunk of some lines of a file; its text is a line ``x`` for each."""

    def make(path: str, start: int = 1, end: int = 10, text: str | None = None) -> Chunk:
        body = text if text is not None else "\n".join("x" for _ in range(start, end + 1))
        return Chunk(f"{path}:{start}", path, start, end, "", "function", "python", body, "blob")

    return make


def write_questions(path: Path, *questions: Mapping[str, Any]) -> Path:
    """Write a JSONL file."""
    path.write_text("".join(json.dumps(question) + "\n" for question in questions))
    return path


PEN = {
    "pen/sheep.py": "def count_sheep(flock):\n    return len(flock)\n\n\ndef shear(sheep):\n    return sheep.wool\n",
    "pen/gate.py": "def open_gate(gate):\n    gate.is_open = True\n",
    "README.md": "# Pen\n\nKeeps animals.\n",
}
TILL = {
    "coins.go": "package till\n\nfunc CountCoins(coins []int) int {\n\treturn len(coins)\n}\n",
    "receipt.go": "package till\n\nfunc PrintReceipt(lines []string) string {\n\treturn lines[0]\n}\n",
}


@pytest.fixture
def suite(tmp_path: Path, make_repo: Callable[..., Any]) -> tuple[Path, Path]:
    """A suite of two repositories, a git checkout and a plain folder, with its checkouts."""
    folder, checkouts = tmp_path / "suite", tmp_path / "checkouts"
    folder.mkdir()
    checkouts.mkdir()
    pen = make_repo(PEN, "pen")
    (checkouts / "pen").symlink_to(pen.path)
    _write_folder(checkouts / "till" / "src", TILL)
    entries = [
        {"name": "pen", "language": "python", "commit": pen.git("rev-parse", "HEAD"), "root": "pen", "url": "u"},
        {"name": "till", "language": "go", "url": "https://example.org/till.git", "root": "src"},
    ]
    (folder / "repos.json").write_text(json.dumps(entries))
    write_questions(
        folder / "pen.jsonl",
        {"query": "count_sheep", "relevant": [{"path": "pen/sheep.py"}], "category": "symbol"},
        {
            "query": "how is a gate opened",
            "relevant": [{"path": "pen/gate.py", "start_line": 1, "end_line": 2}],
            "category": "semantic",
        },
    )
    write_questions(
        folder / "till.jsonl",
        {"query": "count the coins", "relevant": [{"path": "src/coins.go"}], "category": "semantic"},
    )
    return folder, checkouts


def _write_folder(folder: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


@pytest.fixture
def evaluation_home(home: Path) -> Path:
    """A home in which the evaluations' own home has its scanner compiled too."""
    own = home / "evaluations" / "retrieval" / "cache"
    own.mkdir(parents=True)
    shutil.copytree(home / "cache" / "secret-rules", own / "secret-rules")
    return home
