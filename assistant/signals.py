"""The signals that hits are ranked by, as named numbers of each candidate file and chunk, with their reasons.

A search finds candidates (by vectors, by words, by names), says of each what speaks for it, and adds that up with
the weights of ``ranking``. Files are judged first, then the chunks within a file: which file answers is mostly
told by more than its best chunk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.home import OpenedIndex
from indexer.lexicon import NameField
from indexer.words import NAME_SEPARATOR, QUALIFIED_NAME, SPELLED_AS_CODE, STOP_WORDS, query_terms

from .paths import KINDS, PathRarity, match_folders, match_name, read_path

Positions = NDArray[np.int64]
Scores = NDArray[np.float32]

POOL = 200  # chunks of each list that candidates are taken from
_BREADTH = 3  # chunks of a file that show whether it is about the question throughout
_BLOCK = 64  # cosines whose largest one is looked at first
_MAX_NAMED = 50  # a name that more chunks define, or call, tells nothing
_MAX_QUERY_CHARS = 8_000  # that are read: who pastes a file says before it what is asked

FILE_SIGNALS: Mapping[str, str] = {
    "words_best": "BM25 of the file's best chunk, over the best of all: the words of the question stand there",
    "words_breadth": "the same of its three best chunks: a file about the subject says its words again and again",
    "names_best": "BM25 over the names that a chunk defines: a name says more than a mention",
    "meaning_best": "cosine of the best chunk, less the best of all",
    "meaning_breadth": "mean cosine of the three best chunks, likewise",
    "meaning_whole": "cosine of the whole file's mean vector, likewise: what the file is about",
    "defines": "it defines a name that the question spells out; less where others define it too",
    "calls_asked": "the question asks who calls a name that it spells out, and the file calls it",
    "file_name": "the question says the whole of the file's name, weighed by how rare it is among the paths",
    "file_name_share": "how much of the file's name it says",
    "file_name_exact": "a word of the question is the file's name, to the letter",
    "folders": "the question says words of its folders, rare ones more",
    "size": "logarithm of its number of chunks: of two alike, the larger one holds more of the answer",
    "dependents": "logarithm of how many other files use what it defines: the core rather than the rim",
    "test": "a test: it shows a use of what is asked for",
    "docs": "prose: it says what the code does elsewhere",
    "config": "settings, data or markup",
    "example": "an example, benchmark or script",
    "outdated": "kept for compatibility, or other people's code",
    "other_platform": "for a platform that is not the common one, where a twin stands beside it",
    # A question that is a name alone asks for its definition; what it is about is told by other signals then.
    "name_asked_defines": "`defines`, where the question is a single name",
    "name_asked_file_name": "`file_name_exact`, where the question is a single name",
    "name_asked_size": "`size`, where the question is a single name",
    "name_asked_dependents": "`dependents`, where the question is a single name",
}
CHUNK_SIGNALS: Mapping[str, str] = {
    "chunk_words": "BM25 of the chunk, over the best of all",
    "chunk_names": "BM25 of the names that it defines, likewise",
    "chunk_meaning": "its cosine, less the best of all",
    "chunk_defines": "it defines a name that the question spells out",
    "chunk_calls_asked": "the question asks who calls a name that it spells out, and the chunk calls it",
}
_SHARES_OF_BEST = frozenset({"words_best", "words_breadth", "names_best", "chunk_words", "chunk_names"})
_BELOW_BEST = frozenset({"meaning_best", "meaning_breadth", "meaning_whole", "chunk_meaning"})
_IF_NAME_ASKED = {
    "name_asked_defines": "defines",
    "name_asked_file_name": "file_name_exact",
    "name_asked_size": "size",
    "name_asked_dependents": "dependents",
}
SIGNALS: tuple[str, ...] = (*FILE_SIGNALS, *CHUNK_SIGNALS)

_QUOTED_AS_CODE = re.compile(r"`([^`\s]+)`")
# In two steps: as one pattern each asking word would be tried with all that follows it.
_ASKS_WHO = re.compile(r"\b(?:who|what|which|where)\b(.*)", re.IGNORECASE)
_SAYS_CALLS = re.compile(r"\b(?:calls?|called|calling|invokes?|invoked|uses|used)\b", re.IGNORECASE)
_SAYS_CALLERS_OF = re.compile(r"\b(?:callers?|call sites?|usages?) of\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the signals read it. ``text`` is as much of it as they read."""

    text: str
    terms: tuple[str, ...]
    names: tuple[str, ...]  # the identifiers that it spells out, without qualifiers
    words: frozenset[str]  # every word as it stands, in lower case
    is_name: bool  # the question is one name and nothing else
    asks_who_calls: bool


