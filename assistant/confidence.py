"""How likely it is that the hits hold the answer: a probability, out of signals of the search, by a fitted logistic
regression (``confidence.toml`` beside this file; fitted by ``python -m eval.abstention``, see docs/abstention.md).

The signals do not depend on the encoder's scale or on the size of the repository.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from indexer.home import OpenedIndex
from indexer.records import Hit
from indexer.words import MAX_QUERY_TERMS, NAME_SEPARATOR, STOP_WORDS, index_terms, stem

from .signals import Query, Scores

COEFFICIENTS_FILE = Path(__file__).with_name("confidence.toml")

N_HITS = 10  # what is looked at, however many were asked for
MIN_CHUNKS = 50  # the smallest repository of the fit has 74
_N_BEST = 3

# Words of a question about code that say no more than that it is one.
_ASKING_WORDS = frozenset(
    "work works working happen happens implement implemented implementation handle handled handling done defined "
    "define located show explain describe tell find look see please code file files function method class".split()
)
_SUFFIXES = ("ers", "er", "ors", "or", "ations", "ation", "ions", "ion", "ments", "ment", "able", "al", "ity", "ness")
_MIN_ORIGIN_CHARS = 4
_NAMES_OF_ITSELF = frozenset({"self", "cls", "this"})  # an object's own, in its code: no name of a repository
_WORD = re.compile(r"[^\W_]\w*")
_QUALIFIED = re.compile(r"(?<!\w)[A-Za-z_]\w*+(?:(?:\.|::|#|->)[A-Za-z_]\w*+)+")

CONFIDENCE_SIGNALS: Mapping[str, str] = {
    "meaning_above": "by how many standard deviations the best cosine is above the mean of all chunks",
    "words_known": "share of the question's words, rare ones more, that stand anywhere in the repository",
    "words_in_best": "the same share within the best hit",
    "words_together": "the largest such share within one of the best hits",
    "words_in_hits": "the same share within all hits together",
    "names_asked": "whether the question spells out names",
    "names_defined": "share of those names that the repository defines",
    "names_unknown": "share of those names that stand nowhere in the repository",
    "qualifiers_unknown": "share of what qualifies them (`Session` of `Session.get`) that stands nowhere",
    "qualifiers_apart": "share of such names whose parts no hit holds all together",
    "names_apart": "whether no hit holds all of the names and of what qualifies them",
    "path_says": "how much of the best hits' file names the question says",
    "score_best": "score of the best hit",
    "score_gap": "by how much the best hit is ahead of the last",
    "n_terms": "logarithm of the number of the question's words",
}


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A logistic regression over the signals, each set against its mean and in units of its standard deviation."""

    intercept: float
    weights: Mapping[str, float]
    means: Mapping[str, float]
    deviations: Mapping[str, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        """Between 0 and 1, for ``signals`` of ``measure_confidence_signals``."""
        logit = self.intercept + sum(
            weight * (signals[name] - self.means[name]) / self.deviations[name] for name, weight in self.weights.items()
        )
        return 1 / (1 + math.exp(-min(max(logit, -50.0), 50.0)))


@cache
def load_coefficients() -> Coefficients:
    """The fitted coefficients that are shipped."""
    table = tomllib.loads(COEFFICIENTS_FILE.read_text("utf-8"))
    return Coefficients(table["intercept"], table["weights"], table["means"], table["deviations"])


def fingerprint_coefficients() -> str:
    """The beginning of the SHA-256 of their file: another fit is sure of other things."""
    return hashlib.sha256(COEFFICIENTS_FILE.read_bytes()).hexdigest()[:12]


def is_too_weak(signals: Mapping[str, float], probability: float, threshold: float) -> bool:
    """Whether the model should not be asked: the probability is below ``threshold``, and the question does not spell
    out names that are all there, each with what qualifies it, which the repository then says something of.
    """
    names_are_there = signals["names_asked"] > 0 and signals["names_defined"] == 1 and signals["qualifiers_apart"] == 0
    return probability < threshold and not names_are_there


def measure_confidence_signals(
    query: Query, indexes: Sequence[OpenedIndex], cosines: Sequence[Scores], hits: Sequence[Hit]
) -> dict[str, float]:
    """The signals of one search: ``cosines`` of every chunk of each of ``indexes``, and the best hits of them all.

    Each of ``CONFIDENCE_SIGNALS``. Empty where there are too few chunks for the best to stand out among them.
    """
    hits = hits[:N_HITS]
    n_chunks = sum(len(scores) for scores in cosines)
    if n_chunks < MIN_CHUNKS or not hits:
        return {}
    signals = dict.fromkeys(CONFIDENCE_SIGNALS, 0.0)
    counts = _count_terms(query.text, indexes)
    # The smoothed inverse document frequency; the words of the question alone decide, not how many there are.
    rarity = {term: math.log1p(n_chunks / (1 + count)) for term, count in counts.items()}
    total = sum(rarity.values()) or 1.0
    shown = [frozenset(index_terms(f"{hit.chunk.path} {hit.chunk.symbol}\n{hit.chunk.text}")) for hit in hits]

    def share(terms: frozenset[str]) -> float:
        return sum(value for term, value in rarity.items() if term in terms) / total

    everywhere = frozenset().union(*shown)
    known = frozenset(term for term, count in counts.items() if count)
    best = hits[:_N_BEST]
    signals |= {
        "meaning_above": max(map(_standard_deviations_above, cosines)),
        "words_known": share(known | everywhere),
        "words_in_best": share(shown[0]),
        "words_together": max(map(share, shown)),
        "words_in_hits": share(everywhere),
        "path_says": _mean([hit.signals.get("file_name_share", 0.0) for hit in best]),
        "score_best": hits[0].score,
        "score_gap": hits[0].score - hits[-1].score,
        "n_terms": math.log1p(len(counts)),
    }
    names = [
        name for name in query.names if name not in _NAMES_OF_ITSELF and not _only_begins_sentences(name, query.text)
    ]
    if names:
        defined = [any(len(index.words.find(name, "defines", 1)) for index in indexes) for name in names]
        unknown = [
            not is_defined and not _is_said(name, indexes) for name, is_defined in zip(names, defined, strict=True)
        ]
        signals |= {"names_asked": 1.0, "names_defined": _mean(defined), "names_unknown": _mean(unknown)}
        qualified = [NAME_SEPARATOR.split(name) for name in _QUALIFIED.findall(query.text)]
        qualifiers = [part for parts in qualified for part in parts[:-1]]
        if qualifiers:
            signals["qualifiers_unknown"] = _mean([not _is_said(part, indexes) for part in qualifiers])
            signals["qualifiers_apart"] = _mean([_are_apart(parts, shown) for parts in qualified])
        signals["names_apart"] = float(_are_apart([*names, *qualifiers], shown))
    return signals


def _count_terms(question: str, indexes: Sequence[OpenedIndex]) -> dict[str, int]:
    """The terms of the words that name something, with the number of chunks that hold each.

    A word that stands nowhere counts as the word that it is derived from, if that one does: ``watcher`` as ``watch``.
    """
    words = dict.fromkeys(_WORD.findall(question))
    telling = [word for word in words if word.lower() not in STOP_WORDS]
    telling = [word for word in telling if word.lower() not in _ASKING_WORDS] or telling or list(words)

    def count(term: str) -> int:
        return sum(index.words.count(term, "body") for index in indexes)

    counts: dict[str, int] = {}
    for word in telling[:MAX_QUERY_TERMS]:
        for term in index_terms(word):
            origins = (origin for origin in _origins(word.lower()) if count(origin)) if not count(term) else ()
            term = next(iter(origins), term)
            counts[term] = count(term)
    return counts


def _origins(word: str) -> list[str]:
    """Terms that ``word`` may be derived from."""
    found = []
    for suffix in _SUFFIXES:
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= _MIN_ORIGIN_CHARS:
            found += [stem(rest), stem(f"{rest}e")]
    return found


def _only_begins_sentences(name: str, question: str) -> bool:
    """Whether ``name`` is but the capitalised first word of a sentence, wherever it stands."""
    return not re.search(rf"(?<![.?!:]\s)\b{re.escape(name)}\b", question) and name[1:].islower()


def _are_apart(names: Sequence[str], shown: Sequence[frozenset[str]]) -> bool:
    """Whether none of the hits, of which the terms are given, holds all of ``names``."""
    wholes = {whole for name in names if (whole := _whole_term(name))}
    return not any(wholes <= terms for terms in shown)


def _is_said(name: str, indexes: Sequence[OpenedIndex]) -> bool:
    """Whether the whole of ``name`` stands in a chunk."""
    whole = _whole_term(name)
    return bool(whole) and any(index.words.count(whole, "body") for index in indexes)


def _whole_term(name: str) -> str:
    """The term of a name as a whole, which is the last one of its terms; empty where it has none."""
    return next(reversed(index_terms(name)), "")


def _standard_deviations_above(cosines: Scores) -> float:
    if len(cosines) < 2:
        return 0.0
    deviation = float(np.std(cosines))
    return (float(np.max(cosines)) - float(np.mean(cosines))) / deviation if deviation > 0 else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
