"""Any number of processes on one home: nothing is lost, corrupted or half seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import indexer.home
from indexer.errors import UnknownRepository
from indexer.home import open_index
from indexer.matrix import Matrix

Make = Callable[..., Any]


def test_an_index_replaced_while_it_is_opened_is_seen_whole(
    make_repo: Make, make_files: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild that ends between two looks of a search gives the new index, never the old rows in the new files."""
    old, new = make_repo(make_files(range(3), mark="old")), make_repo(make_files(range(2), mark="new"))
    build(home, old.path)
    pending = [lambda: build(home, new.path, rebuild=True)]

    def open_late(folder: Path, dim: int) -> Matrix:
        while pending:
            pending.pop()()
        return Matrix(folder, dim)

    monkeypatch.setattr(indexer.home, "Matrix", open_late)
    index = open_index(home, "project")
    assert len(index.manifest.rows) == index.matrix.n_rows == 10
    assert {index.lexicon.get(int(row)).symbol[:3] for row in index.manifest.rows} == {"new"}


def test_an_index_removed_while_it_is_opened_is_unknown(
    make_repo: Make, make_files: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removal between two looks of a search is one clear line."""
    build(home, make_repo(make_files(range(3))).path)

    def open_late(folder: Path, dim: int) -> Matrix:
        indexer.home.remove_repository(home, "project", wait_seconds=0)
        return Matrix(folder, dim)

    monkeypatch.setattr(indexer.home, "Matrix", open_late)
    with pytest.raises(UnknownRepository, match="Nothing is indexed yet"):
        open_index(home, "project")
