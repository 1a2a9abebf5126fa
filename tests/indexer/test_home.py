"""The home: names, the lock, and the repositories in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.clones import hold_clone
from indexer.errors import EncoderMismatch, IndexBusy, InputError, UnknownRepository
from indexer.home import check_name, find_repository, open_index, remove_ref, remove_repository
from indexer.index_folder import RepositoryFolder, RepositoryInfo

Make = Callable[..., Any]


@pytest.mark.parametrize("name", ["a", "My.Repo-2_x", "9", "x" * 200])
def test_names_that_are_allowed(name: str) -> None:
    """Letters, digits, dots, dashes and underscores name a repository."""
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", "_x", "a b", "é", "x" * 201, "a\n", "a\0"])
def test_names_that_would_leave_the_home(name: str) -> None:
    """Anything that could be another folder, an option or hidden is refused."""
    with pytest.raises(InputError, match="cannot name a repository"):
        check_name(name)


def test_nothing_is_indexed_yet(tmp_path: Path) -> None:
    """In an empty home every name is unknown, and the message says how to begin."""
    with pytest.raises(UnknownRepository, match=r"Nothing is indexed yet\. Run `quarry index SOURCE --name shop`"):
        find_repository(tmp_path, "shop")


def test_another_format_names_the_command(tmp_path: Path) -> None:
    """An index of another version of Quarry is not read; the message has the command that makes it anew."""
    folder = RepositoryFolder(tmp_path, "shop")
    folder.path.mkdir(parents=True)
    folder.write_info(RepositoryInfo("shop", "/code/shop", "quarry-static", "abc", 256, 1, format_version=999))
    with pytest.raises(EncoderMismatch, match="`quarry index SOURCE --name shop --rebuild`"):
        folder.read_info()


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    """A writer that fails lets go of its lock."""
    folder = RepositoryFolder(tmp_path, "shop")
    with pytest.raises(ZeroDivisionError), folder.locked(0):
        raise ZeroDivisionError
    waits: list[str] = []
    with folder.locked(0, waits.append):
        assert waits == []


def test_the_clone_goes_with_the_last_index_of_it(make_repo: Make, home: Path, build: Make) -> None:
    """A clone is kept as long as an index needs it, and removed also with one that another version wrote."""
    url = f"file://{make_repo({'a.py': 'x = 1'}).path}"
    build(home, url, "one")
    build(home, url, "two")
    remove_ref(home, "one", "HEAD", wait_seconds=1)
    assert len(list((home / "clones").iterdir())) == 1
    record = home / "repositories" / "two" / "repository.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"format_version": 1}))
    remove_repository(home, "two", wait_seconds=1)
    assert not list((home / "clones").iterdir())
    assert not list((home / "repositories").iterdir())


def test_a_clone_that_is_fetched_is_waited_for(make_repo: Make, home: Path, build: Make) -> None:
    """While another process fetches the clone nothing is removed, and an error says so."""
    url = f"file://{make_repo({'a.py': 'x = 1'}).path}"
    build(home, url)
    with hold_clone(url, home / "clones"), pytest.raises(IndexBusy, match="is fetching file:///"):
        remove_repository(home, "project", wait_seconds=0)
    assert open_index(home, "project").name == "project"


def test_an_index_of_a_path_is_removed_without_gitpython(
    make_repo: Make, home: Path, build: Make, run_python: Make
) -> None:
    """There is no clone to remove, so what takes long to import is not imported."""
    build(home, make_repo({"a.py": "x = 1"}).path)
    code = (
        "import sys; from pathlib import Path; from indexer.home import remove_repository; "
        "remove_repository(Path(sys.argv[1]), 'project', wait_seconds=1); print('git' in sys.modules)"
    )
    assert run_python(code, str(home)).strip() == "False"
    assert not list((home / "repositories").iterdir())


def test_a_working_tree_that_is_not_indexed_names_its_option(make_repo: Make, home: Path, build: Make) -> None:
    """The working tree is no ref of git's: it is indexed by an option of its own."""
    build(home, make_repo({"a.py": "x = 1"}).path)
    with pytest.raises(InputError, match="run `quarry index SOURCE --name project --worktree`"):
        open_index(home, "project", "@worktree")
