"""Files as the page shows them: every line, those that were asked for marked, a window of a long one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.pages.files import MAX_LINES_SHOWN, view_file
from api.pages.highlighting import highlight_lines
from assistant.search import Searcher
from indexer.errors import InputError, UnknownRepository


def look(home: Path, path: str, **options: Any) -> Any:
    """The view of one file of ``shop``."""
    return view_file(Searcher(home), home, "shop", path, **{"ref": None, "commit": None, "lines": None, **options})


def test_every_line_is_shown_and_the_range_marked(shop_home: Path) -> None:
    """Line numbers are the file's own, and the marked lines are those that were asked for."""
    view = look(shop_home, "shop/tax.py", lines="3-6")
    assert [line.number for line in view.lines] == list(range(1, 9))
    assert [line.number for line in view.lines if line.marked] == [3, 4, 5, 6]
    assert "VAT_RATE" in view.lines[2].html


def test_long_file_is_shown_around_what_was_asked_for(
    home: Path, make_repo: Callable[..., Any], build: Callable[..., Any]
) -> None:
    """Of a file beyond the cap a window is shown, with the marked lines in it, wherever they are."""
    n_lines = MAX_LINES_SHOWN + 2000
    build(home, make_repo({"long.py": "".join(f"x{n} = {n}\n" for n in range(1, n_lines + 1))}).path, "shop")
    for wanted in (1, 2500, n_lines):
        view = look(home, "long.py", lines=str(wanted))
        assert len(view.lines) == MAX_LINES_SHOWN and view.is_window
        [marked] = [line for line in view.lines if line.marked]
        assert marked.number == wanted and f"x{wanted}" in marked.html


def test_commit_picks_the_ref_that_is_at_it(
    home: Path, make_repo: Callable[..., Any], build: Callable[..., Any]
) -> None:
    """A citation's commit leads to the ref that was indexed at it; one that is indexed no more is said."""
    repo = make_repo({"a.py": "old = 1\n"})
    old = repo.commit()
    repo.git("tag", "v1")
    build(home, repo.path, "shop", ref="v1")
    new = repo.commit({"a.py": "new = 1\n"})
    build(home, repo.path, "shop")
    assert "old" in look(home, "a.py", commit=old).lines[0].html
    assert "new" in look(home, "a.py", commit=new).lines[0].html
    moved = look(home, "a.py", commit="0" * 40)
    assert moved.moved_from == "0" * 40
    assert look(home, "a.py", commit=new).moved_from is None


def test_ref_and_commit_pick_what_was_searched(
    home: Path, make_repo: Callable[..., Any], build: Callable[..., Any]
) -> None:
    """The working tree is not HEAD, and a branch that has moved on is that branch, not HEAD, with a word about it."""
    repo = make_repo({"a.py": "old = 1\n"})
    old = repo.commit()
    repo.git("branch", "work")
    build(home, repo.path, "shop", ref="work")
    new = repo.commit({"a.py": "new = 1\n"})
    build(home, repo.path, "shop")
    (repo.path / "a.py").write_text("edited = 1\n")
    build(home, repo.path, "shop", worktree=True)
    assert "edited" in look(home, "a.py", ref="@worktree").lines[0].html
    assert look(home, "a.py", commit=new, ref="HEAD").ref == "HEAD"
    assert look(home, "a.py", commit=old, ref="HEAD").ref == "work"
    moved = look(home, "a.py", commit="0" * 40, ref="work")
    assert (moved.ref, moved.moved_from) == ("work", "0" * 40)
    with pytest.raises(InputError, match="not indexed at 'gone'"):
        look(home, "a.py", commit="0" * 40, ref="gone")


@pytest.mark.parametrize("lines", ["x", "3-", "0", "9-2", "99", "1-2-3"])
def test_lines_that_are_no_range_are_one_line_errors(shop_home: Path, lines: str) -> None:
    """What is no range of the file's lines is an InputError."""
    with pytest.raises(InputError):
        look(shop_home, "shop/tax.py", lines=lines)


def test_unknown_repository_and_path_are_errors(shop_home: Path) -> None:
    """A file or repository that is not indexed is named in the error."""
    with pytest.raises(InputError, match=r"tax\.py"):
        look(shop_home, "tax.py")
    with pytest.raises(UnknownRepository):
        view_file(Searcher(shop_home), shop_home, "shp", "a", ref=None, commit=None, lines=None)


@pytest.mark.parametrize("name", ["a.py", "a.md", "a.json", "a.html", "a.unknown", "Makefile"])
@pytest.mark.parametrize("text", ["", "\n\n", '"""a\nb\n"""\n\nx', "<b>&\n\n\n", "a" * 3000, "a\r\r\nb\r\rc\r\nd"])
def test_highlighting_keeps_the_number_of_lines(name: str, text: str) -> None:
    """Whatever a lexer does at the ends, there is one piece of HTML a line, and each closes what it opens."""
    lines = highlight_lines(text, name)
    assert len(lines) == text.count("\n") + 1
    for line in lines:
        assert line.count("<span") == line.count("</span>")


def test_carriage_returns_end_no_line() -> None:
    """A line ends where the index says, so every number stands at its own line."""
    assert [line.strip() for line in highlight_lines("a\r\r\nb\rc\nd", "a.unknown")] == ["a", "b c", "d"]
