"""What is found for a question: hits, and what stands around them in the very index that was searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.retrieval import retrieve
from assistant.search import Searcher, SearchOptions, SearchResult
from assistant.targets import Target

Make = Callable[..., Any]


def test_surroundings_are_those_of_the_index_that_was_searched(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that ends between the search and what follows it does not take them away."""
    body = "\n".join(f"    value_{n} = {n} + total" for n in range(20))
    repo = make_repo({"a.py": f"def first(total):\n{body}\n\n\ndef second(total):\n{body}\n"})
    build(home, repo.path)
    search = Searcher.search_targets

    def search_and_build(
        searcher: Searcher, targets: Sequence[Target], query: str, *, k: int, options: SearchOptions
    ) -> SearchResult:
        found = search(searcher, targets, query, k=k, options=options)
        repo.commit({"b.py": "b = 1\n"})
        build(home, repo.path)
        return found

    monkeypatch.setattr(Searcher, "search_targets", search_and_build)
    question = "What does second do?"
    found = retrieve(
        Searcher(home),
        [Target("project")],
        question,
        query=question,
        k=5,
        min_confidence=0.0,
        is_follow_up=False,
    )
    [hit] = [hit for hit in found.hits if hit.chunk.symbol == "second"]
    before = found.surroundings.find_beside(hit, -1)
    assert before is not None and before.chunk.symbol == "first"
