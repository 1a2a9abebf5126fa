"""What a file's path says: the words of its name and folders, and what kind of file it is.

Kinds are read off conventions that most languages share. They are priors, weighed in the ranking, never filters.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from indexer.words import index_terms, stem

# Names that say nothing: the folder's name is the file's.
_GENERIC = frozenset({"index", "mod", "__init__", "init", "main", "lib"})

_KINDS: Mapping[str, re.Pattern[str]] = {
    "test": re.compile(
        r"(^|/)(tests?|specs?|__tests__|testing|testdata|fixtures?|mocks?|__mocks__|e2e)/"
        r"|([._-](test|tests|spec)|Test|Tests|Spec|IT)\.\w+$|(^|/)(test_[^/]*|conftest\.py)$"
    ),
    "docs": re.compile(r"\.(md|mdx|rst|txt|adoc|org)$|(^|/)(docs?|documentation|man)/", re.I),
    "config": re.compile(
        r"\.(json|ya?ml|toml|lock|cfg|ini|xml|gradle|csproj|props|html?|css|sql)$|(^|/)(Makefile|CMakeLists|Dockerfile)",
        re.I,
    ),
    "example": re.compile(r"(^|/)_?(examples?|samples?|demos?|benchmarks?|bench|scripts?|tools|tutorials?)/", re.I),
    "outdated": re.compile(
        r"(^|[/_.-])(legacy|compat|compatibility|deprecated|obsolete|old|vendor|vendored|third[_-]?party)([/_.-]|$)",
        re.I,
    ),
    # Where a project has a file for each platform, the one for the most common platform is meant.
    "other_platform": re.compile(
        r"(^|[/_.-])(win|win32|win64|windows|os390|aix|sunos|solaris|haiku|cygwin|qnx|ibmi|hurd|msvc|mingw|wasm|wasi"
        r"|emscripten|android|ppc64|s390x|mips|riscv|netbsd|openbsd|freebsd|dragonfly|plan9)([/_.-]|$)",
        re.I,
    ),
}
KINDS = tuple(_KINDS)

_MIN_PREFIX = 3  # `arg` for argument, `ws` is too short to tell
_SHORTENED, _LENGTHENED = 0.8, 0.6  # params for parameter; authentication for auth


@dataclass(frozen=True, slots=True)
class PathWords:
    """``words`` are the stemmed words of the file's name, ``joined`` all of them as one, ``name`` as it stands."""

    name: str
    joined: str
    words: tuple[str, ...]
    folders: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=200_000)
def read_path(path: str) -> PathWords:
    """The words and kinds of a path with forward slashes."""
    *folders, file_name = path.split("/")
    name = file_name.split(".")[0] or file_name.lstrip(".")
    if name.lower() in _GENERIC and folders:
        *folders, name = folders
    joined = stem(name.replace("_", "").replace("-", "").lower())
    words = tuple(dict.fromkeys(index_terms(name)))
    parts = tuple(word for word in words if word != joined) or words
    kinds = frozenset(kind for kind, pattern in _KINDS.items() if pattern.search(path))
    return PathWords(
        name.lower(), joined, parts, frozenset(term for folder in folders for term in index_terms(folder)), kinds
    )


class PathRarity:
    """How telling a word is among the paths of one repository: the project's own name is in all of them."""

    def __init__(self, paths: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        n_files = 0
        for path in paths:
            words = read_path(path)
            counts.update({*words.words, words.joined, *words.folders})
            n_files += 1
        self._counts, self._n_files = counts, n_files
        self._of_one = self._idf(1)
        self._known: dict[str, float] = {}  # a search asks this of thousands of words, mostly the same ones

    def of(self, word: str) -> float:
        """From 0, in every path, to 1, in a single one (BM25's idf over its largest value)."""
        known = self._known.get(word)
        if known is None:
            known = self._idf(self._counts.get(word, 1)) / self._of_one if self._of_one else 0.0
            if word in self._counts:
                self._known[word] = known
        return known

    def _idf(self, n: int) -> float:
        return math.log(1 + (self._n_files - n + 0.5) / (n + 0.5))


def match_name(path: PathWords, terms: frozenset[str], rarity: PathRarity) -> tuple[float, float]:
    """How well the question's terms say the file's name: all of it, and the share of it by rarity. Both from 0 to 1."""
    if path.joined in terms:
        return rarity.of(path.joined), 1.0
    matched = [(match_word(word, terms), rarity.of(word)) for word in path.words]
    total = sum(weight for _, weight in matched)
    share = sum(match * weight for match, weight in matched) / total if total else 0.0
    if not matched or not all(match for match, _ in matched):
        return 0.0, share
    return min(match for match, _ in matched) * max(weight for _, weight in matched), share


def match_folders(path: PathWords, terms: frozenset[str], rarity: PathRarity) -> float:
    """The rarity of all words of the folders that the question says, added up."""
    return sum(match * rarity.of(word) for word in path.folders if (match := match_word(word, terms)))


@lru_cache(maxsize=20_000)  # the paths of a search share most of their words
def match_word(word: str, terms: frozenset[str]) -> float:
    """1 for a word that the question says, less for one that it shortens or lengthens, else 0."""
    if word in terms:
        return 1.0
    if len(word) < _MIN_PREFIX:
        return 0.0
    if any(term.startswith(word) for term in terms):
        return _SHORTENED
    if any(len(term) > _MIN_PREFIX and word.startswith(term) for term in terms):
        return _LENGTHENED
    return 0.0
