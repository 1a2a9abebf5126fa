"""Staleness: what changed since a source was indexed is counted file by file, and nothing else is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer import staleness
from indexer.gitcommand import GitTooSlow
from indexer.index_folder import RepositoryFolder
from indexer.manifest import Manifest, read_manifest
from indexer.staleness import UNKNOWN, find_staleness

Make = Callable[..., Any]
FILES = {"a.py": "a = 1\n", "lib/b.py": "b = 1\n", "logo.png": b"\x89PNG", "empty.py": "", ".gitignore": "*.tmp\n"}


def indexed(home: Path, ref: str) -> Manifest:
    """The manifest of a ref."""
    manifest = read_manifest(RepositoryFolder(home, "project").refs, ref)
    assert manifest is not None
    return manifest


def state(manifest: Manifest) -> tuple[bool | None, int | None]:
    """Stale or not, and by how many files."""
    found = find_staleness(manifest, max_seconds=30)
    return found.stale, found.n_changed_files


@pytest.mark.parametrize("kind", ["commit", "worktree", "folder"])
def test_edits_are_counted(make_repo: Make, home: Path, build: Make, kind: str) -> None:
    """Changed, new and deleted files count, each once; taking them back, ignored files and pictures do not."""
    repo = make_repo(FILES)
    if kind == "folder":
        shutil.rmtree(repo.path / ".git")
    build(home, repo.path, worktree=kind == "worktree")
    manifest = indexed(home, "HEAD" if kind == "commit" else "@worktree")
    assert state(manifest) == (False, 0)
    repo.write("a.py", "a = 2\n")
    assert state(manifest) == (True, 1)
    repo.write("new.py", "n = 1\n")
    repo.write("café \n.py", "n = 1\n")
    (repo.path / "lib" / "b.py").unlink()
    repo.write("empty.py", "no = 'longer'\n")
    assert state(manifest) == (True, 5)
    repo.write("logo.png", b"\x89PNG2")
    repo.write("other.png", b"\x89PNG2")
    repo.write("x.tmp", "ignored = 1\n")
    assert state(manifest) == (True, 5)
    (repo.path / "new.py").unlink()
    (repo.path / "café \n.py").unlink()
    repo.write("a.py", FILES["a.py"])
    repo.write("lib/b.py", FILES["lib/b.py"])
    repo.write("empty.py", "")
    assert state(manifest) == (False, 0)


def test_a_commit_makes_head_stale(make_repo: Make, home: Path, build: Make) -> None:
    """When HEAD moves, its index is stale by the files that the commits changed, and what HEAD is now is named."""
    repo = make_repo(FILES)
    build(home, repo.path)
    manifest = indexed(home, "HEAD")
    second = repo.commit({"a.py": "a = 2\n", "c.py": "c = 1\n", "new.png": b"\x89"})
    found = find_staleness(manifest, max_seconds=30)
    assert (found.commit, found.stale, found.n_changed_files) == (second, True, 2)
    repo.write("a.py", FILES["a.py"])
    assert state(manifest) == (True, 1)
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert state(manifest) == (False, 0)


def test_committing_what_was_indexed_changes_nothing(make_repo: Make, home: Path, build: Make) -> None:
    """A working tree that was indexed before its commit is the same after it."""
    repo = make_repo(FILES)
    repo.write("a.py", "a = 2\n")
    repo.write("new.py", "n = 1\n")
    build(home, repo.path, worktree=True)
    manifest = indexed(home, "@worktree")
    assert state(manifest) == (False, 0)
    repo.commit()
    assert state(manifest) == (False, 0)
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert state(manifest) == (True, 2)


def test_another_branch_is_stale_by_its_commits_alone(make_repo: Make, home: Path, build: Make) -> None:
    """A ref that was asked for by name is compared with what it is now; edits of the working tree are not in it."""
    repo = make_repo(FILES)
    repo.git("branch", "side")
    build(home, repo.path, ref="side")
    manifest = indexed(home, "side")
    repo.commit({"a.py": "a = 2\n"})
    assert state(manifest) == (False, 0)
    repo.git("branch", "--force", "side", "main")
    assert state(manifest) == (True, 1)
    repo.git("branch", "--delete", "--force", "side")
    assert state(manifest) == (True, None)


def test_files_too_large_to_be_indexed_do_not_count(make_repo: Make, home: Path, build: Make) -> None:
    """Git's tree tells no sizes: what was left out for its size is no difference of a ref that is not checked out."""
    repo = make_repo(FILES | {f"data/{number}.json": "[" + "1," * 30_000 + "1]" for number in range(3)})
    repo.git("branch", "side")
    build(home, repo.path, ref="side")
    manifest = indexed(home, "side")
    repo.commit({"a.py": "a = 2\n", "data/0.json": "[" + "2," * 30_000 + "2]"})
    repo.git("branch", "--force", "side", "main")
    assert state(manifest) == (True, 1)


