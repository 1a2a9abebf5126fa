"""What a repository's tests need is read from where projects say it, and an own interpreter is described."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.files import write_whole
from eval.tasks.repository import environment as environments
from eval.tasks.repository.checkout import check_out
from eval.tasks.repository.environment import import_roots, open_environment, wanted_for_tests
from eval.tasks.repository.requirements import DEV_GROUPS, TEST_GROUPS, group_requirements
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


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["requirements.txt"], ["requirements.txt"]),
        (["requirements.txt", "requirements-test.txt", "requirements-dev.txt"], ["", "-test"]),
        (["requirements.txt", "requirements-dev.txt"], ["", "-dev"]),
        (["setup.py", "requirements.txt", "requirements-test.txt"], ["-test"]),
        (["setup.py", "requirements.txt", "requirements-dev.txt"], ["-dev"]),
        (["setup.py", "requirements.txt"], []),
    ],
)
def test_what_developers_need_counts_where_nothing_is_said_of_tests(
    tmp_path: Path, files: list[str], wanted: list[str]
) -> None:
    """The general file says nothing of tests, and counts only where pip cannot install the repository."""
    for name in files:
        (tmp_path / name).touch()
    names = [name if name.endswith(".txt") else f"requirements{name}.txt" for name in wanted]
    assert wanted_for_tests(tmp_path, ()) == [f"-r{tmp_path / name}" for name in names]


def test_modules_are_imported_from_src_before_the_root(tmp_path: Path) -> None:
    """A folder of that name that is a package itself is none to import from."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").touch()
    assert import_roots(tmp_path) == ["src", "."]


@pytest.mark.parametrize("path", ["src/shop/prices.py", "src/company/shop/prices/__init__.py"])
def test_packages_need_no_init_to_be_imported_from_src(tmp_path: Path, path: str) -> None:
    """As a name space, or deep within some; a folder without modules is none to import from."""
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.c").touch()
    assert import_roots(tmp_path) == ["src", "."]


@pytest.mark.parametrize(
    ("files", "n_made"),
    [
        (["setup.py", "src/shop/__init__.py", "requirements.txt", "requirements-dev.txt"], 0),
        (["requirements.txt"], 0),
        (["requirements.txt", "requirements-dev.txt"], 1),
        (["requirements.txt", "requirements-dev.txt", "requirements-test.txt"], 0),
        (["setup.py", "src/shop/prices.py"], 1),
    ],
)
def test_a_former_environment_is_made_anew_only_where_it_may_lack_something(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], n_made: int
) -> None:
    """Others stay, and with them what was measured in them."""
    made: list[Path] = []

    def make(checkout: Path, folder: Path, on_progress: object) -> list[str]:
        made.append(checkout)
        return lay(folder)

    def lay(folder: Path) -> list[str]:
        (folder / "venv" / "bin").mkdir(parents=True)
        (folder / "venv" / "bin" / "python").symlink_to(python)
        return []

    monkeypatch.setattr(environments, "_make", make)
    checkout = tmp_path / "checkout"
    for path in files:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).touch()
    write_whole(tmp_path / "environment" / "quarry.json", '{"version": 1, "notes": []}')
    lay(tmp_path / "environment")
    for _ in range(2):
        open_environment(checkout, tmp_path, None, lambda line: None)
    assert len(made) == n_made


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
