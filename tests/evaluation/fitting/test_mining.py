"""Which repositories are mined for the fit, and which of their files are kept out of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from eval.fitting.mining import (
    FittingRepository,
    MiningSource,
    check_allowed,
    is_changelog,
    is_copied_path,
    is_foreign,
    read_sources,
)
from indexer.errors import InputError, SourceError
from indexer.settings import IndexerSettings


def _write_list(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sources.txt"
    path.write_text(text)
    return path


def test_a_line_gives_source_name_and_commit(tmp_path: Path) -> None:
    """Name and commit may be left out; comments and blank lines are skipped; a space in a path is quoted."""
    listed = read_sources(
        _write_list(
            tmp_path,
            "# all of them\nhttps://example.org/a/garden.git\n\n'/my code/shed' tools  # mine\nsome/well well abc123\n",
        )
    )
    assert listed == [
        MiningSource("https://example.org/a/garden.git", "garden"),
        MiningSource("/my code/shed", "tools"),
        MiningSource("some/well", "well", "abc123"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a/x\nb/x\n", "line 2: the name 'x' comes twice"),
        ("a/x one two three\n", "line 1: a line is a URL or path, a name, and a commit"),
        ("'a/x\n", "line 1: No closing quotation"),
        ("# nothing\n", "names no repository"),
    ],
)
def test_a_bad_list_is_refused_with_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    """What cannot be read is said with the line's number."""
    with pytest.raises(InputError, match=complaint):
        read_sources(_write_list(tmp_path, text))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://github.com/pallets/flask", "flask"),
        ("git@github.com:someone/Flask.git", "x"),  # a fork
        ("https://example.org/whatever", "flask"),
        ("/mirrors/pallets+flask/repo", "x"),
        ("/mirrors/pallets+flask/repo/.git", "x"),
        ("/mirrors/gin-gonic/gin/checkout", "x"),
        ("~/code/nlohmann-json-3.11", "x"),
        ("C:\\code\\flask", "x"),
    ],
)
def test_an_excluded_project_is_refused(source: str, name: str) -> None:
    """By its URL, its name, a fork's, or the folder that it lies in."""
    with pytest.raises(InputError, match="kept out of training and fitting"):
        check_allowed(source, name)


@pytest.mark.parametrize(
    "source", ["https://github.com/rails/thor", "/home/core/garden", "/mirrors/square+kotlinpoet/repo", ""]
)
def test_an_excluded_project_s_neighbour_is_allowed(source: str) -> None:
    """An owner of an excluded project has others, and a folder above may be called anything."""
    check_allowed(source, "garden")


def test_a_clone_of_an_excluded_project_under_another_name_is_refused(make_repo: Any, tmp_path: Path) -> None:
    """A clone remembers where it came from."""
    repo = make_repo({"a.py": "x = 1\n"}, "harmless")
    repo.git("remote", "add", "origin", "https://github.com/pallets/flask.git")
    with pytest.raises(InputError, match="pallets/flask"):
        FittingRepository(MiningSource(str(repo.path), "harmless"), IndexerSettings(home=tmp_path))


def test_a_git_folder_without_configuration_is_read(make_repo: Any, tmp_path: Path) -> None:
    """Mirrors keep objects and refs alone; nothing in them is changed."""
    repo = make_repo({"src/a.py": "x = 1\n"})
    mirror = tmp_path / "garden" / "repo"
    shutil.copytree(repo.path / ".git", mirror)
    (mirror / "config").unlink()
    before = sorted(path.name for path in mirror.iterdir())
    repository = FittingRepository(MiningSource(str(mirror), "garden"), IndexerSettings(home=tmp_path / "home"))
    assert dict(repository.texts) == {"src/a.py": "x = 1\n"}
    assert repository.url == ""
    assert sorted(path.name for path in mirror.iterdir()) == before


def test_a_plain_folder_is_refused(tmp_path: Path) -> None:
    """Without git there is no commit to name."""
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match="is no git repository"):
        FittingRepository(MiningSource(str(tmp_path / "plain"), "plain"), IndexerSettings(home=tmp_path))


def test_changelogs_are_told_from_code() -> None:
    """A module may be called history."""
    assert is_changelog("docs/CHANGES.rst") and is_changelog("CHANGELOG") and is_changelog("NEWS.md")
    assert not is_changelog("src/history.py") and not is_changelog("README.md")


def test_copies_of_excluded_projects_are_left_out(make_repo: Any, opened: Any) -> None:
    """A folder named after one, with or without a version, and every folder for other people's code."""
    assert is_copied_path("test/googletest-1.13.0/src/a.cc") and is_copied_path("x/_vendor/a.py")
    assert is_copied_path("include/json.hpp") and not is_copied_path("include/json.cpp")
    repo = make_repo(
        {"lib/catch2/all.hpp": "int a;\n", "src/catch2.cpp": "int b;\n", "src/main/kotlin/A.kt": "val a = 1"}
    )
    assert set(opened(repo).texts) == {"src/catch2.cpp", "src/main/kotlin/A.kt"}


def test_a_file_that_says_where_it_was_copied_from_is_no_target(make_repo: Any, opened: Any) -> None:
    """Copied from an excluded project, or written by a parser generator."""
    assert is_foreign("# Adapted from the pandas code base\n")
    assert not is_foreign("# The rows are taken from the table\n")
    bison = "/* A Bison parser, made by GNU Bison 3.8. */\nint a;\n"
    assert opened(make_repo({"a.c": bison, "b.c": "int b;\n"})).targets == {"b.c"}
