"""``/chat``: a question, and its answer with sources, citations and the reasons for them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue, field_validator

from assistant.conversations import SESSION_ID
from assistant.records import REF_FORM

from .base import REPO_FORM, RefText, RepoText, Schema

_SOURCE: dict[str, JsonValue] = {
    "repo": "click",
    "ref": "HEAD",
    "commit": "04ef3a6f473deb2499721a8d11f92a7d2c0912f2",
    "path": "src/click/core.py",
    "start_line": 520,
    "end_line": 530,
}


class ChatMessage(Schema):
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=1_000_000)


class ChatRequest(Schema):
    """A question to a repository: the last message, which must be the user's."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "repo": "click",
                    "messages": [{"role": "user", "content": "Which class dispatches subcommands?"}],
                    "retrieval": "on",
                    "stream": False,
                }
            ]
        },
    )

    repo: RepoText | None = Field(default=None, description=f"{REPO_FORM} Needed with retrieval on.")
    ref: RefText | None = Field(default=None, description=REF_FORM)
    messages: list[ChatMessage] = Field(min_length=1, description="The conversation, oldest first.")
    session_id: str | None = Field(
        default=None,
        pattern=f"^{SESSION_ID}$",
        description="A conversation that the server keeps: its messages come before those of the request, which are "
        "the new ones only, and the finished turn is stored, unless the answer `abstained`. Made by "
        "`POST /sessions`, or any id that the client chooses.",
    )
    retrieval: Literal["on", "off", "compare"] = Field(
        default="on", description="Whether the model gets code to read; `compare` answers both ways."
    )
    k: int | None = Field(default=None, ge=1, le=1000, description="Number of hits to choose passages from.")
    max_tokens: int | None = Field(default=None, ge=1, description="Cap on the answer, in tokens of the model.")
    abstain: bool = Field(
        default=True, description="Say so where the hits are too weak to hold the answer, instead of asking the model."
    )
    stream: bool = Field(default=False, description="Answer with server-sent events.")

    @field_validator("messages")
    @classmethod
    def _take_turns(cls, messages: list[ChatMessage]) -> list[ChatMessage]:
        for number, message in enumerate(messages, 1):
            if message.role != ("user" if number % 2 else "assistant"):
                raise ValueError(f"message {number} is the {message.role}'s, but roles take turns from the user on")
        if messages[-1].role != "user":
            raise ValueError("the last message must be the user's question")
        return messages


class Source(Schema):
    """A passage that the model was given, of the indexed ``ref``. ``commit`` is null for files outside a commit."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SOURCE]})

    repo: str
    ref: str
    commit: str | None
    path: str
    start_line: int
    end_line: int


class Citation(Schema):
    """Lines that support the statement at ``start`` to ``end`` (in characters), and that exist at that commit."""

    passage: int = Field(description="Number of the source that holds the lines, from 1.")
    repo: str
    ref: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    start: int
    end: int
    location: str = Field(description="path:Lfirst-Llast@commit")


class ChatUsage(Schema):
    """Tokens as the model's server counted them; ``context_tokens`` are those of the passages."""

    prompt_tokens: int
    completion_tokens: int
    context_tokens: int
    is_estimate: bool = Field(description="Whether the server does not say, and the texts' length was taken instead.")


class ChatTimings(Schema):
    """Milliseconds: search; packing and counting; the model's time to its first token; all of it."""

    retrieval: float
    prompt: float
    first_token: float
    total: float


class LeftOutHit(Schema):
    """A hit that the model was not given."""

    path: str
    start_line: int
    end_line: int
    reason: str


class JudgedHit(Schema):
    """A hit with its rank among those of the question, and what spoke for it."""

    rank: int
    repo: str
    ref: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    score: float
    signals: dict[str, float]


class JudgedHitLeftOut(JudgedHit):
    """A hit that the model was not given."""

    reason: str


class PackedPassage(Schema):
    """How the source of this number came about: a hit as a whole, neighbours merged, or the lines that matter."""

    number: int
    how: Literal["whole", "merged", "excerpt"]
    tokens: int
    n_lines_left_out: int
    hits: list[JudgedHit]


