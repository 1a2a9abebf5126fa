"""Where a symbol is defined and who calls it, by name; and the names of what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.symbols import find_symbol
from assistant.targets import Target, parse_target, parse_targets
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


SMALL = """\
def main():
    helper()

def helper():
    return 1

class A:
    def __str__(self):
        return "a"

class B:
    def __str__(self):
        return "b"

    def helper(self):
        return helper()

def late():
    return 2

class C:
    def late(self):
        return late()
"""


def test_each_of_several_definitions_in_a_chunk_has_its_own_line(make_repo: Make, home: Path, build: Make) -> None:
    """Small neighbours share a chunk: a call above is no definition, and two methods of a name are two lines."""
    build(home, make_repo({"small.py": SMALL}).path)
    index = open_index(home, "project")
    assert len(index.manifest.rows) == 1
    report = find_symbol(index, "helper")
    assert [(place.symbol, place.line) for place in report.definitions] == [("helper", 4), ("B.helper", 15)]
    assert [(place.line, place.text) for place in report.callers] == [(2, "helper()"), (16, "return helper()")]
    late = find_symbol(index, "late")
    assert [(place.symbol, place.line) for place in late.definitions] == [("late", 18), ("C.late", 22)]
    report = find_symbol(index, "__str__")
    assert [(place.symbol, place.line) for place in report.definitions] == [("A.__str__", 8), ("B.__str__", 12)]
    assert [place.line for place in find_symbol(index, "B.__str__").definitions] == [12]


@pytest.mark.parametrize(
    ("path", "text", "defined", "called"),
    [
        ("a.go", "package a\n\nfunc run() {\n\tdefer stop()\n}\n\nfunc stop() {}\n", 7, [4]),
        ("a.ex", "defmodule A do\n  def run(x), do: stop(x)\n  def stop(x), do: x\nend\n", 3, [2]),
        ("A.java", "class A {\n  int run() { return stop(); }\n  int stop() { return 1; }\n}\n", 3, [2]),
    ],
)
def test_a_call_above_is_no_definition(
    make_repo: Make, home: Path, build: Make, path: str, text: str, defined: int, called: list[int]
) -> None:
    """With a word that defines or without one, and where a definition looks like a call."""
    build(home, make_repo({path: text}).path)
    report = find_symbol(open_index(home, "project"), "stop")
    assert [place.line for place in report.definitions] == [defined]
    assert [place.line for place in report.callers] == called


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


@pytest.mark.parametrize(
    ("text", "ref", "refs"),
    [("all", None, None), (" all ", "main", "main"), ("all@main", "v1", "main"), ("all@worktree", None, "@worktree")],
)
def test_all_of_them_are_asked_at_one_ref(
    make_repo: Make, home: Path, build: Make, text: str, ref: str | None, refs: str | None
) -> None:
    """`all` takes a ref as a name does, so that what was asked at one can be asked again; a repository goes before."""
    for name in ("click", "flask"):
        build(home, make_repo({"a.py": "x = 1\n"}).path, name)
    assert parse_targets(home, text, ref) == [Target("click", refs), Target("flask", refs)]
    build(home, make_repo({"a.py": "x = 1\n"}).path, "all")
    assert parse_targets(home, text, ref) == [Target("all", refs)]


@pytest.mark.parametrize("text", ["", "@main", "click@", "click,,flask", "all@"])
def test_a_name_without_repository_or_ref_is_an_error(tmp_path: Path, text: str) -> None:
    """Which says how names are written."""
    with pytest.raises(InputError, match="write NAME, NAME@REF"):
        parse_targets(tmp_path, text)


def test_one_repository_is_read_as_several_are(tmp_path: Path) -> None:
    """Where one is looked into, it and its ref are written as everywhere; several are refused."""
    assert parse_target(tmp_path, " click@worktree ") == Target("click", "@worktree")
    assert parse_target(tmp_path, "click@8.1,click", "8.1") == Target("click", "8.1")
    with pytest.raises(InputError, match=r"names several .* write NAME or NAME@REF\.$"):
        parse_target(tmp_path, "click,flask")
