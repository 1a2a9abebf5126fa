"""BM25 and names within one ref: the same as in an index of that ref alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.search import Searcher, SearchOptions
from indexer import refwords
from indexer.home import open_index
from indexer.lexicon import WORD_FIELDS, Lexicon, LexiconWriter, round_length
from indexer.records import Chunk
from indexer.words import index_terms

Make = Callable[..., Any]
METHODS = ("ranked", "fused", "lexical")
QUERIES = [
    "parse the session cookie", "render a widget", "retry limit of the queue", "where is the token cache emptied",
    "parse_cookie", "session", "who calls render", "handler of the queue", "value of the header", "merge two widgets",
]  # fmt: skip


def shop_files() -> dict[str, str]:
    """A small web shop: sessions, widgets and queues."""
    files = {}
    for noun in ("session", "cookie", "widget", "queue", "token", "header", "cache", "order"):
        functions = [
            f"def {verb}_{noun}(value, limit=None):\n    # {verb} the {noun} {'again ' * n}within its limit\n"
            f"    return {other}(value, {noun}={n})\n"
            for n, (verb, other) in enumerate(
                [("parse", "render"), ("render", "merge"), ("retry", "parse"), ("merge", "retry"), ("empty", "parse")]
            )
        ]
        files[f"shop/{noun}.py"] = "\n\n".join(functions)
    return files


def other_files(part: int) -> dict[str, str]:
    """Files of another kind, which say the shop's rare words all the time, in much longer chunks."""
    lines = "\n".join(f"    session_{i} = cookie_{i} + widget(token, {i})  # session cookie" for i in range(20))
    return {
        f"other/{part}_{n}.py": f"def parse_{n}(session):\n{lines}\n\n\ndef render_{n}(cookie):\n{lines}\n"
        for n in range(20)
    }


@pytest.fixture(scope="module")
def homes(make_repo: Make, make_home: Callable[[], Path], build: Make) -> tuple[Path, Path, str]:
    """A home where six refs are indexed that differ much, one where only the shop is, and the shop's commit."""
    repo, many, one = make_repo(shop_files()), make_home(), make_home()
    shop = repo.commit({"README.md": "# Shop\n\nIt has sessions and widgets.\n"})
    build(many, repo.path, ref=shop)
    for part in range(5):
        build(many, repo.path, ref=repo.commit(other_files(part)))
    build(one, repo.path, ref=shop)
    return many, one, shop


@pytest.mark.parametrize("method", METHODS)
def test_a_ref_among_others_answers_as_if_alone(homes: tuple[Path, Path, str], method: Any) -> None:
    """Ten best hits and their scores are those of an index of the ref alone, however the other refs use its words."""
    many, one, shop = homes
    assert len(open_index(many, "project").manifest.rows) > 3 * len(open_index(one, "project").manifest.rows)
    for query in QUERIES:
        among, alone = (
            Searcher(home).search("project", query, ref=shop, options=SearchOptions(method=method)).hits
            for home in (many, one)
        )
        assert [hit.chunk.id for hit in among] == [hit.chunk.id for hit in alone]
        assert [hit.score for hit in among] == pytest.approx([hit.score for hit in alone], abs=1e-5)


@pytest.mark.parametrize("field", WORD_FIELDS)
def test_scores_are_those_of_the_lexicon_of_the_ref_alone(homes: tuple[Path, Path, str], field: Any) -> None:
    """What is computed for a ref among others is what tantivy computes for it alone, in each field."""
    many, one, shop = homes
    among, alone = open_index(many, "project", shop).words, open_index(one, "project", shop).words
    for query in QUERIES:
        positions, scores = among.search(index_terms(query), field, 1000)
        expected_positions, expected = alone.search(index_terms(query), field, 1000)
        order, expected_order = np.argsort(positions), np.argsort(expected_positions)
        assert positions[order].tolist() == expected_positions[expected_order].tolist()
        assert scores[order] == pytest.approx(expected[expected_order], rel=1e-5)


def test_names_of_other_refs_take_no_place(homes: tuple[Path, Path, str]) -> None:
    """A name that other refs call in more chunks than are asked for is still found in each chunk of this ref."""
    many, one, shop = homes
    among, alone = open_index(many, "project", shop), open_index(one, "project", shop)
    for name in ("widget", "parse", "render"):
        expected = sorted(alone.words.find(name, "calls", 50).tolist())
        assert sorted(among.words.find(name, "calls", 50).tolist()) == expected
        assert len(among.words.find(name, "calls", 3)) == min(3, len(expected))


def test_counts_are_solved_for_exactly(tmp_path: Path) -> None:
    """How often a chunk holds a word comes out of its score to the unit, for long chunks and large counts, too."""
    texts = [f"{'alpha ' * n_alpha}{'beta ' * n_beta}" for n_alpha in (1, 2, 7, 41, 150) for n_beta in (0, 1, 38, 700)]
    with LexiconWriter(tmp_path) as writer:
        lengths = [
            writer.add(row, Chunk(f"{row:032x}", "a.py", 1, 1, "", "text", "text", text, ""))
            for row, text in enumerate(texts)
        ]
        writer.commit()
    for term in ("alpha", "beta"):
        postings = Lexicon(tmp_path).postings(term, "body")
        of_rows = round_length(np.asarray([lengths[row][0] for row in postings.rows.tolist()]))
        counts = postings.counts(np.ones(len(postings.rows), dtype=np.bool_), of_rows)
        expected = [Counter(index_terms(texts[row]))[term] for row in postings.rows.tolist()]
        assert counts.tolist() == pytest.approx(expected, rel=2e-3)
        assert [count for count in counts.tolist() if count < 100] == [count for count in expected if count < 100]


def test_a_large_index_lets_a_few_foreign_chunks_be(
    homes: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where gathering postings would take long, the numbers of the index serve, and all hits are still of the ref."""
    many, _, shop = homes
    monkeypatch.setattr(refwords, "_MANY_ROWS", 0)
    monkeypatch.setattr(refwords, "_FEW_FOREIGN", 1.0)
    index = open_index(many, "project", shop)
    positions, scores = index.words.search(["merg", "pars"], "body", 7)
    assert len(positions) == 7 and positions.min() >= 0
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_postings_that_are_kept_are_bounded(homes: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many words are asked for, what is kept of them stays small, and answers stay the same."""
    many, _, shop = homes
    words = open_index(many, "project", shop).words
    before = [words.search([term], "body", 5)[1].tolist() for term in ("session", "widget", "queue")]
    monkeypatch.setattr(refwords, "_MAX_KEPT_POSTINGS", 6)
    after = [words.search([term], "body", 5)[1].tolist() for term in ("limit", "session", "widget", "queue")][1:]
    assert after == before
    assert sum(len(positions) for positions, _ in words._kept.values()) <= 6
