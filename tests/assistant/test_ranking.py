"""The order of hits: weights add up, files come first, chunks of one file make room for others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.ranking import Weights, load_weights, rank_chunks
from assistant.search import Searcher, SearchOptions
from assistant.signals import CHUNK_SIGNALS, FILE_SIGNALS, SIGNALS, Candidates, read_query

Make = Callable[..., Any]


def candidates(file_scores: list[float], chunk_scores: list[list[float]]) -> Candidates:
    """Files and chunks whose first signal is their score, all others 0."""
    counts = [len(chunks) for chunks in chunk_scores]
    flat = [score for chunks in chunk_scores for score in chunks]
    files = np.zeros((len(counts), len(FILE_SIGNALS)), dtype=np.float32)
    files[:, 0] = file_scores
    chunks = np.zeros((len(flat), len(CHUNK_SIGNALS)), dtype=np.float32)
    chunks[:, 0] = flat
    owners = np.repeat(np.arange(len(counts)), counts)
    return Candidates(np.arange(len(counts)), files, np.arange(len(flat)), owners, chunks)


def weights(repeat_penalty: float) -> Weights:
    """One for each first signal, 0 for the others."""
    return Weights(
        {name: float(name == FILE_SIGNALS_FIRST) for name in FILE_SIGNALS},
        {name: float(name == CHUNK_SIGNALS_FIRST) for name in CHUNK_SIGNALS},
        repeat_penalty,
        0.0,
    )


FILE_SIGNALS_FIRST, CHUNK_SIGNALS_FIRST = next(iter(FILE_SIGNALS)), next(iter(CHUNK_SIGNALS))


def test_best_chunks_of_the_best_files_come_first() -> None:
    """With a large penalty the first hits are of different files, in the files' order; the rest follows."""
    ranked = rank_chunks(candidates([1, 3, 2], [[5, 9], [1, 2, 0], [4]]), weights(100), 10)
    assert [chunk.position for chunk in ranked] == [3, 5, 1, 2, 0, 4]
    assert [chunk.score for chunk in ranked[:3]] == [3, 2, 1]


def test_without_a_penalty_a_file_keeps_its_close_seconds() -> None:
    """A second chunk loses only what it is worse than its file's best."""
    ranked = rank_chunks(candidates([3, 2], [[1.0, 0.5], [4]]), weights(0), 10)
    assert [(chunk.position, chunk.score) for chunk in ranked] == [(0, 3), (1, 2.5), (2, 2)]


@pytest.mark.parametrize("penalty", [0, 0.5, 100])
def test_fewer_hits_are_the_first_of_more(penalty: float) -> None:
    """Files that cannot be among the best k are not ordered, and that changes nothing; equal files included."""
    found = candidates([1, 3, 2, 3, 0], [[5, 9], [1, 2, 0], [4], [7, 7], [1]])
    every = rank_chunks(found, weights(penalty), 9)
    assert len(every) == 9
    for k in range(1, 9):
        assert rank_chunks(found, weights(penalty), k) == every[:k]


def test_what_a_model_reads_goes_deeper_into_a_file() -> None:
    """For a context a file's close second comes before another file's first, which leads in a list for people."""
    found = candidates([3, 2], [[1.0, 0.5], [4]])
    assert [chunk.position for chunk in rank_chunks(found, weights(2), 3)] == [0, 2, 1]
    assert [chunk.position for chunk in rank_chunks(found, weights(2).for_context(), 3)] == [0, 1, 2]


def test_the_shipped_weights_know_every_signal() -> None:
    """One weight a signal, none over, and each signal says why it is there."""
    shipped = load_weights()
    assert list(shipped.files) == list(FILE_SIGNALS)
    assert list(shipped.chunks) == list(CHUNK_SIGNALS)
    assert all(len(reason.split()) >= 2 for reason in (*FILE_SIGNALS.values(), *CHUNK_SIGNALS.values()))


@pytest.mark.parametrize(
    ("question", "names", "is_name"),
    [
        ("Router", ("Router",), True),
        ("Router.add", ("add",), True),
        ("how does RouterGroup handle paths", ("RouterGroup",), False),
        ("what calls send_invoice?", ("send_invoice",), False),
        ("How are routes grouped", (), False),
        ("the Engine of gin", ("Engine",), False),
        ("std::sort", ("sort",), True),
        ("how", (), True),
    ],
)
def test_names_that_a_question_spells_out(question: str, names: tuple[str, ...], is_name: bool) -> None:
    """Identifiers are told from words by how they are written, and a lone word is a name."""
    query = read_query(question)
    assert (query.names, query.is_name) == (names, is_name)


def test_a_definition_goes_before_its_uses(make_repo: Make, home: Path, build: Make) -> None:
    """Asked for a name, the file that defines it is first, though others say it more often."""
    uses = "\n".join(f"def use_{i}():\n    return Ledger(Ledger, Ledger)\n" for i in range(5))
    files = {"ledger_report.py": uses, "books.py": "class Ledger:\n    balance = 0\n", "tests/test_ledger.py": uses}
    build(home, make_repo(files).path)
    hits = Searcher(home).search("project", "Ledger").hits
    assert hits[0].chunk.path == "books.py"
    assert set(hits[0].signals) == set(SIGNALS)
    assert hits[0].signals["defines"] == 1.0


@pytest.mark.parametrize("signal", SIGNALS)
def test_each_signal_can_be_left_out(make_repo: Make, home: Path, build: Make, signal: str) -> None:
    """Without a signal the score of a hit is less its weight times its value."""
    build(home, make_repo({"ledger.py": "class Ledger:\n    balance = 0\n"}).path)
    searcher = Searcher(home)
    [full] = searcher.search("project", "Ledger").hits
    [less] = searcher.search("project", "Ledger", options=SearchOptions(without=frozenset({signal}))).hits
    weight = load_weights().files.get(signal, 0.0)  # a chunk's own signals order a file's chunks, not files
    assert full.score - less.score == pytest.approx(weight * full.signals[signal], abs=1e-3)
