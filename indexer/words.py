"""The words of code, for lexical search: identifiers split and whole, stemmed; the words of a question; and how names
are written and lines begin, for whoever looks a name up in code.

Both sides go through the same mill, so that "thread pools" finds ``ThreadPool``, ``thread_pool`` and ``threadpool``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import Stemmer

# No second try within a run of underscores, and none with fewer of them: rules are drawn with thousands.
_IDENTIFIER = re.compile(r"[^\W_]+(?:_++[^\W_]+)*|(?<!_)_++[^\W_]+(?:_++[^\W_]+)*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?(?:[a-z]|[^\W\d_A-Z])+|[A-Z]+|[0-9]+")
_RUN = re.compile(r"[^\W_]+")
_QUALIFIER = re.compile(r"[\s.:#]+")
MAX_WORD_CHARS = 80  # longer runs are data (hashes, base64), not words
MAX_QUERY_TERMS = 64  # a pasted file is no question: its first distinct words are

# What stands between a name and its qualifier, and names with all of theirs.
NAME_SEPARATOR = re.compile(r"\.|::|#|->")
QUALIFIED_NAME = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|#|->)[A-Za-z_]\w*)*")
SPELLED_AS_CODE = re.compile(r"[a-z0-9][A-Z]|_|[A-Z]{2}|::|\.\w")  # in a name: English words do not hold it

COMMENT_MARKS = ("#", "//", "/*", "*", "--")

# Words that ask but name nothing. BM25 would take "how" for telling, since code seldom says it.
STOP_WORDS = frozenset(
    "a about after all also an and any are as at be been before being between both but by can could did do does doing "
    "during each every few for from get gets had has have having how i if in into is it its like many me more most "
    "much my no not of off on only or other our out over own per same shall should so some such than that the their "
    "them then there these they this those through to under up upon us use used uses using via was we were what "
    "when where which while who whose why will with within without would you your".split()
)


def split_words(text: str) -> list[str]:
    """Lower-cased words of ``text`` in order: each identifier's parts, then its parts joined if there are many."""
    words: list[str] = []
    for identifier in _IDENTIFIER.findall(text):
        words.extend(_parts(identifier))
    return words


def index_terms(text: str) -> list[str]:
    """The terms under which ``text`` is found: its words, stemmed."""
    terms: list[str] = []
    for identifier in _IDENTIFIER.findall(text):
        terms.extend(_stemmed_parts(identifier))
    return terms


def query_terms(query: str) -> list[str]:
    """The distinct terms to look for: words that name something, and neighbours joined; all words if none does."""
    identifiers = _IDENTIFIER.findall(query)
    telling = [identifier for identifier in identifiers if identifier.lower() not in STOP_WORDS]
    terms = [term for identifier in telling or identifiers for term in _stemmed_parts(identifier)]
    runs = _RUN.findall(query)
    for first, second in pairwise(runs):  # "thread pool" is how people write threadpool
        if first.lower() not in STOP_WORDS and second.lower() not in STOP_WORDS:
            terms.append(stem((first + second).lower()))
    return list(dict.fromkeys(terms))[:MAX_QUERY_TERMS]


def last_name(symbol: str) -> str:
    """The name itself of a qualified one: ``Router.add`` and ``Router::add`` are ``add``."""
    return next((part for part in reversed(_QUALIFIER.split(symbol)) if part), "")


def lines_that_say(name: str, lines: Sequence[str]) -> list[int]:
    """The indices of ``lines`` that hold ``name`` as a whole word."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return [number for number, line in enumerate(lines) if word.search(line)]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of a lower-case English word, by the Porter 2 algorithm (snowballstem.org)."""
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)  # no cache of its own: ours also spares the call


@lru_cache(maxsize=200_000)  # identifiers repeat: a repository has far fewer than it has occurrences
def _parts(identifier: str) -> tuple[str, ...]:
    parts = tuple(part.lower() for part in _PART.findall(identifier))
    whole = identifier.replace("_", "").lower()
    if not whole or len(whole) > MAX_WORD_CHARS:
        return ()
    return parts if parts == (whole,) else (*parts, whole)


@lru_cache(maxsize=200_000)
def _stemmed_parts(identifier: str) -> tuple[str, ...]:
    return tuple(stem(part) for part in _parts(identifier))


def has_half_characters(text: str) -> bool:
    """Whether ``text`` holds half of a surrogate pair, as JSON can: it is no UTF-8 then, and no server takes it."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def without_half_characters(text: str) -> str:
    """``text`` as it can be shown and sent, with ``?`` for half characters: names of files need not be UTF-8."""
    return text.encode("utf-8", "replace").decode()
