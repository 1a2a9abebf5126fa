"""Tokenised pairs as flat arrays, and what training draws from them: batches, varied queries, sampled codes.

A code is two fields, its first line (``path > scope > name``) and the rest, as ``StaticModel.encode_documents`` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from indexer.training.records import Pair

MAX_CODE_CHARS = 1_500  # as much as a chunk of an index holds
_MIN_DROPPED_QUERY_TOKENS = 4  # a shorter query keeps all of its words
_MIN_OWN_SHARE = 4  # a batch of one package has at least a quarter of a batch, else its pairs are mixed with others

# People ask questions, docstrings state. A share of the queries gets one of these in front, so that the rows of
# the words that make a question learn to say nothing.
QUESTIONS = (
    "how does it",
    "how is this done:",
    "how are these",
    "how do I",
    "how to",
    "where is the code that",
    "where does it",
    "what is used to",
    "which function",
    "what happens when it should",
    "find the implementation of",
    "why does it",
)

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token ids of many texts: text i is ``flat[starts[i] : starts[i] + lengths[i]]``."""

    flat: NDArray[np.int32]
    starts: Rows
    lengths: Rows

    def take(self, rows: Rows, shares: NDArray[np.float64], sampler: np.random.Generator) -> Bags:
        """The tokens of some texts, each token kept with its text's share as the chance."""
        lengths = self.lengths[rows]
        kept = sampler.random(int(lengths.sum())) < np.repeat(shares, lengths)
        counts = np.bincount(np.repeat(np.arange(len(rows)), lengths)[kept], minlength=len(rows))
        return Bags(self.flat[_spans(self.starts[rows], lengths)[kept]], counts)


@dataclass(frozen=True, slots=True)
class Bags:
    """Token ids of texts one after the other, and how many each text has."""

    flat: NDArray[np.int32]
    counts: Rows


@dataclass(frozen=True, slots=True)
class Examples:
    """Tokenised pairs. ``groups``: pairs with the same query share a number; ``packages``: those of a package do."""

    queries: Tokens
    heads: Tokens
    rests: Tokens
    questions: Tokens
    groups: Rows
    packages: Rows
    is_symbol: NDArray[np.bool_]


def tokenize_pairs(tokenizer: Tokenizer, pairs: Sequence[Pair]) -> Examples:
    """The pairs that have tokens on both sides."""
    codes = [pair.code[:MAX_CODE_CHARS].partition("\n") for pair in pairs]
    queries = _tokenize(tokenizer, [pair.query for pair in pairs])
    heads = _tokenize(tokenizer, [head for head, _, _ in codes])
    rests = _tokenize(tokenizer, [rest for _, _, rest in codes])
    usable = np.flatnonzero((queries.lengths > 0) & (heads.lengths + rests.lengths > 0))

    def only(tokens: Tokens) -> Tokens:
        return Tokens(tokens.flat, tokens.starts[usable], tokens.lengths[usable])

    return Examples(
        queries=only(queries),
        heads=only(heads),
        rests=only(rests),
        questions=_tokenize(tokenizer, QUESTIONS),
        groups=np.unique([pair.query.lower() for pair in pairs], return_inverse=True)[1][usable],
        packages=np.unique([pair.package for pair in pairs], return_inverse=True)[1][usable],
        is_symbol=np.array([pair.kind == "symbol" for pair in pairs])[usable],
    )


def plan_batches(packages: Rows, rows: Rows, size: int, own_share: float, sampler: np.random.Generator) -> list[Rows]:
    """The rows of each batch: a share of the pairs in batches of their own package, the others mixed."""
    own = sampler.random(len(rows)) < own_share
    ordered = rows[own][np.argsort(packages[rows[own]], kind="stable")]
    batches: list[Rows] = []
    mixed = [rows[~own]]
    for of_package in np.split(ordered, np.flatnonzero(np.diff(packages[ordered])) + 1):
        for batch in _cut(of_package, size, sampler):
            (batches if len(batch) >= size // _MIN_OWN_SHARE else mixed).append(batch)  # few are no hard negatives
    batches.extend(_cut(np.concatenate(mixed), size, sampler))
    return [batches[place] for place in sampler.permutation(len(batches))]


def vary_queries(
    examples: Examples, rows: Rows, dropout: float, question_share: float, sampler: np.random.Generator
) -> Bags:
    """Queries with some of their words missing, a share of them with the words of a question in front."""
    chosen = sampler.integers(len(examples.questions.lengths), size=len(rows))
    asked = (sampler.random(len(rows)) < question_share).astype(np.float64)
    questions = examples.questions.take(chosen, asked, sampler)
    kept = np.where(examples.queries.lengths[rows] >= _MIN_DROPPED_QUERY_TOKENS, 1.0 - dropout, 1.0)
    queries = examples.queries.take(rows, kept, sampler)
    return _side_by_side(questions, queries)


def sample_codes_of(examples: Examples, rows: Rows, n_tokens: int, sampler: np.random.Generator) -> tuple[Bags, Bags]:
    """First lines, and about ``n_tokens`` of the tokens of each rest, drawn anew at each sight of it."""
    heads = examples.heads.take(rows, np.ones(len(rows)), sampler)
    shares = n_tokens / np.maximum(examples.rests.lengths[rows], 1)
    return heads, examples.rests.take(rows, shares, sampler)


def _side_by_side(first: Bags, second: Bags) -> Bags:
    """Each text of ``first`` with the text of the same place in ``second`` behind it."""
    counts = np.stack([first.counts, second.counts], axis=1)
    starts = np.stack([_starts(first.counts), len(first.flat) + _starts(second.counts)], axis=1)
    flat = np.concatenate([first.flat, second.flat])
    return Bags(flat[_spans(starts.ravel(), counts.ravel())], counts.sum(axis=1))


def _tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> Tokens:
    ids: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), 4096):
        batch = tokenizer.encode_batch_fast(list(texts[start : start + 4096]), add_special_tokens=False)
        ids.extend(np.asarray(encoding.ids, dtype=np.int32) for encoding in batch)
    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    return Tokens(np.concatenate(ids), _starts(lengths), lengths)


def _cut(rows: Rows, size: int, sampler: np.random.Generator) -> list[Rows]:
    shuffled = sampler.permutation(rows)
    return [shuffled[start : start + size] for start in range(0, len(rows), size)]


def _starts(lengths: Rows) -> Rows:
    starts: Rows = np.cumsum(lengths) - lengths
    return starts


def _spans(starts: Rows, lengths: Rows) -> Rows:
    """``starts[0], starts[0] + 1, ...`` for ``lengths[0]`` places, then those of the next span."""
    spans: Rows = np.arange(int(lengths.sum())) + np.repeat(starts - _starts(lengths), lengths)
    return spans