class ContextBudget(Schema):
    """How many tokens of code the prompt could hold, and why; the speed is null where it did not decide."""

    tokens: int
    reason: str
    prompt_tokens_per_second: float | None
    first_token_seconds: float | None


class ChatTrace(Schema):
    """Why the model was given this code. ``query`` is what was searched for; ``budget`` is null without retrieval."""

    query: str
    prompt_version: str
    budget: ContextBudget | None
    context_tokens: int
    prompt_tokens: int
    tokens_are_exact: bool = Field(description="False where the server counts no tokens: then they are upper bounds.")
    passages: list[PackedPassage]
    left_out: list[JudgedHitLeftOut]


_JUDGED: dict[str, JsonValue] = {
    "rank": 1,
    **_SOURCE,
    "symbol": "Group.resolve_command",
    "kind": "method",
    "score": 7.21,
    "signals": {"words_best": 1.0, "meaning_best": 0.0},
}


class ChatAnswer(Schema):
    """A whole answer; also the data of the event ``done``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "answer": "`Group` dispatches subcommands [1].",
                    "sources": [_SOURCE],
                    "citations": [
                        {
                            **_SOURCE,
                            "passage": 1,
                            "start": 0,
                            "end": 29,
                            "location": "src/click/core.py:L520-L530@04ef3a6f473d",
                        }
                    ],
                    "n_citations_removed": 0,
                    "unknown_names": [],
                    "confidence": 0.93,
                    "abstained": False,
                    "session_error": None,
                    "model": "embedded/qwen2.5-coder-1.5b",
                    "finish_reason": "stop",
                    "usage": {
                        "prompt_tokens": 1620,
                        "completion_tokens": 12,
                        "context_tokens": 1490,
                        "is_estimate": False,
                    },
                    "timings_ms": {"retrieval": 4.1, "prompt": 12.0, "first_token": 19800.0, "total": 20400.0},
                    "left_out": [
                        {
                            "path": "src/click/parser.py",
                            "start_line": 1,
                            "end_line": 48,
                            "reason": "needs 402 tokens, 110 are left",
                        }
                    ],
                    "n_turns_left_out": 0,
                    "trace": {
                        "query": "Which class dispatches subcommands?",
                        "prompt_version": "1",
                        "budget": {
                            "tokens": 1500,
                            "reason": "15 s to the first token at 110 prompt tokens/s (measured)",
                            "prompt_tokens_per_second": 110.0,
                            "first_token_seconds": 15.0,
                        },
                        "context_tokens": 1490,
                        "prompt_tokens": 1620,
                        "tokens_are_exact": True,
                        "passages": [
                            {"number": 1, "how": "whole", "tokens": 390, "n_lines_left_out": 0, "hits": [_JUDGED]}
                        ],
                        "left_out": [{**_JUDGED, "rank": 5, "reason": "needs 402 tokens, 110 are left"}],
                    },
                }
            ]
        }
    )

    answer: str
    sources: list[Source]
    citations: list[Citation]
    n_citations_removed: int = Field(description="Citations that the model wrote and nothing supports.")
    unknown_names: list[str] = Field(description="Names that exist neither in the repository nor in what it imports.")
    confidence: float | None = Field(description="Probability that the hits hold the answer; null without retrieval.")
    abstained: bool = Field(description="The model was not asked, since the hits are too weak.")
    session_error: str | None = Field(description="Why the turn could not be kept in its session.")
    model: str
    finish_reason: str = Field(description="`stop`, or `length` where max_tokens cut the answer.")
    usage: ChatUsage
    timings_ms: ChatTimings
    left_out: list[LeftOutHit] = Field(description="Hits that did not fit the prompt, best first, with the reason.")
    n_turns_left_out: int = Field(description="Oldest messages of the conversation that had no room.")
    trace: ChatTrace = Field(description="Why the model was given this code.")


class CompareAnswer(Schema):
    """The same question answered with and without code, one after the other, so that each one's time is its own."""

    with_: ChatAnswer = Field(alias="with")
    without: ChatAnswer
