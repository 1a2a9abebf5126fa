"""Requests and answers of the service as OpenAPI describes them, with examples. Lines are 1-based and inclusive."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

_SOURCE: dict[str, JsonValue] = {
    "repo": "click",
    "commit": "04ef3a6f473deb2499721a8d11f92a7d2c0912f2",
    "path": "src/click/core.py",
    "start_line": 520,
    "end_line": 530,
}


SESSION_ID_FORM = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
REPO_FORM = "Name of an indexed repository, NAME@REF, several with commas between them, or `all`."


class _Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChatMessage(_Schema):
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=1_000_000)


class ChatRequest(_Schema):
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

    repo: str | None = Field(default=None, description=f"{REPO_FORM} Needed with retrieval on.")
    ref: str | None = Field(default=None, description="The indexed ref to answer from; by default HEAD.")
    messages: list[ChatMessage] = Field(min_length=1, description="The conversation, oldest first.")
    session_id: str | None = Field(
        default=None,
        pattern=SESSION_ID_FORM,
        description="A conversation that the server keeps: its messages come before those of the request, which are "
        "the new ones only, and the finished turn is stored. Made by `POST /sessions`, or any id that the client "
        "chooses.",
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


class Session(_Schema):
    """A conversation that the server keeps. ``title`` is the head of its first question, ``repo`` what was asked last.

    Times are UTC, as ISO 8601.
    """

    id: str
    title: str
    repo: str | None
    created_at: str
    updated_at: str
    n_messages: int


class SessionMessage(_Schema):
    """One message of a session, and when it was stored."""

    role: Literal["user", "assistant"]
    content: str
    repo: str | None
    at: str


class SessionWithMessages(Session):
    """A session with its messages, oldest first; of very long sessions the last ones."""

    messages: list[SessionMessage]


class Source(_Schema):
    """A passage that the model was given. ``commit`` is null for files outside a commit."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SOURCE]})

    repo: str
    commit: str | None
    path: str
    start_line: int
    end_line: int


class Citation(_Schema):
    """Lines that support the statement at ``start`` to ``end`` (in characters), and that exist at that commit."""

    passage: int = Field(description="Number of the source that holds the lines, from 1.")
    repo: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    start: int
    end: int
    location: str = Field(description="path:Lfirst-Llast@commit")


class ChatUsage(_Schema):
    """Tokens as the model's server counted them; ``context_tokens`` are those of the passages."""

    prompt_tokens: int
    completion_tokens: int
    context_tokens: int


class ChatTimings(_Schema):
    """Milliseconds: search; packing and counting; the model's time to its first token; all of it."""

    retrieval: float
    prompt: float
    first_token: float
    total: float


class LeftOutHit(_Schema):
    """A hit that the model was not given."""

    path: str
    start_line: int
    end_line: int
    reason: str


class JudgedHit(_Schema):
    """A hit with its rank among those of the question, and what spoke for it."""

    rank: int
    repo: str
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


class PackedPassage(_Schema):
    """How the source of this number came about: a hit as a whole, neighbours merged, or the lines that matter."""

    number: int
    how: Literal["whole", "merged", "excerpt"]
    tokens: int
    n_lines_left_out: int
    hits: list[JudgedHit]


class ContextBudget(_Schema):
    """How many tokens of code the prompt could hold, and why; the speed is null where it did not decide."""

    tokens: int
    reason: str
    prompt_tokens_per_second: float | None
    first_token_seconds: float | None


class ChatTrace(_Schema):
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


class ChatAnswer(_Schema):
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
                    "usage": {"prompt_tokens": 1620, "completion_tokens": 12, "context_tokens": 1490},
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


class CompareAnswer(_Schema):
    """The same question answered with and without code, one after the other, so that each one's time is its own."""

    with_: ChatAnswer = Field(alias="with")
    without: ChatAnswer