@dataclass(frozen=True, slots=True)
class Candidates:
    """Files and chunks that may answer, and what speaks for each.

    ``files`` are indices into the manifest's files; ``file_signals`` has shape (len(files), len(FILE_SIGNALS)),
    ``chunk_signals`` (len(chunks), len(CHUNK_SIGNALS)); ``chunks`` are positions in the manifest's columns and
    ``file_of_chunk`` says which entry of ``files`` each belongs to.
    """

    files: Positions
    file_signals: Scores
    chunks: Positions
    file_of_chunk: Positions
    chunk_signals: Scores


class IndexView:
    """One opened ref with what the signals need of it beyond the index, made when first asked for and kept."""

    def __init__(self, index: OpenedIndex) -> None:
        self.index = index
        self._mean_lengths = np.zeros(len(index.manifest.files), dtype=np.float32)

    @cached_property
    def path_rarity(self) -> PathRarity:
        """How telling each word is among the paths of the ref."""
        return PathRarity(file.path for file in self.index.manifest.files)

    def mean_lengths(self, files: Positions) -> Scores:
        """The length of the mean vector of each of ``files``: 1 for a file of one mind, less for a mixed one."""
        manifest, matrix = self.index.manifest, self.index.matrix
        for file in files[self._mean_lengths[files] == 0]:
            first, count = manifest.first_chunks[file], manifest.chunk_counts[file]
            mean = matrix.read(manifest.rows[first : first + count]).mean(axis=0)
            self._mean_lengths[file] = max(float(np.linalg.norm(mean)), 1e-6)
        return np.asarray(self._mean_lengths[files])


def read_query(text: str) -> Query:
    """The terms and names of a question, of a very long one those of its first 8,000 characters."""
    text = text[:_MAX_QUERY_CHARS]
    qualified = QUALIFIED_NAME.findall(text)
    is_name = len(text.split()) == 1 and len(qualified) == 1
    names = [
        NAME_SEPARATOR.split(name)[-1]
        for number, name in enumerate(qualified)
        if is_name or SPELLED_AS_CODE.search(name) or (number and name[0].isupper())
    ]
    names += [NAME_SEPARATOR.split(name.rstrip("()"))[-1] for name in _QUOTED_AS_CODE.findall(text)]
    words = {part.lower() for name in qualified for part in NAME_SEPARATOR.split(name)}
    telling = tuple(dict.fromkeys(name for name in names if name and name.lower() not in STOP_WORDS))  # none of `->`
    asks_who_calls = bool(telling) and not is_name and _asks_who_calls(text)
    return Query(text, tuple(query_terms(text)), telling, frozenset(words), is_name, asks_who_calls)


def _asks_who_calls(text: str) -> bool:
    """Whether a line asks who, or what, calls or uses something."""
    asked = any(_SAYS_CALLS.search(found[1]) for found in _ASKS_WHO.finditer(text))
    return asked or _SAYS_CALLERS_OF.search(text) is not None


def search_meaning(cosines: Scores, n: int) -> Positions:
    """The positions of the ``n`` largest cosines, best first; of equal ones the first."""
    n_blocks = len(cosines) // _BLOCK
    if n_blocks >= n:  # so many blocks hold a cosine of at least `floor`: the best n are among those
        floor = np.partition(cosines[: n_blocks * _BLOCK].reshape(n_blocks, _BLOCK).max(axis=1), -n)[-n]
        near = np.flatnonzero(cosines >= floor)
    else:
        near = np.arange(len(cosines))
    return np.asarray(near[np.argsort(-cosines[near], kind="stable")[:n]], dtype=np.int64)


def find_candidates(view: IndexView, query: Query, cosines: Scores, pool: int = POOL) -> Candidates:
    """All that may answer ``query`` in one ref, with its signals. ``cosines``: of every chunk, by position.

    Scores are as BM25 and cosine have them, until ``compare_candidates`` sets them against the best ones.
    """
    index, manifest = view.index, view.index.manifest
    by_words = index.words.search(query.terms, "body", pool)
    by_names = index.words.search(query.terms, "symbol", pool)
    by_path = index.words.search(query.terms, "path", pool)
    owners = _find_named(index, query.names, "defines")
    callers = _find_named(index, query.names, "calls") if query.asks_who_calls else {}
    seeds = [search_meaning(cosines, pool), by_words[0], by_names[0], by_path[0], *owners.values(), *callers.values()]
    files = np.unique(manifest.file_of_position[np.concatenate(seeds)])

    words, names = _spread(len(cosines), *by_words), _spread(len(cosines), *by_names)
    defining, calling = np.zeros(len(cosines), dtype=np.float32), np.zeros(len(cosines), dtype=np.float32)
    for positions in owners.values():
        defining[positions] = 1.0
    for positions in callers.values():
        calling[positions] = 1.0

    firsts, counts = manifest.first_chunks[files], manifest.chunk_counts[files]
    chunks = _ranges(firsts, counts)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    chunk_columns: dict[str, NDArray[np.floating]] = {
        "chunk_words": words[chunks],
        "chunk_names": names[chunks],
        "chunk_meaning": cosines[chunks],
        "chunk_defines": defining[chunks],
        "chunk_calls_asked": calling[chunks],
    }
    columns: dict[str, NDArray[np.floating]] = {
        "words_best": np.maximum.reduceat(words[chunks], starts),
        "words_breadth": _top_sums(words[chunks], starts, counts),
        "names_best": np.maximum.reduceat(names[chunks], starts),
        "meaning_best": np.maximum.reduceat(cosines[chunks], starts),
        "meaning_breadth": _top_sums(cosines[chunks], starts, counts) / np.minimum(counts, _BREADTH),
        "meaning_whole": np.add.reduceat(cosines[chunks], starts) / counts / view.mean_lengths(files),
        "defines": _share_of_definitions(manifest.file_of_position, files, owners),
        "calls_asked": np.maximum.reduceat(calling[chunks], starts),
        "size": np.log1p(counts) / 5,
        "dependents": np.log1p(manifest.n_dependents[files]) / 3,
        **_path_signals([manifest.files[file].path for file in files], query, view.path_rarity),
    }
    for asked, plain in _IF_NAME_ASKED.items():
        columns[asked] = columns[plain] * float(query.is_name)
    return Candidates(
        files=files,
        file_signals=np.stack([columns[name] for name in FILE_SIGNALS], axis=1).astype(np.float32),
        chunks=chunks,
        file_of_chunk=np.repeat(np.arange(len(files)), counts),
        chunk_signals=np.stack([chunk_columns[name] for name in CHUNK_SIGNALS], axis=1).astype(np.float32),
    )


