"""The words within names, and whether a name gives an answer away."""

from __future__ import annotations

import re

_HUMPS = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
_BETWEEN_WORDS = re.compile(rf"{_HUMPS}|[\W_]+")


def split_words(text: str) -> list[str]:
    """The words of a name or a sentence, those of `camelCase` and `snake_case` apart; empty ones among them."""
    return _BETWEEN_WORDS.split(text)


def letters_of(text: str) -> str:
    """Letters and digits alone, in small ones: the same for `HttpClient` and `http_client`."""
    return re.sub(r"[\W_]+", "", text).lower()


def gives_away(name: str, answer: str) -> bool:
    """Whether the answer stands in the name as a word: ``FORMAT_JSON = "json"``, ``class HTTPError(Error)``."""
    said = answer.strip("'\"")
    if all(part.isidentifier() for part in answer.split(".")):
        said = said.rpartition(".")[2]
    if not re.search(r"\w", said):
        return False
    words = re.sub(_HUMPS, "_", name)
    spelled = re.sub(rf"{_HUMPS}|\W+", "_", said)
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(spelled)}(?![A-Za-z0-9])", words, re.I) is not None
