"""Placebo and oracle: code that has nothing to do with a case, and the very lines that help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.answer import Assistant
from assistant.records import Passage
from assistant.search import Searcher
from assistant.settings import AssistantSettings
from eval.arms import parse_arms
from eval.cases import Case, Span
from eval.running.contexts import ContextMaker, shows
from indexer.home import open_index

N_TOKENS, MAX_TOKENS = 90, 64

PLACEBO, ORACLE, SMALL_ORACLE = parse_arms("placebo,oracle,oracle:budget=64")


@pytest.fixture(scope="module")
def make_contexts(make_home: Callable[[], Path], build: Callable[..., Any], repo: Path) -> Callable[..., ContextMaker]:
    """Makes the contexts of the repository's index, with another seed or cap."""
    home = make_home()
    build(home, repo, "sizes")

    def make(
        provider: Any, seed: int = 0, context_tokens: int = N_TOKENS, max_tokens: int = MAX_TOKENS
    ) -> ContextMaker:
        searcher = Searcher(home)
        return ContextMaker(
            Assistant(AssistantSettings(home=home), provider, searcher),
            searcher,
            open_index(home, "sizes"),
            count_text=provider.count_text,
            context_tokens=context_tokens,
            max_tokens=max_tokens,
            seed=seed,
        )

    return make


@pytest.fixture
def contexts(make_contexts: Callable[..., ContextMaker], make_provider: Any) -> ContextMaker:
    """The contexts with the usual seed; no model is asked."""
    return make_contexts(make_provider(_never))


def _never(messages: Any) -> str:
    raise AssertionError("no model is asked for a context")


def test_a_placebo_has_nothing_to_do_with_its_case(contexts: ContextMaker, cases: list[Case]) -> None:
    """None of it is of the case's files or near to its query, and no name that is rare stands in both."""
    given = asyncio.run(contexts.placebo(cases[0], PLACEBO))
    assert given.hits
    assert all(hit.chunk.path.startswith("far/") for hit in given.hits)
    assert all("rose" not in hit.chunk.text for hit in given.hits)


def test_a_placebo_shares_no_rare_name(contexts: ContextMaker, new_case: Callable[..., Case]) -> None:
    """Code that spells a telling name of the prompt is no placebo, wherever it stands."""
    case = new_case(1, "rose", prompt="What does size_rose return, and far_3?")
    given = asyncio.run(contexts.placebo(case, PLACEBO))
    assert given.hits
    assert all("far_3(" not in hit.chunk.text for hit in given.hits)


def test_a_placebo_is_as_long_as_what_is_retrieved(contexts: ContextMaker, cases: list[Case]) -> None:
    """Its cap is what retrieval takes for the same case, within the run's own cap, and there is enough to fill it."""
    given = asyncio.run(contexts.placebo(cases[0], PLACEBO))
    retrieved = asyncio.run(contexts.retrieve(cases[0], PLACEBO))
    assert given.context_tokens == contexts.count_passages(retrieved)
    assert 0 < given.context_tokens <= N_TOKENS
    assert sum(len(hit.chunk.text.split()) for hit in given.hits) > given.context_tokens


def test_a_placebo_has_the_room_that_the_arm_has(
    make_contexts: Callable[..., ContextMaker], make_provider: Any, cases: list[Case]
) -> None:
    """In a small window a longer answer leaves less room for code: the placebo's size is that of the run's answers."""
    sizes = []
    for max_tokens in (16, 200):
        contexts = make_contexts(make_provider(_never, window_tokens=320), max_tokens=max_tokens)
        sizes.append(asyncio.run(contexts.placebo(cases[0], PLACEBO)).context_tokens)
    assert 0 < sizes[1] < sizes[0]


def test_a_placebo_says_how_near_its_code_may_be(
    make_contexts: Callable[..., ContextMaker], make_provider: Any, new_case: Callable[..., Case]
) -> None:
    """Where far code fills it, all of it is of the first pass; a query that names the far code leaves the others."""
    contexts = make_contexts(make_provider(_never), context_tokens=24)
    far = asyncio.run(contexts.placebo(new_case(1, "rose"), PLACEBO))
    assert far.hits and far.find_pass(far.hits) == 0
    everything = " ".join(f"far_{n}" for n in range(24))
    near = asyncio.run(contexts.placebo(new_case(1, "rose", prompt=f"size_rose? {everything}"), PLACEBO))
    assert set(near.passes) == {hit.chunk.id for hit in near.hits}
    assert near.find_pass(near.hits) == 2
    assert near.find_pass([]) == 0


