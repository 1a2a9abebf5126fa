"""The recipe's splits and figures, and the encoder that ships: its tokenizer, size and norm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.training.corpus import MIN_QUERIES, build_collections, separate
from indexer.training.evaluate import mean_reciprocal_rank
from indexer.training.examples import QUESTIONS, plan_batches, tokenize_pairs, vary_queries
from indexer.training.model import MAX_DIRECTORY_BYTES, StaticModel, read_model
from indexer.training.records import Pair
from indexer.training.tokenizer import build_tokenizer, choose_vocabulary
from indexer.training.train import TrainingSettings, train

ENCODER = Path(__file__).parents[2] / "indexer" / "encoder"


def pair(package: str, key: str, query: str = "open the gate") -> Pair:
    """A pair of which only package, key and query matter."""
    return Pair(query, f"{package}.py > f\ncode {key}", "python", package, "function", key)


def test_held_out_code_is_not_trained_on() -> None:
    """A function that a test package also holds is taken out of train."""
    splits = separate([pair("a", "same"), pair("a", "own"), pair("b", "same")], {"a": "train", "b": "test"})
    assert [p.key for p in splits["train"]] == ["own"]


def test_ambiguous_query_is_not_asked() -> None:
    """A docstring that two functions share has no one answer, so it is only a candidate."""
    own = [pair("a", f"own {number}", f"close gate {number}") for number in range(MIN_QUERIES)]
    [collection] = build_collections([pair("a", "1"), pair("a", "2"), *own])
    assert len(collection.candidates) == MIN_QUERIES + 2
    assert set(collection.queries) == {p.query for p in own}


def test_languages_of_a_package_are_ranked_apart() -> None:
    """A package in two languages gives two ranking tasks; one with too few questions gives none."""
    pairs = [pair("a", f"{number}", f"close gate {number}") for number in range(MIN_QUERIES)]
    others = [replace(p, language="lua") for p in pairs]
    found = build_collections([*pairs, *others, replace(pairs[0], language="go")])
    assert [collection.language for collection in found] == ["lua", "python"]


def test_vocabulary_takes_the_words_of_code() -> None:
    """A frequent word that the teacher cuts in pieces comes in; a token that nothing uses makes room for it."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    known = ["[UNK]", *letters, *(f"##{letter}" for letter in letters), "gate", "unused"]
    chosen = choose_vocabulary(known, ["kwargs gate"] * 50, len(known))
    assert chosen[0] == "[UNK]" and {"kwargs", "gate"} <= set(chosen) and "unused" not in chosen


def test_training_brings_a_question_to_its_code() -> None:
    """After a few epochs on pairs that share no word, each query is nearest to its own code; twice gives the same."""
    words = [f"{first}{second}" for first in "abcdefgh" for second in "klmnopqr"]
    tokenizer = build_tokenizer(["[UNK]", *words])
    rows = np.random.default_rng(0).normal(size=(len(words) + 1, 16)).astype(np.float32)
    pairs = [Pair(words[i], words[i + 32], "python", "garden", "function", str(i)) for i in range(32)]
    settings = TrainingSettings(n_epochs=60, batch_size=32, learning_rate=0.05, question_share=0.0, n_threads=1)
    trained, again = (train(StaticModel(tokenizer, rows), pairs, settings) for _ in range(2))
    scores = trained.encode([p.query for p in pairs]) @ trained.encode([p.code for p in pairs]).T
    assert (scores.argmax(axis=1) == np.arange(32)).all()
    assert np.array_equal(trained.rows, again.rows)


def test_batches_hold_each_pair_once() -> None:
    """An epoch's batches are all rows once each, some of them of one package alone."""
    packages = np.repeat([0, 1, 2], [40, 40, 3])
    batches = plan_batches(packages, np.arange(83), 16, 0.5, np.random.default_rng(0))
    assert sorted(np.concatenate(batches)) == list(range(83))
    assert max(map(len, batches)) <= 16
    assert any(len(batch) > 3 and len(set(packages[batch])) == 1 for batch in batches)


def test_a_query_keeps_its_words_behind_a_question() -> None:
    """With nothing left out, a varied query is the question's words and then its own, each text's at its place."""
    words = ["[UNK]", "gate", "wall", *" ".join(QUESTIONS).lower().replace(":", "").split()]
    tokenizer = build_tokenizer(dict.fromkeys(words))
    pairs = [
        Pair(query, "code\nwall", "lua", "a", "function", query) for query in ("gate", "wall gate", "gate wall wall")
    ]
    examples = tokenize_pairs(tokenizer, pairs)
    bags = vary_queries(
        examples, np.array([2, 0, 1]), dropout=0.0, question_share=1.0, sampler=np.random.default_rng(0)
    )
    texts = np.split(bags.flat, np.cumsum(bags.counts)[:-1])
    gate, wall = tokenizer.token_to_id("gate"), tokenizer.token_to_id("wall")
    assert [list(text[-n:]) for text, n in zip(texts, (3, 1, 2), strict=True)] == [
        [gate, wall, wall],
        [gate],
        [wall, gate],
    ]
    asked = {tuple(tokenizer.encode(question).ids) for question in QUESTIONS}
    assert {tuple(text[:-n]) for text, n in zip(texts, (3, 1, 2), strict=True)} <= asked


def test_tie_counts_as_the_worst_rank() -> None:
    """An encoder that gives every candidate the same score gains nothing."""
    assert mean_reciprocal_rank(np.zeros((1, 4)), [0]) == 0.25


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("HTTPServerError", ["http", "server", "error"]),
        ("parse_config", ["parse", "config"]),
        ("getUserById2", ["get", "user", "by", "id", "2"]),
    ],
)
def test_shipped_tokenizer_splits_identifiers(text: str, tokens: list[str]) -> None:
    """The shipped tokenizer splits identifiers before it lowercases them."""
    assert read_model(ENCODER).tokenizer.encode(text, add_special_tokens=False).tokens == tokens


def test_shipped_encoder_fits_and_is_unit_norm() -> None:
    """The shipped directory stays under its size, and its vectors are unit norm in 256 dimensions."""
    assert sum(path.stat().st_size for path in ENCODER.rglob("*") if path.is_file()) < MAX_DIRECTORY_BYTES
    vectors = read_model(ENCODER).encode(["open the gate", "def open_gate(key): ..."])
    assert vectors.shape == (2, 256) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_length_of_a_text_is_not_cut() -> None:
    """The shipped tokenizer neither truncates nor pads."""
    tokenizer = read_model(ENCODER).tokenizer
    assert len(tokenizer.encode("gate " * 5000, add_special_tokens=False).ids) == 5000
