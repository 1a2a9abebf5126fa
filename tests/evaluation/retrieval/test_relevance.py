"""Which hits answer a question."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.retrieval.records import RelevantPlace
from eval.retrieval.relevance import (
    BYTES_PER_TOKEN,
    are_covered,
    lines_within,
    paths_match,
    rank_places,
)
from eval.retrieval.run import open_repository
from indexer.records import Chunk
from indexer.settings import IndexerSettings

MakeChunk = Callable[..., Chunk]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("b/foo.py", "b/foo.py", True),
        ("a/b/foo.py", "b/foo.py", True),
        ("foo.py", "a/b/foo.py", True),
        ("b/foo.py", "ab/foo.py", False),
        ("oo.py", "foo.py", False),
        ("b/foo.py", "b/foo.pyi", False),
        ("b/foo.py", "c/foo.py", False),
        ("Foo.py", "foo.py", False),
    ],
)
def test_paths_match_by_suffix_at_a_folder_boundary(one: str, other: str, expected: bool) -> None:
    """A path matches what it ends in, never half a folder's or a file's name, in either direction."""
    assert paths_match(one, other) is paths_match(other, one) is expected


def test_a_place_is_found_at_its_first_chunk(make_chunk: MakeChunk) -> None:
    """Several chunks of one file count once, at the first one's rank; each place has a rank of its own."""
    chunks = [make_chunk("a.py"), make_chunk("b.py"), make_chunk("b.py", 11, 20), make_chunk("c.py")]
    places = [RelevantPlace("c.py"), RelevantPlace("b.py"), RelevantPlace("d.py")]
    assert rank_places(chunks, places) == [4, 2, None]


def test_a_path_that_is_listed_is_no_other_file_s(make_chunk: MakeChunk) -> None:
    """`config.py` at the root beside one in a package, of which a place without lines would take any chunk."""
    chunks = [make_chunk("pkg/config.py"), make_chunk("config.py")]
    assert rank_places(chunks, [RelevantPlace("config.py", is_exact=True), RelevantPlace("config.py")]) == [2, 1]
    place = RelevantPlace("config.py", 1, 2, is_exact=True)
    assert are_covered([place], {"pkg/config.py": {1, 2}}, {}) is False


def test_a_place_is_exact_where_the_source_lists_its_path(tmp_path: Path) -> None:
    """Of a folder within a repository the listing may begin there: its paths' ends count."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "prices.py").write_text("x = 1\n")
    places = [{"path": "shop/prices.py"}, {"path": "prices.py"}]
    queries = tmp_path / "questions.jsonl"
    queries.write_text(json.dumps({"query": "what is x", "relevant": places}))
    opened = open_repository(str(tmp_path), queries, IndexerSettings(home=tmp_path / "home"))
    assert [place.is_exact for place in opened.questions[0].relevant] == [True, False]


@pytest.mark.parametrize(("start", "end", "rank"), [(1, 1, 1), (10, 12, 1), (11, 30, 2), (20, 20, 2), (21, 30, None)])
def test_lines_must_overlap(make_chunk: MakeChunk, start: int, end: int, rank: int | None) -> None:
    """A place with lines is found by a chunk that holds one of them, both ends included."""
    chunks = [make_chunk("a.py", 1, 10), make_chunk("a.py", 11, 20)]
    assert rank_places(chunks, [RelevantPlace("a.py", start, end)]) == [rank]


def test_lines_are_shown_until_the_budget_is_spent(make_chunk: MakeChunk) -> None:
    """Hits are read in order and in whole lines; the line that does not fit is not shown, nor is anything after it."""
    line = "y" * 9  # 10 bytes with its end
    chunks = [make_chunk("a.py", 5, 6, f"{line}\n{line}"), make_chunk("b.py", 1, 2, f"{line}\n{line}")]
    assert lines_within(chunks, 39 / BYTES_PER_TOKEN) == {"a.py": {5, 6}, "b.py": {1}}
    assert lines_within(chunks, 9 / BYTES_PER_TOKEN) == {}


def test_all_lines_of_all_places_must_be_shown() -> None:
    """One missing line is not covered; blank lines, which chunks need not hold, may be missing."""
    place, whole_file = RelevantPlace("pkg/a.py", 1, 3), RelevantPlace("b.py")
    assert are_covered([place, whole_file], {"a.py": {1, 2, 3}}, {}) is True
    assert are_covered([place], {"a.py": {1, 3}}, {}) is False
    assert are_covered([place], {"a.py": {1, 3}}, {"a.py": {2}}) is True
    assert are_covered([place, RelevantPlace("c.py", 1, 1)], {"a.py": {1, 2, 3}}, {}) is False
    assert are_covered([whole_file], {"b.py": {1}}, {}) is None


@given(st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4), st.integers(0, 3))
def test_every_tail_of_folders_matches(parts: list[str], n_dropped: int) -> None:
    """Leaving out leading folders keeps the match."""
    tail = parts[min(n_dropped, len(parts) - 1) :]
    assert paths_match("/".join(parts), "/".join(tail))
