"""What the assistant is asked, and the events that its answer comes as."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeVar

from indexer.records import Hit

from .records import Answer, Citation, Message, Passage, Purpose
from .search import FOR_CONTEXT, SearchOptions

_Last = TypeVar("_Last")
_DRAWN_SEEDS = 2**31  # what every server takes


@dataclass(frozen=True, slots=True)
class AskRequest:
    """A question: the last message, with the conversation before it. ``repo`` may be None without retrieval.

    ``abstain``: say that the repository does not show it, instead of asking the model, where retrieval is too weak.
    ``instructions`` are a client's own, which follow ours; generation ends before any text of ``stop``.

    ``purpose`` "code" asks for code, which comes as the model wrote it: without citations and without a check of names.
    ``query`` is searched for in place of the question, and ``search`` says how. ``given``, best first, is packed in
    place of what would be found. ``context_tokens`` caps the code in the prompt in place of the setting, and is as the
    provider counts (see ``count_unit``).
    """

    repo: str | None
    messages: Sequence[Message]
    retrieval: bool = True
    k: int | None = None
    max_tokens: int | None = None
    ref: str | None = None
    abstain: bool = True
    instructions: str = ""
    temperature: float = 0.0
    seed: int = 0
    stop: Sequence[str] = ()
    purpose: Purpose = "answer"
    query: str | None = None
    given: Sequence[Hit] | None = None
    context_tokens: int | None = None
    search: SearchOptions = FOR_CONTEXT


class Gate(Protocol):
    """Decides when a question may go to the model; searching needs no leave."""

    def wait(self) -> AsyncGenerator[int, None]:
        """The question's place in line, 1 for the next one, each time that it changes; ends when it is its turn, with 0
        where it had to wait."""


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """First event: what the model is given to read; empty without retrieval.

    Unless ``are_read`` the model is not asked, and they are the nearest places of a search that found too little.
    ``prompt_tokens``: about how many tokens the whole prompt has, of which these are a part.
    """

    passages: Sequence[Passage]
    are_read: bool = True
    prompt_tokens: int = 0


@dataclass(frozen=True, slots=True)
class PlaceInLine:
    """The model is busy, and this question the one of that number, from 1, that is next. Sent again as it changes.

    0 ends the wait: the model has turned to this question.
    """

    place: int


@dataclass(frozen=True, slots=True)
class TokenGenerated:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationFound:
    """A statement that was just generated is supported by these lines."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class AnswerDone:
    """Last event: the whole answer with its sources, tokens and times."""

    answer: Answer


Event = PassagesFound | PlaceInLine | TokenGenerated | CitationFound | AnswerDone


def choose_seed(seed: int | None, temperature: float) -> int:
    """``seed`` where a client gives one; else a random one, or 0 at temperature 0, where it decides nothing."""
    if seed is not None:
        return seed
    return secrets.randbelow(_DRAWN_SEEDS) if temperature > 0 else 0


async def last_event(events: AsyncGenerator[object, None], kind: type[_Last]) -> _Last:
    """The event of ``kind`` that ``events`` end with, for who wants an answer whole. Raises what the stream raises."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"a stream ends with {kind.__name__} or an error")
