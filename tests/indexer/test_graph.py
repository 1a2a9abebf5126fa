"""How many files lean on each file."""

from __future__ import annotations

from indexer.chunking import chunk_file
from indexer.graph import FileNames, collect_names, count_dependents


def names(code: str) -> FileNames:
    """The names of a Python file."""
    return collect_names(chunk_file("a.py", "", code, "python"))


def test_users_are_counted_once_and_not_oneself() -> None:
    """A file counts every other file that mentions what it defines, however often."""
    files = [
        names("def central_thing():\n    return central_thing\n"),
        names("import a\ncentral_thing()\ncentral_thing()\n"),
        names("def other_thing():\n    return a.central_thing\n"),
        names("unrelated = 1\n"),
    ]
    assert count_dependents(files).tolist() == [2.0, 0.0, 0.0, 0.0]


def test_a_name_that_many_define_counts_for_none() -> None:
    """Two owners are both meant; with three nobody can tell."""
    user = names("shared_name()\n")
    owner = names("def shared_name(): ...\n")
    assert count_dependents([user, owner]).tolist() == [0.0, 1.0]
    assert count_dependents([user, owner, owner]).tolist() == [0.0, 2.0, 2.0]
    assert count_dependents([user, owner, owner, owner]).tolist() == [0.0] * 4


def test_short_names_say_nothing() -> None:
    """Names such as `get` are used everywhere for something else."""
    assert count_dependents([names("def get(): ...\n"), names("get()\n")]).tolist() == [0.0, 0.0]


def test_no_files_and_no_names() -> None:
    """Nothing is counted of nothing."""
    assert count_dependents([]).tolist() == []
    assert count_dependents([names("# only prose\n")]).tolist() == [0.0]
