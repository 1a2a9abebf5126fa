"""What is indexed, told whole while indexes change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import indexer.overview
from indexer.cli import index, list_
from indexer.home import remove_repository
from indexer.manifest import Manifest, read_manifest
from indexer.overview import describe_repositories

Make = Callable[..., Any]


@pytest.mark.parametrize("change", ["rebuilt", "removed"])
def test_an_index_that_changes_while_it_is_described(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """One that is made anew between two looks has its ref, and one that is removed is not there."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    build(home, repo.path)
    changes = {
        "rebuilt": lambda: build(home, repo.path, rebuild=True),
        "removed": lambda: remove_repository(home, "project", wait_seconds=0),
    }
    pending = [changes[change]]

    def read_late(folder: Path, ref: str) -> Manifest | None:
        while pending:
            pending.pop()()
        return read_manifest(folder, ref)

    monkeypatch.setattr(indexer.overview, "read_manifest", read_late)
    found = [(known.name, [state.ref for state in known.refs]) for known in describe_repositories(home)]
    assert found == ([("project", ["HEAD"])] if change == "rebuilt" else [])


def test_a_folder_that_is_no_index_hides_none(make_repo: Make, home: Path, build: Make) -> None:
    """What somebody else put there is passed over, whatever it is called."""
    build(home, make_repo({"a.py": "def alpha(): pass\n"}).path)
    (home / "repositories" / "a folder").mkdir()
    (home / "repositories" / "file").write_text("")
    assert [known.name for known in describe_repositories(home)] == ["project"]


def test_a_source_whose_name_is_no_utf8_is_shown(
    make_repo: Make, home: Path, build: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`quarry list` and `quarry index --plan` print what can be written of its name; another one is listed, too."""
    source = shutil.copytree(make_repo({"a.py": "def alpha(): pass\n"}).path, tmp_path / os.fsdecode(b"caf\xe9"))
    build(home, source, "cafe")
    build(home, make_repo({"a.py": "def alpha(): pass\n"}).path)
    monkeypatch.setenv("QUARRY_HOME", str(home))
    listed = CliRunner().invoke(list_, catch_exceptions=False).stdout
    assert f"cafe  {tmp_path}/caf?\n" in listed and "project  " in listed
    planned = CliRunner().invoke(index, [str(source), "--name", "cafe", "--plan"], catch_exceptions=False).stdout
    assert f"1 files of {tmp_path}/caf?" in planned
