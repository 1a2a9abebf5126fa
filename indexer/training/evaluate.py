"""How well an encoder finds a function by its docstring: mean reciprocal rank a package, and chunks a second.

BM25 with split identifiers is the lexical yardstick, all-MiniLM-L6-v2 the transformer one, on the same items.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from indexer.training.model import Encode, StaticModel
from indexer.training.records import Collection

Scores = NDArray[np.floating]
Ranker = Callable[[Collection], Scores]
_K1, _B = 1.2, 0.75  # BM25's usual constants (Robertson and Zaragoza 2009)
_CHUNK_LINES = 30  # as in the project's earlier throughput figures


def mean_reciprocal_rank(scores: Scores, answers: Sequence[int]) -> float:
    """MRR of ``(n_queries, n_candidates)`` scores; ties take the worst rank: constants win nothing."""
    right = scores[np.arange(len(answers)), list(answers)][:, None]
    ranks = (scores >= right).sum(axis=1)
    return float((1.0 / ranks).mean())


def evaluate(ranker: Ranker, collections: Sequence[Collection]) -> dict[str, float]:
    """MRR by ``package (language)``, by language, and over all: ``mean`` of packages, ``languages`` of languages."""
    by_package: dict[str, float] = {}
    by_language: dict[str, list[float]] = defaultdict(list)
    for collection in collections:
        figure = mean_reciprocal_rank(ranker(collection), collection.answers)
        by_package[f"{collection.package} ({collection.language})"] = figure
        by_language[collection.language].append(figure)
    means = {language: sum(figures) / len(figures) for language, figures in sorted(by_language.items())}
    return {
        "mean": sum(by_package.values()) / len(by_package),
        "languages": sum(means.values()) / len(means),
        **means,
        **by_package,
    }


def rank_by_vectors(encode: Encode, encode_documents: Encode | None = None) -> Ranker:
    """A ranker by cosine, from functions that make unit vectors of queries and of candidates."""
    of_candidates = encode_documents or encode
    return lambda collection: encode(collection.queries) @ of_candidates(collection.candidates).T


def rank_by_bm25(tokenizer: Tokenizer) -> Ranker:
    """A ranker by BM25 over the tokenizer's normalised words: identifiers split, lower case."""
    normalizer = tokenizer.normalizer
    if normalizer is None:
        raise ValueError("the tokenizer has no normaliser")

    def words(text: str) -> list[str]:
        split: list[str] = normalizer.normalize_str(text).split()
        return split

    def rank(collection: Collection) -> Scores:
        documents = [Counter(words(text)) for text in collection.candidates]
        lengths = np.array([document.total() for document in documents], dtype=np.float64)
        norms = _K1 * (1 - _B + _B * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, document in enumerate(documents):
            for word, count in document.items():
                postings[word].append((row, count))
        scores = np.zeros((len(collection.queries), len(documents)))
        for index, query in enumerate(collection.queries):
            for word in set(words(query)):
                found = postings.get(word, [])
                weight = math.log(1 + (len(documents) - len(found) + 0.5) / (len(found) + 0.5))
                for row, count in found:
                    scores[index, row] += weight * count * (_K1 + 1) / (count + norms[row])
        return scores

    return rank


def measure_throughput(model: StaticModel, texts: Sequence[str], n_runs: int = 3) -> float:
    """Chunks of 30 lines a second, tokenizer and numpy only, the best of a few runs."""
    chunks = []
    for text in texts:
        lines = text.splitlines()
        chunks += ["\n".join(lines[at : at + _CHUNK_LINES]) for at in range(0, len(lines), _CHUNK_LINES)]
    best_seconds = math.inf
    for _ in range(n_runs):
        start = time.perf_counter()
        model.encode_documents(chunks)
        best_seconds = min(best_seconds, time.perf_counter() - start)
    return len(chunks) / best_seconds
