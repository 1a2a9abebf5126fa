"""What is searched for a question, and whether that is enough to ask the model with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.home import OpenedIndex
from indexer.records import Hit

from .confidence import is_too_weak, load_coefficients
from .overview import asks_for_overview, find_readme, is_small_talk
from .records import Passage
from .search import FOR_CONTEXT, Searcher, SearchOptions
from .signals import read_query
from .surroundings import IndexSurroundings, Surroundings
from .targets import Target

_MAX_WORDS = 60  # beyond that it is a task with material of its own; the confidence was fitted on questions
_N_NEAREST = 3  # files that are named where nothing is answered

# Words of other languages that English does not have. The confidence was fitted on English questions: to one in
# another language, code that answers it has next to no word in common.
_OTHER_LANGUAGES = frozenset(
    "wie wird ist und welche welcher nicht eine einen wann warum funktioniert comment une dans quel quelle pourquoi "
    "fonctionne como donde cual funciona qual onde che quale della hoe een waar welke werkt jak gdzie".split()
)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found for ``query``. ``confidence`` is None where it says nothing about such a question.

    ``is_too_weak``: the model should not be asked.
    """

    query: str
    hits: Sequence[Hit]
    surroundings: Surroundings
    confidence: float | None
    is_too_weak: bool


def retrieve(
    searcher: Searcher,
    targets: Sequence[Target],
    question: str,
    *,
    query: str,
    k: int,
    min_confidence: float,
    is_follow_up: bool,
    options: SearchOptions = FOR_CONTEXT,
) -> Retrieved:
    """The hits for ``question``, searched as ``query``: a README's head first where it asks about the whole.

    ``min_confidence`` 0 finds nothing too weak. A follow-up may be answered by the conversation, so it is too weak
    only where it spells out names of its own. Raises what a search raises.
    """
    result = searcher.search_targets(targets, query, k=k, options=options)
    is_overview = asks_for_overview(question, [index.name for index in result.indexes])
    hits = _with_readmes(result.hits, result.indexes) if is_overview else list(result.hits)
    confidence, is_refused = None, False
    if result.confidence_signals and not is_overview and _is_judged(question):
        probability = load_coefficients().probability(result.confidence_signals)
        confidence = round(probability, 4)
        can_be_refused = not is_follow_up or bool(read_query(question).names)
        is_refused = can_be_refused and is_too_weak(result.confidence_signals, probability, min_confidence)
    return Retrieved(query, hits, IndexSurroundings(result.indexes, hits), confidence, is_refused)


def word_refusal(retrieved: Retrieved) -> str:
    """What is said instead of an answer, with the nearest files."""
    repositories = sorted({hit.repo for hit in retrieved.hits})
    several = len(repositories) > 1
    subject = "The indexed repositories do" if several else "This repository does"
    lines = [f"{subject} not show this."]
    if retrieved.hits:
        nearest = [
            f"- `{f'{hit.repo}: ' if several else ''}{hit.chunk.location}`" for hit in find_nearest(retrieved.hits)
        ]
        lines += ["", "The nearest places are:", "", *nearest]
    lines += ["", "If it should be there, name a function, a class or a file of it."]
    return "\n".join(lines)


def find_nearest(hits: Sequence[Hit]) -> list[Hit]:
    """The best hit of each of the first files."""
    first_of_file: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        first_of_file.setdefault((hit.repo, hit.chunk.path), hit)
    return list(first_of_file.values())[:_N_NEAREST]


def as_sources(hits: Sequence[Hit]) -> list[Passage]:
    """Hits as sources of an answer that no model gave."""
    return [
        Passage(
            number=number,
            repo=hit.repo,
            ref=hit.ref,
            commit=hit.commit,
            path=hit.chunk.path,
            start_line=hit.chunk.start_line,
            end_line=hit.chunk.end_line,
            text=hit.chunk.text,
            symbol=hit.chunk.symbol,
        )
        for number, hit in enumerate(hits, 1)
    ]


def _with_readmes(hits: Sequence[Hit], indexes: Sequence[OpenedIndex]) -> list[Hit]:
    """The heads of the repositories' READMEs, then the hits that are not among them."""
    best = max((hit.score for hit in hits), default=0.0)
    heads = [replace(hit, score=best) for index in indexes for hit in find_readme(index)]
    known = {(hit.repo, hit.commit, hit.chunk.location) for hit in heads}
    return [*heads, *(hit for hit in hits if (hit.repo, hit.commit, hit.chunk.location) not in known)]


def _is_judged(question: str) -> bool:
    """Whether ``question`` is of the kind that the confidence was fitted on: a short question in English."""
    words = re.findall(r"\w+", question.lower())
    is_other_language = not _OTHER_LANGUAGES.isdisjoint(words) or any(
        char.isalpha() and not char.isascii() for char in question
    )
    return 0 < len(words) <= _MAX_WORDS and not is_other_language and not is_small_talk(question)