def test_a_placebo_shows_nothing_that_is_retrieved(contexts: ContextMaker, cases: list[Case]) -> None:
    """Where an index is small, code that was found but not shown may serve; what was shown never does."""
    for case in cases:
        given = asyncio.run(contexts.placebo(case, PLACEBO))
        shown = asyncio.run(contexts.retrieve(case, PLACEBO))
        assert {hit.chunk.path for hit in given.hits}.isdisjoint(passage.path for passage in shown)


def test_a_placebo_is_drawn_by_seed(
    make_contexts: Callable[..., ContextMaker], make_provider: Any, cases: list[Case]
) -> None:
    """The same seed gives the same code; among seeds it differs."""

    def draw(seed: int) -> list[str]:
        given = asyncio.run(make_contexts(make_provider(_never), seed).placebo(cases[0], PLACEBO))
        return [hit.chunk.id for hit in given.hits]

    assert draw(0) == draw(0)
    assert any(draw(0) != draw(seed) for seed in range(1, 6))


def test_an_oracle_gives_the_lines_of_the_sources(contexts: ContextMaker, new_case: Callable[..., Case]) -> None:
    """Exactly the lines, in the order of the sources, under the cap of the run or of the arm."""
    case = new_case(1, "rose", sources=[Span("m2.py", 1, 2), Span("far/part_0.py", 1, 1)])
    given = contexts.oracle(case, ORACLE)
    assert [hit.chunk.text for hit in given.hits] == ["def size_oak():\n    return 20", "def far_0(number):"]
    assert [hit.chunk.location for hit in given.hits] == ["m2.py:1-2", "far/part_0.py:1-1"]
    assert given.hits[0].score > given.hits[1].score
    assert given.context_tokens == N_TOKENS
    assert contexts.oracle(case, SMALL_ORACLE).context_tokens == 64


def test_an_oracle_gives_no_line_twice(contexts: ContextMaker, new_case: Callable[..., Case]) -> None:
    """A method within a class that stands before it takes no room of its own; one that comes first does."""
    inner, outer = Span("m2.py", 1, 2), Span("m2.py", 1, 6)
    found = [contexts.oracle(new_case(1, "rose", sources=spans), ORACLE).hits for spans in ([outer, inner], [inner])]
    assert [[hit.chunk.location for hit in hits] for hits in found] == [["m2.py:1-6"], ["m2.py:1-2"]]


def test_an_oracle_knows_no_more_than_the_index(contexts: ContextMaker, new_case: Callable[..., Case]) -> None:
    """Sources in files that are not indexed, or beyond a file's end, give nothing; neither do no sources."""
    case = new_case(1, "rose", sources=[Span("gone.py", 1, 2), Span("m1.py", 90, 91)])
    assert contexts.oracle(case, ORACLE).hits == []
    assert contexts.oracle(new_case(1, "rose", sources=[]), ORACLE).hits == []


@pytest.mark.parametrize(
    ("path", "start_line", "end_line", "expected"),
    [
        ("m1.py", 1, 5, True),
        ("m1.py", 6, 9, True),
        ("m1.py", 1, 4, False),
        ("m1.py", 7, 9, False),
        ("m2.py", 5, 6, False),
    ],
)
def test_a_passage_shows_sources_if_it_overlaps_their_lines(
    path: str, start_line: int, end_line: int, expected: bool
) -> None:
    """The sources are lines 5 and 6 of m1.py; both ends count."""
    passage = Passage(1, "project", "HEAD", None, path, start_line, end_line, "\n" * (end_line - start_line))
    assert shows(passage, [Span("m1.py", 5, 6)]) is expected


def test_lines_that_an_excerpt_leaves_out_are_not_shown() -> None:
    """An excerpt around the lines, without them, does not show them."""
    passage = Passage(1, "project", "HEAD", None, "m1.py", 4, 7, "a\n…\nb", lines=(4, None, 7))
    assert not shows(passage, [Span("m1.py", 5, 6)])
