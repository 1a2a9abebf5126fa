"""Where a symbol is defined and who calls it, by name; and the names of what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.symbols import find_symbol
from assistant.targets import Target, parse_targets
from indexer.errors import InputError
from indexer.home import open_index

Make = Callable[..., Any]

ROUTER = """\
class Router:
    # add: what everybody calls
    @traced
    def add(self, path):
        return self.add_all([path])

    def add_all(self, paths):
        return [self.add(path) for path in paths]
"""
CHAIN = """\
class App {
  use (fn) {
    this.chain.use(fn)
    return this
  }
}
"""


@pytest.fixture
def indexed(make_repo: Make, home: Path, build: Make) -> Path:
    """A home with a router in Python and a chain in JavaScript."""
    build(home, make_repo({"router.py": ROUTER, "app.js": CHAIN}).path)
    return home


def test_a_definition_is_its_line_below_comments_and_decorators(indexed: Path) -> None:
    """And its callers are those that call it, the definition not among them."""
    report = find_symbol(open_index(indexed, "project"), "Router.add")
    assert [(place.path, place.line, place.text) for place in report.definitions] == [
        ("router.py", 4, "def add(self, path):")
    ]
    assert [(place.path, place.line) for place in report.callers] == [("router.py", 8)]


def test_a_method_may_be_called_like_an_import(indexed: Path) -> None:
    """In JavaScript a line that begins with `use` defines a method of that name."""
    report = find_symbol(open_index(indexed, "project"), "use")
    assert [place.line for place in report.definitions] == [2]
    assert [place.line for place in report.callers] == [3]


@pytest.mark.parametrize(
    ("text", "ref", "targets"),
    [
        ("click", None, [Target("click")]),
        ("click@8.1, flask", "main", [Target("click", "8.1"), Target("flask", "main")]),
        ("click@worktree", None, [Target("click", "@worktree")]),
        ("click@@worktree", None, [Target("click", "@worktree")]),
        ("click", "worktree", [Target("click", "@worktree")]),
        ("click,click", None, [Target("click")]),
    ],
)
def test_what_is_asked_is_read_from_its_name(tmp_path: Path, text: str, ref: str | None, targets: list[Target]) -> None:
    """A ref behind the name goes before the one beside it; the working tree's may be written without its sign."""
    assert parse_targets(tmp_path, text, ref) == targets


@pytest.mark.parametrize("text", ["", "@main", "click@", "click,,flask"])
def test_a_name_without_repository_or_ref_is_an_error(tmp_path: Path, text: str) -> None:
    """Which says how names are written."""
    with pytest.raises(InputError, match="write NAME, NAME@REF"):
        parse_targets(tmp_path, text)
