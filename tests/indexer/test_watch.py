"""Watching: an index follows its files and its HEAD, through errors, until it is told to stop."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.search import Searcher
from indexer.errors import InputError, UnknownRepository
from indexer.home import list_names, remove_ref, remove_repository
from indexer.index_folder import RepositoryFolder
from indexer.manifest import list_refs
from indexer.settings import IndexerSettings
from indexer.watch import WatchUpdate, watch_index

Make = Callable[..., Any]
SECONDS = 60  # to wait for what must come


@contextmanager
def watching(home: Path) -> Iterator[tuple[queue.Queue[WatchUpdate], queue.Queue[str]]]:
    """Watch the index on a thread; what it tells is in two queues. Fails if the loop does not end."""
    updates: queue.Queue[WatchUpdate] = queue.Queue()
    errors: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(
        target=watch_index,
        args=("project", IndexerSettings(home=home), stop),
        kwargs={"on_update": updates.put, "on_error": errors.put},
    )
    thread.start()
    try:
        yield updates, errors
    finally:
        stop.set()
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_edits_of_a_working_tree_are_followed(make_repo: Make, home: Path, build: Make) -> None:
    """What changed before is taken in at the start; then edits, new and deleted files as they come."""
    repo = make_repo({"a.py": "def alpha(): pass\n", "b.py": "def beta(): pass\n"})
    build(home, repo.path, worktree=True)
    repo.write("a.py", "def first(): pass\n")
    with watching(home) as (updates, errors):
        update = updates.get(timeout=SECONDS)
        assert (update.ref, update.commit, update.n_files_changed, update.n_embedded) == ("@worktree", None, 1, 1)
        repo.write("new.py", "def second(): pass\n")
        assert updates.get(timeout=SECONDS).n_files_changed == 1
        (repo.path / "b.py").unlink()
        update = updates.get(timeout=SECONDS)
        assert (update.n_files_changed, update.n_embedded) == (1, 0)
    assert errors.empty()
    hits = Searcher(home).search("project", "first second beta").hits
    assert {hit.chunk.path for hit in hits} == {"a.py", "new.py"}


def test_head_is_followed_and_edits_are_not(make_repo: Make, home: Path, build: Make) -> None:
    """An index of HEAD changes with commits, resets and branches, not with what is uncommitted."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    build(home, repo.path)
    with watching(home) as (updates, errors):
        time.sleep(1)
        repo.write("a.py", "def first(): pass\n")
        second = repo.commit()
        update = updates.get(timeout=SECONDS)
        assert (update.ref, update.commit, update.n_files_changed) == ("HEAD", second, 1)
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        update = updates.get(timeout=SECONDS)
        assert (update.n_files_changed, update.n_embedded) == (1, 0)
        repo.git("switch", "--quiet", "--detach", second)
        assert updates.get(timeout=SECONDS).commit == second
    assert updates.empty()
    assert errors.empty()


def test_a_linked_worktree_is_followed(make_repo: Make, home: Path, build: Make, tmp_path: Path) -> None:
    """Also where git keeps HEAD outside the folder that is watched."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    build(home, linked)
    with watching(home) as (updates, _):
        time.sleep(1)
        repo.git("-C", str(linked), "reset", "--quiet", "--hard", "HEAD")
        (linked / "a.py").write_text("def first(): pass\n")
        repo.git("-C", str(linked), "commit", "--quiet", "-am", "x")
        assert updates.get(timeout=SECONDS).n_files_changed == 1


def test_an_index_that_is_removed_ends_the_watch(make_repo: Make, home: Path, build: Make) -> None:
    """It is not made again, neither at its next ref nor at the next change."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    build(home, repo.path)
    build(home, repo.path, worktree=True)
    repo.write("a.py", "def first(): pass\n")
    stop = threading.Event()
    errors: list[str] = []

    def remove(_: WatchUpdate) -> None:
        remove_repository(home, "project", wait_seconds=SECONDS)

    def edit(line: str) -> None:
        errors.append(line)
        repo.write("a.py", "def second(): pass\n")

    too_late = threading.Timer(SECONDS, stop.set)
    too_late.start()
    with pytest.raises(UnknownRepository, match="No repository 'project' is indexed"):
        watch_index("project", IndexerSettings(home=home), stop, on_update=remove, on_error=edit)
    too_late.cancel()
    assert errors == ["HEAD: 'project' is not indexed at 'HEAD' any more."]
    assert list_names(home) == []


def test_a_ref_that_is_removed_is_left_alone(make_repo: Make, home: Path, build: Make) -> None:
    """The others are followed as before, and what --keep-refs has kept is kept."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    repo.git("branch", "side")
    for ref in ("side", "HEAD"):
        build(home, repo.path, ref=ref)
    repo.git("branch", "--delete", "side")
    build(home, repo.path, worktree=True, keep_refs=True)
    repo.write("a.py", "def first(): pass\n")
    with watching(home) as (updates, errors):
        assert updates.get(timeout=SECONDS).ref == "@worktree"
        remove_ref(home, "project", "@worktree", wait_seconds=SECONDS)
        time.sleep(1)
        repo.write("a.py", "def second(): pass\n")
        repo.commit()
        assert updates.get(timeout=SECONDS).ref == "HEAD"
    assert updates.empty() and errors.empty()
    assert sorted(list_refs(RepositoryFolder(home, "project").refs)) == ["HEAD", "side"]


def test_errors_are_a_line_and_not_the_end(make_repo: Make, home: Path, build: Make, tmp_path: Path) -> None:
    """A source that goes away is said, and followed again when it is back."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    folder = tmp_path / "plain"
    shutil.copytree(repo.path, folder, ignore=shutil.ignore_patterns(".git"))
    build(home, folder)
    with watching(home) as (updates, errors):
        time.sleep(1)
        folder.rename(tmp_path / "aside")
        assert "\n" not in errors.get(timeout=SECONDS)
        (tmp_path / "aside" / "a.py").write_text("def first(): pass\n")
        (tmp_path / "aside").rename(folder)
        assert updates.get(timeout=SECONDS).n_files_changed == 1
        (folder / "a.py").write_text("def second(): pass\n")
        assert updates.get(timeout=SECONDS).n_embedded == 1


def test_what_cannot_be_followed_is_refused(make_repo: Make, home: Path, build: Make) -> None:
    """A URL, and refs other than HEAD and the working tree, are errors that say what to do."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    build(home, f"file://{repo.path}", name="by-url")
    build(home, repo.path, name="by-branch", ref="main")
    for name, words in (("by-url", "cannot be watched: run `quarry index"), ("by-branch", "at main alone")):
        with pytest.raises(InputError, match=words):
            watch_index(
                name, IndexerSettings(home=home), threading.Event(), on_update=lambda _: None, on_error=lambda _: None
            )


def test_the_command_prints_a_line_an_update(make_repo: Make, home: Path, build: Make) -> None:
    """``quarry watch`` says what it watches and each update; Ctrl-C ends it with 130 and without a traceback."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    build(home, repo.path, worktree=True)
    repo.write("a.py", "def first(): pass\n")
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "quarry"), "watch", "project"],
        env=os.environ | {"QUARRY_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in a shell's background, Ctrl-C is ignored, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"watching {repo.path} for project (@worktree); Ctrl-C ends\n"
        assert process.stdout.readline().startswith("@worktree: 1 files changed, 1 chunks embedded, ")
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert (process.returncode, rest, complaints.strip()) == (130, "", "")
