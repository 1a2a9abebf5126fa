"""A plan counts what a build then does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.plan import plan_index
from indexer.repository import WorktreeSource, open_source

Make = Callable[..., Any]


def test_a_plan_is_what_a_build_does(make_repo: Make, home: Path, build: Make) -> None:
    """Files, chunks and what is left out are the same in both."""
    python = "".join(f"def f{i}(x):\n" + f"    y = x + {i}\n" * 40 for i in range(20))
    files = {
        "a.py": python,
        "README.md": "# A\n\ntext\n",
        "x.bin": b"\0",
        "e.py": "",
        "raw": b"a\0b",
        "LICENSE": "words\n",
    }
    repo = make_repo(files)
    plan = plan_index(open_source(str(repo.path), clones=home), 1_000_000)
    report = build(home, repo.path)
    assert (plan.n_files, plan.n_chunks, plan.commit) == (report.n_files, report.n_chunks, report.commit)
    assert [(s.path, s.reason) for s in plan.skipped] == [(s.path, s.reason) for s in report.skipped]
    assert plan.languages == {"python": 1, "markdown": 1, "text": 1}
    assert plan.n_bytes == sum(len(files[path]) for path in ("a.py", "README.md", "LICENSE"))
    assert plan.estimated_seconds > 0


def test_a_file_that_goes_while_a_plan_is_made_is_left_out(
    make_repo: Make, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a build does, a plan names a file that is gone between the listing and its turn, and counts the others."""
    repo = make_repo({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    list_files = WorktreeSource.list_files

    def list_then_lose(self: WorktreeSource, *arguments: Any) -> Any:
        listing = list_files(self, *arguments)
        (repo.path / "a.py").unlink()
        return listing

    monkeypatch.setattr(WorktreeSource, "list_files", list_then_lose)
    plan = plan_index(open_source(str(repo.path), clones=home, worktree=True), 1_000_000)
    assert [(s.path, s.reason) for s in plan.skipped] == [("a.py", "gone while it was indexed")]
    assert (plan.n_files, plan.n_chunks) == (1, 1)
