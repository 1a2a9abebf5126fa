"""The home: names, the lock, and the repositories in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import EncoderMismatch, InputError, UnknownRepository
from indexer.home import check_name, find_repository
from indexer.index_folder import RepositoryFolder, RepositoryInfo


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
