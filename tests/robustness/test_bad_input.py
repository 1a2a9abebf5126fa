"""Repositories and surroundings that are not as they should be: a clear line or a correct index, through the command.

Held elsewhere: links and link loops, submodules, names of any bytes, shallow and bare repositories, links to
nothing, pipes, URLs that do not answer (tests/indexer/test_repository.py); carriage returns, UTF-16, Latin-1 and
NUL bytes (tests/indexer/test_build.py); what is left out by name, size and content (tests/indexer/test_selection.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.search import Searcher

Make = Callable[..., Any]


def check_one_line(code: int, printed: str, *words: str) -> None:
    """Fail unless a command gave up in one line that holds these words; notes may stand before it."""
    assert code == 1, printed
    lines = [line for line in printed.strip().split("\n") if not line.startswith("note: ")]
    assert len(lines) == 1 and lines[0].startswith("quarry: "), printed
    for word in words:
        assert word in lines[0]


def paths_found(home: Path, query: str, ref: str | None = None) -> set[str]:
    """The paths of all hits."""
    return {hit.chunk.path for hit in Searcher(home).search("project", query, k=100, ref=ref).hits}


@pytest.mark.parametrize("kind", ["commit", "worktree", "folder"])
def test_a_generated_file_of_50_mb_is_not_read(make_repo: Make, home: Path, start_quarry: Make, kind: str) -> None:
    """It is named with the reason, and of the files one is read: the other one."""
    repo = make_repo({"a.py": "def alpha():\n    return 1\n"})
    repo.write("tables.py", b"TABLE = [\n" + b"    0x00000000, 0x11111111, 0x22222222,\n" * 1_300_000 + b"]\n")
    assert (repo.path / "tables.py").stat().st_size > 50_000_000
    repo.git("-c", "core.compression=0", "add", "--all")
    repo.git("commit", "--quiet", "--message", "tables")
    if kind == "folder":
        shutil.rmtree(repo.path / ".git")
    code, printed = start_quarry(
        home, "index", str(repo.path), "--json", *(["--worktree"] if kind == "worktree" else [])
    ).finish()
    assert code == 0, printed
    report = json.loads(printed)
    assert (report["n_files"], report["n_files_read"]) == (1, 1)
    assert [(s["path"], s["reason"]) for s in report["skipped"]] == [("tables.py", "too large (over 1,000,000 bytes)")]


@pytest.mark.parametrize("arguments", [(), ("--plan",), ("--json",), ("--plan", "--json")], ids=" ".join)
def test_a_name_that_is_not_utf8_is_shown(make_repo: Make, home: Path, start_quarry: Make, arguments: Any) -> None:
    """The file is left out by its name, which is printed as far as it can be, and the rest is indexed."""
    repo = make_repo({"a.py": "def alpha():\n    return 1\n"})
    with open(os.fsencode(repo.path) + b"/caf\xe9.py", "wb") as file:  # noqa: PTH123 (Path takes no bytes)
        file.write(b"def beta():\n    return 2\n")
    repo.commit()
    code, printed = start_quarry(home, "index", str(repo.path), *arguments).finish()
    assert code == 0, printed
    assert "file name is not UTF-8" in printed
    if "--plan" not in arguments:
        assert paths_found(home, "alpha beta") == {"a.py"}
        assert start_quarry(home, "index", str(repo.path)).finish()[1].startswith("project: up to date")


@pytest.mark.parametrize("kind", ["path", "url"])
def test_a_rewritten_history_is_followed(
    make_repo: Make, home: Path, start_quarry: Make, check_fresh: Make, kind: str
) -> None:
    """After an amended commit whose predecessor git has forgotten, the index is that of the new one."""
    repo = make_repo({"a.py": "def alpha():\n    return 1\n"})
    repo.commit({"b.py": "def beta():\n    return 2\n"})
    source = str(repo.path) if kind == "path" else f"file://{repo.path}"
    assert start_quarry(home, "index", source).finish()[0] == 0
    (repo.path / "b.py").unlink()
    repo.write("c.py", "def gamma():\n    return 3\n")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--amend", "--message", "amended")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    code, printed = start_quarry(home, "index", source).finish()
    assert code == 0, printed
    hits = Searcher(home).search("project", "alpha beta gamma", k=100).hits
    assert {hit.commit for hit in hits} == {repo.git("rev-parse", "HEAD")}
    assert {hit.chunk.path for hit in hits} == {"a.py", "c.py"}
    check_fresh(home, source)


def test_a_deleted_branch_is_one_line(make_repo: Make, home: Path, start_quarry: Make) -> None:
    """Indexing it again says which branches there are; what is indexed of the others answers as before."""
    repo = make_repo({"a.py": "def alpha():\n    return 1\n"})
    repo.git("switch", "--quiet", "--create", "feature")
    repo.commit({"b.py": "def beta():\n    return 2\n"})
    repo.git("switch", "--quiet", "main")
    for ref in ("main", "feature"):
        assert start_quarry(home, "index", str(repo.path), "--ref", ref).finish()[0] == 0
    repo.git("branch", "--delete", "--force", "feature")
    code, printed = start_quarry(home, "index", str(repo.path), "--ref", "feature").finish()
    check_one_line(code, printed, "No ref 'feature'", "Branches there: main.")
    assert start_quarry(home, "index", str(repo.path), "--ref", "main").finish()[0] == 0
    assert paths_found(home, "alpha beta", "main") == {"a.py"}


@pytest.mark.parametrize("kind", ["shallow", "bare"])
def test_a_clone_without_its_history_or_files_is_indexed(
    make_repo: Make, home: Path, tmp_path: Path, start_quarry: Make, check_fresh: Make, kind: str
) -> None:
    """A shallow and a bare clone give the index of the repository itself, and are up to date after a fetch."""
    repo = make_repo({"a.py": "def alpha():\n    return 1\n"})
    repo.commit({"b.py": "def beta():\n    return 2\n"})
    option = ("--depth", "1") if kind == "shallow" else ("--bare",)
    repo.git("clone", "--quiet", *option, f"file://{repo.path}", str(tmp_path / "clone"))
    code, printed = start_quarry(home, "index", str(tmp_path / "clone"), "--name", "project").finish()
    assert code == 0, printed
    check_fresh(home, repo.path)


# --- a disk without room ----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot run: a file system of 6 MB needs root ({mounted.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_loses_nothing(
    make_repo: Make, make_files: Make, small_disk: Path, rules_cache: Path, start_quarry: Make, check_fresh: Make
) -> None:
    """One line, the last index still answers, and with room again the same command completes the work."""
    shutil.copytree(rules_cache, small_disk / "cache" / "secret-rules")
    repo = make_repo(make_files(range(2)))
    assert start_quarry(small_disk, "index", str(repo.path)).finish()[0] == 0
    before = paths_found(small_disk, "value")
    repo.commit(make_files(range(2, 40), n_functions=20))
    room = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(b"0" * (room - 200_000))
    code, printed = start_quarry(small_disk, "index", str(repo.path)).finish()
    check_one_line(code, printed, "full", "still answers", "same command again")
    assert paths_found(small_disk, "value") == before
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    code, printed = start_quarry(small_disk, "index", str(repo.path)).finish()
    assert code == 0, printed
    check_fresh(small_disk, repo.path)


@pytest.mark.parametrize("n_bytes", [0, 100_000, 500_000])
def test_a_file_that_cannot_grow_loses_nothing(
    make_repo: Make,
    make_files: Make,
    make_home: Callable[[], Path],
    start_quarry: Make,
    build: Make,
    check_fresh: Make,
    n_bytes: int,
) -> None:
    """Whichever store meets its end: one line, no index or the last one, and with room again the work completes."""
    repo, home, n_failed = make_repo(make_files(range(2))), make_home(), 0
    for before in (None, {"src/file000.py", "src/file001.py"}):
        if before is not None:
            repo.commit(make_files(range(2, 40), n_functions=20))
        code, printed = start_quarry(home, "index", str(repo.path), max_file_bytes=n_bytes).finish()
        if code:
            n_failed += 1
            check_one_line(code, printed, "same command again")
            if before is None:
                assert not list((home / "repositories").glob("*/refs/*.npz"))
            else:
                assert paths_found(home, "value") == before
        build(home, repo.path)
    assert n_failed
    check_fresh(home, repo.path)
