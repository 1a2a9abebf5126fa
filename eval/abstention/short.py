"""Short questions in plain words, as people ask most, made from the names that a repository defines.

``ProgressBar`` becomes "How does the progress bar work?". Written questions of this kind there are none that say where
their answer is.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator

from eval.retrieval.records import RelevantPlace
from indexer.home import OpenedIndex
from indexer.words import STOP_WORDS, last_name

from .records import KnownQuestion

_N = 20  # of a repository
_FORMS = (
    "How does the {} work?",
    "how does {} work",
    "How do {}s work?",
    "What does the {} do?",
    "What is a {}?",
    "Where is the {} handled?",
    "where is {} implemented?",
    "How is the {} done?",
    "How do I use the {}?",
    "Where are {}s defined?",
    "What happens on {}?",
    "Show me the {} code",
)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_PROSE = frozenset({"markdown", "html", "css", "json", "yaml", "toml", "text"})


def ask_shortly(index: OpenedIndex, repository: str, *, seed: int = 0) -> list[KnownQuestion]:
    """At most 20 questions, each about another name of one to three words; its definitions are its places."""
    places: dict[str, list[RelevantPlace]] = defaultdict(list)
    for name, place in _find_definitions(index):
        places[name].append(place)
    names = sorted(name for name in places if len(places[name]) <= 3 and _words(name))
    chance = random.Random(f"{seed}/{repository}")
    chance.shuffle(names)
    return [
        KnownQuestion(chance.choice(_FORMS).format(" ".join(_words(name))), repository, "short", places[name], (name,))
        for name in names[:_N]
    ]


def _find_definitions(index: OpenedIndex) -> Iterator[tuple[str, RelevantPlace]]:
    """Every name with the chunk that it is defined in, but for tests."""
    manifest = index.manifest
    for position, row in enumerate(manifest.rows.tolist()):
        stored = index.lexicon.get(row)
        if stored.language in _PROSE or "test" in stored.path.lower():
            continue
        place = RelevantPlace(stored.path, int(manifest.start_lines[position]), int(manifest.end_lines[position]))
        for symbol in stored.defines:
            yield last_name(symbol), place


def _words(name: str) -> list[str]:
    """The words of a name, if they are one to three that say something, each of letters."""
    words = [part.lower() for part in _PART.findall(name)]
    says = all(len(word) >= 3 and word not in STOP_WORDS for word in words)
    return words if 1 <= len(words) <= 3 and says and len("".join(words)) == len(name.replace("_", "")) else []
