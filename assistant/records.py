"""The records that questions and answers are made of: frozen, slotted, plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.records import Hit

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, oldest first in a sequence of them."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Number of tokens; ``exact`` is false where it is a bound because the server offers no tokeniser."""

    n_tokens: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of code as it stands in the prompt. Lines are 1-based and inclusive.

    ``symbol`` names the definitions that it holds or is a part of; a method cut out of its class says so only here.
    """

    number: int
    repo: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    text: str
    symbol: str = ""

    @property
    def location(self) -> str:
        """``path:first-last``, as it is cited."""
        return f"{self.path}:{self.start_line}-{self.end_line}"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer as the model's server counted them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Why the prompt is what it is: which hits were packed, which were left out and for what reason.

    ``n_turns_left_out`` counts the oldest messages of a conversation that had no room in the window.
    """

    prompt_version: str
    packed: Sequence[Hit]
    left_out: Sequence[tuple[Hit, str]]
    n_turns_left_out: int
    context_tokens: TokenCount
    prompt_tokens: TokenCount


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    ``finish_reason`` is ``stop``, or ``length`` where the cap on tokens was reached. ``messages`` is the prompt
    as it was sent. ``timings_ms`` holds retrieval, prompt, first_token and total, each since the one before
    but for total; ``first_token`` is the model's own time to its first token.
    """

    text: str
    passages: Sequence[Passage]
    model: str
    usage: Usage
    finish_reason: str
    timings_ms: Mapping[str, float]
    trace: Trace
    messages: Sequence[Message]
