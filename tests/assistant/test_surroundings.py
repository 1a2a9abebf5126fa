"""What encloses a hit and what stands beside it, out of a real index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.context import pack_context
from assistant.records import TokenCount
from assistant.search import Searcher
from assistant.surroundings import IndexSurroundings
from assistant.targets import Target
from indexer.home import OpenedIndex
from indexer.records import Hit

Make = Callable[..., Any]

GITHUB_TOKEN = "ghp_" + "R7m2XqL9vTzK4wNcY8bJ3pHsD6fGa10QuEoZ"  # no one's
_METHOD = "\n".join(f"        value_{n} = self.total + {n}" for n in range(22))
SOURCE = f'''"""Invoices."""


class Invoice(
    Document,
):
    """A bill."""

    def __init__(self, total):
        self.total = total
{_METHOD}

    def compute_tax(self, rate):
{_METHOD}
        return rate * self.total

    def render(self):
{_METHOD}
        token = "{GITHUB_TOKEN}"
'''


@pytest.fixture(scope="module")
def home(make_repo: Make, make_home: Callable[[], Path], build: Make) -> Path:
    """A home with one class whose methods are chunks of their own."""
    home = make_home()
    build(home, make_repo({"invoice.py": SOURCE, "README.md": "# Invoices\n"}).path)
    return home


@pytest.fixture
def found(home: Path) -> tuple[OpenedIndex, dict[str, Hit]]:
    """The opened index, and its hits by symbol."""
    searcher = Searcher(home)
    hits = searcher.search("project", "compute tax render Invoice", k=20).hits
    return searcher.open(Target("project")).index, {hit.chunk.symbol: hit for hit in hits}


def count(text: str) -> TokenCount:
    """A token a word."""
    return TokenCount(len(text.split()), exact=True)


def test_a_method_begins_with_its_classs_signature(found: tuple[OpenedIndex, dict[str, Hit]]) -> None:
    """The class's lines stand first, then a mark for what is between; each line is the file's of its number."""
    index, hits = found
    hit = hits["Invoice.compute_tax"]
    surroundings = IndexSurroundings([index], [hit])
    assert list(surroundings.find_heads(hit)) == [(4, "class Invoice("), (5, "    Document,"), (6, "):")]
    [passage] = pack_context([hit], 1000, count, surroundings=surroundings).passages
    shown = passage.text.split("\n")
    assert shown[:4] == ["class Invoice(", "    Document,", "):", "    …"]
    file = SOURCE.split("\n")
    numbers = [passage.line_at(n) for n in range(len(shown))]
    for line, number in zip(shown, numbers, strict=True):
        assert line == "    …" if number is None else line == file[number - 1]
    assert (passage.start_line, passage.end_line) == (hit.chunk.start_line, hit.chunk.end_line)


def test_a_class_itself_has_nothing_around_it(found: tuple[OpenedIndex, dict[str, Hit]]) -> None:
    """Where the definition begins in the chunk, no head is added."""
    index, hits = found
    hit = next(hit for symbol, hit in hits.items() if hit.chunk.start_line <= 4 and symbol.startswith("Invoice"))
    assert list(IndexSurroundings([index], [hit]).find_heads(hit)) == []


def test_the_chunk_beside_is_that_of_the_file(found: tuple[OpenedIndex, dict[str, Hit]]) -> None:
    """One step down and up again is the same chunk; beyond the ends there is none."""
    index, hits = found
    hit = hits["Invoice.compute_tax"]
    surroundings = IndexSurroundings([index], [hit])
    after = surroundings.find_beside(hit, 1)
    assert after is not None and after.chunk.symbol == "Invoice.render"
    back = surroundings.find_beside(after, -1)
    assert back is not None and back.chunk == replace(hit.chunk, defines=(), names=(), calls=())
    assert surroundings.find_beside(after, 1) is None


def test_neighbours_with_blank_lines_between_are_merged(found: tuple[OpenedIndex, dict[str, Hit]]) -> None:
    """Two methods that follow each other are one passage, with the blank line, under one head."""
    index, hits = found
    both = [hits["Invoice.render"], hits["Invoice.compute_tax"]]
    context = pack_context(both, 1000, count, surroundings=IndexSurroundings([index], both))
    [passage] = context.passages
    assert (passage.start_line, passage.end_line) == (both[1].chunk.start_line, both[0].chunk.end_line)
    assert context.packed[0].how == "merged"
    assert passage.text.count("class Invoice(") == 1


def test_what_is_shown_is_redacted(found: tuple[OpenedIndex, dict[str, Hit]]) -> None:
    """Passages are made of the index, in which no credential stands."""
    _, hits = found
    [passage] = pack_context([hits["Invoice.render"]], 1000, count).passages
    assert GITHUB_TOKEN not in passage.text
    assert "token = " in passage.text


def test_a_hit_of_another_state_of_the_file_has_no_surroundings(found: tuple[OpenedIndex, dict[str, Hit]]) -> None:
    """Where the index has changed since, nothing around a hit is certain, so nothing is added."""
    index, hits = found
    hit = hits["Invoice.compute_tax"]
    for chunk in (
        replace(hit.chunk, id="0" * 32),
        replace(hit.chunk, start_line=3),
        replace(hit.chunk, path="gone.py"),
    ):
        stale = replace(hit, chunk=chunk)
        surroundings = IndexSurroundings([index], [stale])
        assert (list(surroundings.find_heads(stale)), surroundings.find_beside(stale, 1)) == ([], None)