def compare_candidates(found: Sequence[Candidates]) -> list[Candidates]:
    """The candidates of one question, of one or several refs, with their scores set against the best of them all.

    BM25 becomes a share of the best one, a cosine what it is below the best one.
    """
    files = _compare([each.file_signals for each in found], tuple(FILE_SIGNALS))
    chunks = _compare([each.chunk_signals for each in found], tuple(CHUNK_SIGNALS))
    return [
        replace(each, file_signals=of_files, chunk_signals=of_chunks)
        for each, of_files, of_chunks in zip(found, files, chunks, strict=True)
    ]


def _compare(tables: Sequence[Scores], names: Sequence[str]) -> list[Scores]:
    best = np.max([table.max(axis=0) for table in tables], axis=0)
    is_share = np.asarray([name in _SHARES_OF_BEST for name in names])
    is_below = np.asarray([name in _BELOW_BEST for name in names])
    scale = np.where(is_share & (best > 0), best, 1.0).astype(np.float32)
    shift = np.where(is_below, best, 0.0).astype(np.float32)
    return [(table - shift) / scale for table in tables]


def _find_named(index: OpenedIndex, names: Sequence[str], field: NameField) -> dict[str, Positions]:
    """The chunks of the ref that define, or call, each of ``names``."""
    found = {}
    for name in names:
        positions = index.words.find(name, field, _MAX_NAMED + 1)
        if 0 < len(positions) <= _MAX_NAMED:
            found[name] = positions
    return found


def _share_of_definitions(
    file_of_position: Positions, files: Positions, owners: Mapping[str, Positions]
) -> NDArray[np.floating]:
    shares = np.zeros(len(files))
    for positions in owners.values():
        defining = np.unique(file_of_position[positions])
        shares[np.searchsorted(files, defining)] += 1 / np.sqrt(len(defining))
    return np.minimum(shares, 2.0)


def _path_signals(paths: Sequence[str], query: Query, rarity: PathRarity) -> dict[str, NDArray[np.floating]]:
    terms = frozenset(query.terms)
    rows = []
    for path in paths:
        words = read_path(path)
        whole, share = match_name(words, terms, rarity)
        exact = float(words.name in query.words)
        rows.append(
            (whole, share, exact, match_folders(words, terms, rarity), *(kind in words.kinds for kind in KINDS))
        )
    names = ("file_name", "file_name_share", "file_name_exact", "folders", *KINDS)
    return dict(zip(names, np.asarray(rows, dtype=np.float32).T, strict=True))


def _spread(n: int, positions: Positions, scores: Scores) -> Scores:
    """Scores by position, 0 elsewhere; shape (n,)."""
    spread = np.zeros(n, dtype=np.float32)
    spread[positions] = scores
    return spread


def _top_sums(values: Scores, starts: Positions, counts: Positions) -> NDArray[np.floating]:
    """For each group, the sum of its largest ``_BREADTH`` values (or of all, if they are fewer)."""
    group = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-values, group))
    rank = np.arange(len(values)) - starts[group]
    top = np.where(rank < _BREADTH, values[order], 0.0)
    return np.asarray(np.add.reduceat(top, starts))


def _ranges(firsts: Positions, counts: Positions) -> Positions:
    """The numbers first, first + 1, … of each group, one group after another."""
    ends = np.cumsum(counts)
    return np.asarray(np.repeat(firsts - (ends - counts), counts) + np.arange(ends[-1]), dtype=np.int64)
