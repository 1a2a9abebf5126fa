"""The records that questions and answers are made of: frozen, slotted, plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.records import WORKTREE, Hit

Role = Literal["system", "user", "assistant"]
Packing = Literal["whole", "merged", "excerpt"]  # a hit as it is, neighbours in one, signature and telling lines
Purpose = Literal["answer", "code"]  # what the model is asked for

REF_FORM = (
    f"Indexed ref; `{WORKTREE}` for the files as they were indexed with --worktree; by default HEAD if it is indexed, "
    "else the working tree, else what was indexed last."
)


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

    ``ref`` is the indexed one that it was found in, ``commit`` where that was; None outside of commits. ``symbol``
    names the definitions that it holds or is a part of. ``lines`` has, for each line of ``text``, its line in the file,
    or None for a mark of what was left out (`…`); None for all says that they are contiguous from ``start_line``. The
    first lines of enclosing classes may stand before ``start_line``.
    """

    number: int
    repo: str
    ref: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    text: str
    symbol: str = ""
    lines: Sequence[int | None] | None = None

    def line_at(self, index: int) -> int | None:
        """The file's line that line ``index`` (from 0) of ``text`` is; None for a mark of what was left out.

        Raises IndexError outside of the text.
        """
        n_lines = self.text.count("\n") + 1
        if not 0 <= index < n_lines:
            raise IndexError(f"line {index} of a passage of {n_lines}")
        return self.start_line + index if self.lines is None else self.lines[index]

    @property
    def location(self) -> str:
        """``path:first-last``, as it is cited."""
        return f"{self.path}:{self.start_line}-{self.end_line}"


@dataclass(frozen=True, slots=True)
class Citation:
    """Lines that support a statement of an answer, and that exist at that commit. Lines are 1-based and inclusive.

    ``passage`` is the number of the passage that holds them. ``start`` and ``end`` delimit the supported statement in
    the answer's text, in characters.
    """

    passage: int
    repo: str
    ref: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    start: int
    end: int

    @property
    def location(self) -> str:
        """``path:Lfirst-Llast@commit``, as it is shown; without the commit outside of commits."""
        at = f"@{self.commit[:12]}" if self.commit else ""
        return f"{self.path}:L{self.start_line}-L{self.end_line}{at}"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer as the model's server counted them.

    ``cached_tokens`` of the prompt were read for an earlier one; None where the server does not say. With
    ``is_estimate`` it says nothing at all, and the tokens follow from the length of the texts.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None = None
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class PackedPassage:
    """How the passage of this number came about: ``hits``, in the order of their lines, as a whole or in part.

    ``n_tokens`` is with its frame; ``n_lines_left_out`` counts the lines of the hits that an excerpt leaves out.
    """

    number: int
    hits: Sequence[Hit]
    how: Packing
    n_tokens: int
    n_lines_left_out: int = 0


@dataclass(frozen=True, slots=True)
class ContextBudget:
    """How many tokens of code a prompt may hold, and why. The speed is None where it did not decide."""

    n_tokens: int
    reason: str
    prompt_tokens_per_second: float | None = None
    first_token_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Why the prompt is what it is: which hits were packed, which were left out and for what reason.

    ``passages`` says how each passage came about; ``packed`` are all their hits. ``n_turns_left_out`` counts the
    oldest messages of a conversation that had no room in the window. ``query`` is what was searched for.
    """

    prompt_version: str
    packed: Sequence[Hit]
    left_out: Sequence[tuple[Hit, str]]
    n_turns_left_out: int
    context_tokens: TokenCount
    prompt_tokens: TokenCount
    passages: Sequence[PackedPassage] = ()
    budget: ContextBudget | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    ``finish_reason`` is ``stop``, or ``length`` where the cap on tokens was reached. ``messages`` is the prompt
    as it was sent. ``timings_ms`` holds retrieval, prompt, first_token and total, each since the one before
    but for total; ``first_token`` is the model's own time to its first token.

    ``n_citations_removed`` counts citations that the model wrote and nothing supports. ``unknown_names`` are names in
    the text that exist neither in the repository nor in its languages, their libraries or its imports. ``confidence``
    is the probability that the hits hold the answer, None without retrieval; where ``abstained``, the model was not
    asked, since that was too low. ``session_error`` says why the turn could not be kept in its session.
    """

    text: str
    passages: Sequence[Passage]
    model: str
    usage: Usage
    finish_reason: str
    timings_ms: Mapping[str, float]
    trace: Trace
    messages: Sequence[Message]
    citations: Sequence[Citation] = ()
    n_citations_removed: int = 0
    unknown_names: Sequence[str] = ()
    confidence: float | None = None
    abstained: bool = False
    session_error: str | None = None
