"""What a repository's tests need is read from where projects say it, and an own interpreter is described."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.tasks.repository.checkout import check_out
from eval.tasks.repository.environment import import_roots, open_environment
from eval.tasks.repository.requirements import DEV_GROUPS, TEST_GROUPS, group_requirements, requirement_files
from indexer.repository import FolderSource, Source, open_source


def test_groups_that_include_each_other_are_read_once() -> None:
    """A circle ends; a group's own requirements come before those of the one it includes."""
    groups = {
        "test": ["first", {"include-group": "base"}],
        "base": ["second", {"include-group": "test"}],
        "dev": ["third"],
    }
    assert group_requirements({"dependency-groups": groups}, TEST_GROUPS) == ["first", "second"]
    assert group_requirements({"dependency-groups": groups}, DEV_GROUPS) == ["third"]


def test_groups_of_other_tools_become_what_pip_understands() -> None:
    """Poetry's caret is a lower bound, its extras stay, and the interpreter is no package."""
    dependencies = {"python": "^3.11", "one": "^1.2", "two": {"version": "~3", "extras": ["x"]}, "three": "*"}
    pyproject = {
        "tool": {
            "poetry": {"group": {"test": {"dependencies": dependencies}}},
            "hatch": {"envs": {"hatch-test": {"extra-dependencies": ["four"]}}},
        }
    }
    assert group_requirements(pyproject, TEST_GROUPS) == ["one>=1.2", "two[x]>=3", "three", "four"]


def test_the_general_requirements_count_only_where_pip_cannot_install_the_repository(tmp_path: Path) -> None:
    """Otherwise its own dependencies are what counts."""
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "requirements-test.txt").touch()
    assert [file.name for file in requirement_files(tmp_path, installable=False)] == [
        "requirements.txt",
        "requirements-test.txt",
    ]
    assert [file.name for file in requirement_files(tmp_path, installable=True)] == ["requirements-test.txt"]


def test_modules_are_imported_from_src_before_the_root(tmp_path: Path) -> None:
    """A folder of that name that is a package itself is none to import from."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").touch()
    assert import_roots(tmp_path) == ["src", "."]


def test_an_interpreter_that_is_given_is_taken_as_it_is(tmp_path: Path, python: Path) -> None:
    """Its own folder and that of the Python below it are what has to be seen; nothing is installed."""
    environment = open_environment(tmp_path, tmp_path, python, lambda line: pytest.fail(line))
    assert environment.python == python and python.parent.parent in environment.readable
    assert Path("/") not in environment.readable and environment.notes == ()
    assert open_environment(tmp_path, tmp_path, python, lambda line: None).fingerprint == environment.fingerprint


def test_a_project_within_a_repository_is_its_own_root(tmp_path: Path) -> None:
    """Where the index would name a file by the repository's root, tests run from the project's."""
    for path in ("libs/shop/pyproject.toml", "libs/shop/shop/a.py"):
        (tmp_path / "all" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / path).write_text("x = 1\n")
    source: Source = FolderSource(tmp_path / "all")
    assert sorted(check_out(source, tmp_path / "kept", 1_000).texts) == ["pyproject.toml", "shop/a.py"]


def test_a_file_that_the_index_leaves_out_is_in_the_checkout(tmp_path: Path) -> None:
    """Tests may read data that nobody searches."""
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.py").write_text("x = 1\n")
    (tmp_path / "all" / "table.csv").write_text("1,2\n")
    checkout = check_out(open_source(str(tmp_path / "all"), clones=tmp_path), tmp_path / "kept", 1_000)
    assert list(checkout.texts) == ["a.py"] and (checkout.folder / "table.csv").read_text() == "1,2\n"
