"""Listing a working tree by git's index: the same files and ids as if each had been read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.listing import blob_id, list_worktree

Make = Callable[..., Any]


def keep_all(path: str, n_bytes: int) -> None:
    """No reason against any file."""


def listed(top: Path) -> dict[str, str]:
    """Path and blob of every file of a working tree."""
    return {file.path: file.blob for file in list_worktree(top, "", keep_all, {}).files}


def on_disk(top: Path) -> dict[str, str]:
    """The same by reading all of them."""
    paths = [path for path in top.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {str(path.relative_to(top)): blob_id(path.read_bytes()) for path in paths}


def edit_twice(repo: Any) -> None:
    """One edit in git's index, another one beyond it."""
    repo.write("a.py", "staged = 1\n")
    repo.git("add", "a.py")
    repo.write("a.py", "beyond = 1\n")


def conflict(repo: Any) -> None:
    """A merge that is not done."""
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit({"a.py": "side = 1\n"})
    repo.git("switch", "--quiet", "main")
    repo.commit({"a.py": "main = 1\n"})
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "side")


def hide(flag: str) -> Callable[[Any], None]:
    """Git is told not to look at a file, which then changes."""

    def change(repo: Any) -> None:
        repo.git("update-index", flag, "a.py")
        repo.write("a.py", "hidden = 1\n")

    return change


def edit_at_once(repo: Any) -> None:
    """An edit of the same size within the clock tick of git's own look."""
    repo.write("a.py", "y = 1\n")
    index = repo.path / ".git" / "index"
    state = index.stat()
    for path in (index, repo.path / "a.py"):
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def filtered(attribute: str) -> Callable[[Any], None]:
    """Git keeps a file as something else than it is on disk, and calls it unchanged."""

    def change(repo: Any) -> None:
        repo.git("config", "filter.shout.clean", "tr A-Z a-z")
        repo.git("config", "filter.shout.smudge", "tr a-z A-Z")
        repo.write(".gitattributes", f"*.py {attribute}\n")
        (repo.path / "a.py").unlink()
        repo.git("checkout", "--quiet", "a.py")
        assert (repo.path / "a.py").read_bytes() != b"x = 1\n"
        assert repo.git("status", "--porcelain", "a.py") == ""

    return change


CHANGES: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda repo: None,
    "an edit": lambda repo: repo.write("a.py", "z = 123\n"),
    "an edit at once": edit_at_once,
    "staged and edited": edit_twice,
    "touched": lambda repo: os.utime(repo.path / "a.py", (1, 1)),
    "new": lambda repo: repo.write("new.py", "n = 1\n"),
    "intended": lambda repo: (repo.write("new.py", "n = 1\n"), repo.git("add", "--intent-to-add", "new.py")),
    "deleted": lambda repo: (repo.path / "a.py").unlink(),
    "deleted in git": lambda repo: repo.git("rm", "--quiet", "--cached", "a.py"),
    "renamed": lambda repo: repo.git("mv", "a.py", "moved.py"),
    "a folder instead": lambda repo: ((repo.path / "a.py").unlink(), repo.write("a.py/in.py", "i = 1\n")),
    "a conflict": conflict,
    "assumed unchanged": hide("--assume-unchanged"),
    "skipped": hide("--skip-worktree"),
    "filtered": filtered("filter=shout"),
    "in another encoding": filtered("working-tree-encoding=UTF-16"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_listing_is_what_is_on_disk(make_repo: Make, change: Callable[[Any], Any]) -> None:
    """After any change, and however git was told to look, files and ids are those of what lies there."""
    repo = make_repo({"a.py": "x = 1\n", "dir/b.py": "b = 1\n"})
    change(repo)
    assert listed(repo.path) == on_disk(repo.path)


def test_files_that_git_knows_are_not_read(make_repo: Make) -> None:
    """An unchanged file's id is git's word: here its content was replaced behind git's back, times and all."""
    repo = make_repo({"a.py": "x = 1\n"})
    path = repo.path / "a.py"
    os.utime(path, (1_700_000_000, 1_700_000_000))
    repo.git("update-index", "--refresh")
    before = listed(repo.path)
    repo.git("config", "core.trustctime", "false")
    path.write_text("y = 2\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert listed(repo.path) == before


def test_line_ends_that_git_changes_make_no_other_file(make_repo: Make) -> None:
    """A file that git keeps with other line ends has git's id, so that its chunks are those of the commit."""
    repo = make_repo({".gitattributes": "*.py text eol=crlf\n", "a.py": "x = 1\ny = 2\n"})
    (repo.path / "a.py").unlink()
    repo.git("checkout", "--quiet", "a.py")
    assert (repo.path / "a.py").read_bytes() == b"x = 1\r\ny = 2\r\n"
    assert listed(repo.path)["a.py"] == repo.git("rev-parse", "HEAD:a.py")


def test_a_hook_lists_its_own_repository(make_repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's own variables, as a hook of another repository has them, lead nowhere else."""
    repo, other = make_repo({"a.py": "x = 1\n"}), make_repo({"b.py": "x = 1\n"}, "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    assert set(listed(repo.path)) == {"a.py"}


def test_longer_ids_are_gits_too(make_repo: Make) -> None:
    """In a repository of the newer object format, changed files have ids of that format."""
    repo = make_repo({"a.py": "x = 1\n"}, "long", "--object-format=sha256")
    repo.write("a.py", "x = 2\n")
    assert listed(repo.path)["a.py"] == repo.git("hash-object", "a.py")
    shutil.rmtree(repo.path)