class VoteTally(_Schema):
    """Votes on blind comparisons. ``share`` is retrieval's among the votes for one answer, ``low`` to ``high`` its 95 %
    interval; null while there is no such vote."""

    repo: str
    model: str
    n_votes: int
    n_with: int = Field(description="The answer with retrieval was better.")
    n_without: int = Field(description="The answer without retrieval was better.")
    n_tie: int
    n_both_bad: int
    share: float | None
    low: float | None
    high: float | None


class SearchHit(_Schema):
    """One chunk. A higher score is better; ``signals`` say how it came about."""

    repo: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    language: str
    score: float
    text: str
    signals: dict[str, float]


class SearchedRepository(_Schema):
    """One repository that was searched: at which commit, and whether its source has moved on since."""

    repo: str
    ref: str
    commit: str | None = Field(description="Null for files outside a commit.")
    indexed_at: str
    stale: bool | None = Field(description="Whether the source has changed since; null where that is not known.")
    n_changed_files: int | None = Field(description="Files changed, added or deleted since, that would be indexed.")


class SearchAnswer(_Schema):
    """Hits, best first, of all repositories that were searched."""

    query: str
    repositories: list[SearchedRepository]
    stale: bool | None = Field(description="Whether any of the sources has changed since it was indexed.")
    hits: list[SearchHit]
    timings_ms: dict[str, float]


class SymbolPlace(_Schema):
    """One line: of a definition, or of a call with the definition that it stands in."""

    path: str
    line: int
    symbol: str
    kind: str
    text: str


class SymbolAnswer(_Schema):
    """Definitions and calls of one name, by path and line. The numbers count those that are not listed, too."""

    repo: str
    ref: str
    commit: str | None
    symbol: str
    definitions: list[SymbolPlace]
    callers: list[SymbolPlace]
    n_definitions: int
    n_callers: int


class RefState(_Schema):
    """One indexed ref of a repository."""

    ref: str
    commit: str | None
    indexed_at: str
    n_files: int
    n_chunks: int


class Repository(_Schema):
    """An indexed repository with its refs, the latest first."""

    name: str
    origin: str
    encoder: str
    refs: list[RefState]
    problem: str | None = Field(default=None, description="What to do, where the index cannot be read; it has no refs.")


class IndexRequest(_Schema):
    """What to index: a path on the server's machine, or a git URL."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"source": "/home/me/projects/click", "name": "click"}]}
    )

    source: str = Field(min_length=1, max_length=4096)
    name: str | None = Field(default=None, description="By default the last part of the source.")
    ref: str | None = Field(default=None, max_length=4096, description="Branch, tag or commit; by default HEAD.")
    worktree: bool = Field(default=False, description="Index the files as they are now, with uncommitted changes.")


class JobProgress(_Schema):
    """How far an indexing job is."""

    n_files_done: int
    n_files: int
    n_chunks: int
    chunks_per_second: float
    seconds_left: float | None


class LeftOut(_Schema):
    """A file that was not indexed, and why."""

    path: str
    n_bytes: int
    reason: str


class Redacted(_Schema):
    """A credential that was redacted before anything was stored."""

    path: str
    line: int
    rule: str


class IndexReport(_Schema):
    """What an indexing job did. ``n_embedded`` is 0 when nothing had changed."""

    ref: str
    commit: str | None
    n_files: int
    n_files_read: int
    n_chunks: int
    n_embedded: int
    seconds: float
    skipped: list[LeftOut]
    findings: list[Redacted]
    notes: list[str]


class Job(_Schema):
    """An indexing job. ``report`` is there when it is done, ``error`` when it failed."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    repo: str
    source: str
    progress: JobProgress | None
    report: IndexReport | None
    error: str | None


class Health(_Schema):
    """Whether the service lives, or can answer. ``reason`` says what is missing."""

    status: Literal["ok", "unavailable"]
    model: str | None = None
    reason: str | None = None


class Problem(BaseModel):
    """An error after RFC 9457: one line in ``detail`` that says what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "No repository 'clik' is indexed. Did you mean click?",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
