"""Collecting: refs and chunks that nothing needs go, and whatever happens meanwhile the index answers whole."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import indexer.collect
from assistant.search import Searcher
from indexer.collect import compact, needs_compaction
from indexer.errors import InputError, UnknownRepository
from indexer.home import find_repository, open_index, remove_ref, remove_repository
from indexer.index_folder import RepositoryFolder
from indexer.manifest import list_refs
from indexer.matrix import Matrix
from indexer.vectors import VectorStore

Make = Callable[..., Any]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["indexer.build", "indexer.repository", "chromadb"])


def function(name: str, n: int = 12) -> str:
    """A Python function that is a chunk of its own."""
    return "\n".join([f"def {name}(value):", *(f"    {name}_{i} = value + {i}" for i in range(n)), ""])


def some_files(label: str, n: int) -> dict[str, str]:
    """As many files of one function each."""
    return {f"{label}{number}.py": function(f"{label}_{number}") for number in range(n)}


def texts_of(home: Path, ref: str) -> set[str]:
    """The text of every chunk of a ref, as searches read it, checked against its vector's own neighbour."""
    index = open_index(home, "project", ref)
    return {index.lexicon.get(int(row)).text for row in index.manifest.rows}


def count_stored(home: Path) -> tuple[int, int]:
    """Rows of the matrix, and chunks in Chroma."""
    folder, info = find_repository(home, "project")
    with VectorStore(folder.chroma) as store:
        return Matrix(folder.matrix, info.dim).n_rows, store.count()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compacting pays from few chunks on."""
    monkeypatch.setattr(indexer.collect, "_MIN_DEAD_CHUNKS", 5)


def test_a_deleted_branch_is_collected(make_repo: Make, home: Path, build: Make, small: None) -> None:
    """The next build of any ref forgets the branch, says so, and the chunks that only it had are gone everywhere."""
    repo = make_repo(some_files("kept", 8))
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit(some_files("side", 6))
    build(home, repo.path, ref="side")
    repo.git("switch", "--quiet", "main")
    build(home, repo.path, ref="main")
    before = texts_of(home, "main")
    assert count_stored(home) == (14, 14)
    repo.git("branch", "--delete", "--force", "side")
    report = build(home, repo.path, ref="main")
    assert [note for note in report.notes if "does not have any more: side" in note]
    assert list_refs(find_repository(home, "project")[0].refs) == ["main"]
    assert count_stored(home) == (8, 8)
    assert texts_of(home, "main") == before
    assert Searcher(home).search("project", "kept_5", ref="main").hits[0].chunk.path == "kept5.py"


def test_rewritten_history_is_collected(make_repo: Make, home: Path, build: Make) -> None:
    """A commit that was indexed by its id goes when no branch leads to it any more; one that is reached stays."""
    repo = make_repo({"a.py": function("alpha")})
    first = repo.git("rev-parse", "HEAD")
    second = repo.commit({"a.py": function("beta")})
    for ref in (first, second[:12], "HEAD"):
        build(home, repo.path, ref=ref)
    repo.git("reset", "--quiet", "--hard", first)
    repo.commit({"a.py": function("gamma")})
    build(home, repo.path)
    assert sorted(list_refs(RepositoryFolder(home, "project").refs)) == sorted(["HEAD", first])


def test_refs_can_be_kept(make_repo: Make, home: Path, build: Make) -> None:
    """Who says so keeps what the repository has lost, also when the working tree is what is indexed."""
    repo = make_repo({"a.py": function("alpha")})
    repo.git("branch", "side")
    build(home, repo.path, ref="side")
    repo.git("branch", "--delete", "side")
    build(home, repo.path, worktree=True, keep_refs=True)
    assert sorted(list_refs(RepositoryFolder(home, "project").refs)) == ["@worktree", "side"]
    build(home, repo.path, worktree=True)
    assert list_refs(RepositoryFolder(home, "project").refs) == ["@worktree"]


def test_a_ref_of_a_url_is_collected(make_repo: Make, home: Path, build: Make) -> None:
    """A branch that its origin deleted goes, too."""
    repo = make_repo({"a.py": function("alpha")})
    repo.git("branch", "side")
    url = f"file://{repo.path}"
    build(home, url, ref="side")
    repo.git("branch", "--delete", "side")
    build(home, url)
    assert list_refs(RepositoryFolder(home, "project").refs) == ["HEAD"]


def test_edits_are_collected_in_the_end(make_repo: Make, home: Path, build: Make, small: None) -> None:
    """However often a file is edited, what the stores hold stays in proportion to what the ref holds."""
    repo = make_repo(some_files("kept", 4))
    build(home, repo.path)
    for number in range(12):
        repo.commit({"kept0.py": function(f"edit{number}")})
        build(home, repo.path)
    n_rows, n_in_chroma = count_stored(home)
    assert n_rows == n_in_chroma <= 4 + 6
    assert texts_of(home, "HEAD") >= {function("edit11").rstrip()}


def test_a_chunk_that_comes_back_is_embedded_again(make_repo: Make, home: Path, build: Make, small: None) -> None:
    """What was collected is new when it returns, and is then in every store once."""
    repo = make_repo(some_files("kept", 4))
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit(some_files("side", 6))
    build(home, repo.path, ref="side")
    build(home, repo.path, ref="main")
    remove_ref(home, "project", "side", wait_seconds=1)
    build(home, repo.path, ref="main")
    assert count_stored(home) == (4, 4)
    assert build(home, repo.path, ref="side").n_embedded == 6
    assert count_stored(home) == (10, 10)


@pytest.mark.parametrize("damage", ["{", '{"name": "project", "format_version": 1}'])
def test_what_cannot_be_opened_can_be_removed(make_repo: Make, home: Path, build: Make, damage: str) -> None:
    """A damaged index, and one that another version wrote, which an error offers to remove."""
    repo = make_repo({"a.py": function("alpha")})
    build(home, repo.path)
    folder = RepositoryFolder(home, "project").path
    (folder / "repository.json").write_text(damage)
    remove_repository(home, "project", wait_seconds=1)
    assert not folder.exists()
    with pytest.raises(UnknownRepository):
        remove_repository(home, "project", wait_seconds=1)


def test_one_ref_can_be_removed(make_repo: Make, home: Path, build: Make) -> None:
    """The others stay; a ref that is not indexed is an error; the last one takes the index with it."""
    repo = make_repo({"a.py": function("alpha")})
    for ref in ("main", "HEAD"):
        build(home, repo.path, ref=ref)
    with pytest.raises(InputError, match="not indexed at 'nope', only at HEAD, main"):
        remove_ref(home, "project", "nope", wait_seconds=1)
    remove_ref(home, "project", "main", wait_seconds=1)
    assert list_refs(RepositoryFolder(home, "project").refs) == ["HEAD"]
    remove_ref(home, "project", "HEAD", wait_seconds=1)
    with pytest.raises(UnknownRepository):
        find_repository(home, "project")


def die(*_arguments: Any, **_options: Any) -> None:
    """End this process as a kill does."""
    os._exit(9)


def compact_and_die(home: Path, owner: str | None, name: str) -> None:
    """Compact, and be killed where ``name`` is called."""
    target = getattr(indexer.collect, owner) if owner else indexer.collect
    setattr(target, name, die)
    folder = RepositoryFolder(home, "project")
    with folder.locked(5):
        compact(folder)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (None, "copy_rows"),
        ("LexiconWriter", "commit"),
        (None, "write_manifest"),
        ("RepositoryFolder", "write_info"),
        ("RepositoryFolder", "publish"),
        ("VectorStore", "keep_only"),
        ("RepositoryFolder", "remove_leftovers"),
    ],
)
def test_a_killed_compaction_does_no_harm(
    make_repo: Make, home: Path, build: Make, owner: str | None, name: str, small: None
) -> None:
    """Killed at any step, every ref answers as before, and the next build completes what was begun."""
    repo = make_repo(some_files("kept", 4))
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit(some_files("side", 9))
    build(home, repo.path, ref="side")
    build(home, repo.path, ref="main")
    before = texts_of(home, "main")
    remove_ref(home, "project", "side", wait_seconds=1)
    searcher = Searcher(home)
    hits = searcher.search("project", "kept_2", ref="main").hits
    process = FORKS.Process(target=compact_and_die, args=(home, owner, name))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert texts_of(home, "main") == before
    for each in (searcher, Searcher(home)):
        assert [hit.chunk for hit in each.search("project", "kept_2", ref="main").hits] == [h.chunk for h in hits]
    repo.git("branch", "--move", "main", "trunk")
    repo.git("switch", "--quiet", "trunk")
    repo.commit(some_files("more", 1))
    build(home, repo.path, ref="trunk", keep_refs=True)
    assert texts_of(home, "main") == before
    assert not needs_compaction(RepositoryFolder(home, "project"))
    folders = {path.name for path in RepositoryFolder(home, "project").path.iterdir()}
    folder = RepositoryFolder(home, "project")
    assert folders == {"repository.json", folder.data.name, folder.chroma.name}
    assert count_stored(home)[0] == 5


def test_searches_beside_a_compaction_see_one_generation(make_repo: Make, home: Path, build: Make) -> None:
    """Searchers old and new answer the same before, while and after generations change under them."""
    repo = make_repo(some_files("kept", 6))
    build(home, repo.path)
    expected = [hit.chunk for hit in Searcher(home).search("project", "kept_2").hits]
    folder = RepositoryFolder(home, "project")
    done = threading.Event()

    def compact_often() -> None:
        with folder.locked(5):
            for _ in range(15):
                compact(folder)
        done.set()

    thread = threading.Thread(target=compact_often)
    thread.start()
    searcher, n_looks = Searcher(home), 0
    while not done.is_set():
        for each in (searcher, Searcher(home)):
            assert [hit.chunk for hit in each.search("project", "kept_2").hits] == expected
        n_looks += 1
    thread.join()
    assert n_looks > 3
    assert folder.data_number == 16


def test_the_commands_keep_and_remove_refs(make_repo: Make, home: Path, build: Make, run_quarry: Make) -> None:
    """``quarry index --keep-refs`` and ``quarry remove NAME --ref REF`` do so, each with a line."""
    repo = make_repo({"a.py": function("alpha")})
    repo.git("branch", "side")
    build(home, repo.path, ref="side")
    repo.git("branch", "--delete", "side")
    assert run_quarry(home, "index", str(repo.path), "--keep-refs").returncode == 0
    assert sorted(list_refs(RepositoryFolder(home, "project").refs)) == ["HEAD", "side"]
    removed = run_quarry(home, "remove", "project", "--ref", "side")
    assert (removed.returncode, removed.stdout) == (0, "Removed side from the index of project.\n")
    assert list_refs(RepositoryFolder(home, "project").refs) == ["HEAD"]