def test_a_subfolder_is_compared_alone(make_repo: Make, home: Path, build: Make) -> None:
    """What changes beside the folder that was indexed does not count."""
    repo = make_repo(FILES)
    build(home, repo.path / "lib")
    manifest = indexed(home, "HEAD")
    repo.write("a.py", "a = 2\n")
    assert state(manifest) == (False, 0)
    repo.write("lib/b.py", "b = 2\n")
    assert state(manifest) == (True, 1)


def test_a_subfolder_that_would_be_left_out_is_compared(make_repo: Make, home: Path, build: Make) -> None:
    """What is indexed because the user named its folder is looked at as it was indexed, edits and new files too."""
    repo = make_repo({"vendor/lib/a.py": "a = 1\n"})
    repo.write("vendor/lib/a.py", "a = 2\n")
    build(home, repo.path / "vendor" / "lib", worktree=True)
    manifest = indexed(home, "@worktree")
    assert state(manifest) == (False, 0)
    repo.write("vendor/lib/b.py", "b = 1\n")
    assert state(manifest) == (True, 1)
    repo.commit()
    assert state(manifest) == (True, 1)


def test_a_bare_repository_is_compared_by_commit(make_repo: Make, home: Path, build: Make, tmp_path: Path) -> None:
    """A bare repository is stale when its HEAD has moved."""
    repo = make_repo(FILES)
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(bare))
    build(home, bare)
    manifest = indexed(home, "HEAD")
    assert state(manifest) == (False, 0)
    repo.commit({"a.py": "a = 2\n"})
    repo.git("push", "--quiet", str(bare), "main")
    assert state(manifest) == (True, 1)


def test_what_cannot_be_told_is_unknown(make_repo: Make, home: Path, build: Make) -> None:
    """A URL, a source that is gone, and a look that takes too long give no answer instead of a wrong one."""
    repo = make_repo(FILES)
    build(home, f"file://{repo.path}", name="by-url")
    by_url = read_manifest(RepositoryFolder(home, "by-url").refs, "HEAD")
    assert by_url is not None
    assert find_staleness(by_url) == UNKNOWN
    build(home, repo.path)
    manifest = indexed(home, "HEAD")
    repo.write("a.py", "a = 2\n")
    assert find_staleness(manifest, max_seconds=0) == UNKNOWN
    shutil.rmtree(repo.path)
    assert find_staleness(manifest) == UNKNOWN


def test_an_ignored_folder_is_asked_about_in_time_and_once(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at git has a time-out, one that runs out is no answer, and that git has no say is remembered."""
    repo = make_repo({".gitignore": "out/\n", "a.py": "a = 1\n"})
    repo.write("out/b.py", "b = 1\n")
    build(home, repo.path / "out", name="project", worktree=True)
    manifest, asked = indexed(home, "@worktree"), []
    run_git = staleness.run_git

    def ask(folder: Path, *arguments: str, timeout_seconds: float | None = None, **options: Any) -> str:
        asked.append("check-ignore" if "check-ignore" in arguments else arguments[0])
        assert timeout_seconds is not None and 0 < timeout_seconds <= 30
        if asked == ["rev-parse", "check-ignore"]:
            raise GitTooSlow("git took too long.")
        return run_git(folder, *arguments, timeout_seconds=timeout_seconds, **options)

    monkeypatch.setattr(staleness, "run_git", ask)
    assert find_staleness(manifest, max_seconds=30) == UNKNOWN
    assert state(manifest) == (False, 0)
    repo.write("out/b.py", "b = 2\n")
    assert state(manifest) == (True, 1)
    assert asked == ["rev-parse", "check-ignore"] * 2


@pytest.mark.parametrize("name", ["out", "out[1]", "out file"])
def test_an_ignored_folder_is_compared_without_git(make_repo: Make, home: Path, build: Make, name: str) -> None:
    """As it was indexed, whatever its name: its files are in no tree of the repository around it."""
    repo = make_repo({".gitignore": "*out*/\n", "a.py": "a = 1\n"})
    repo.write(f"{name}/b.py", "b = 1\n")
    build(home, repo.path / name, name="project", worktree=True)
    manifest = indexed(home, "@worktree")
    assert state(manifest) == (False, 0)
    repo.write(f"{name}/b.py", "b = 2\n")
    assert state(manifest) == (True, 1)
