"""``POST /v1/chat/completions``: ask a repository as OpenAI's clients ask a model, whole or as a stream."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from assistant.events import (
    AnswerDone,
    AskRequest,
    CitationFound,
    Event,
    PassagesFound,
    PlaceInLine,
    TokenGenerated,
    last_event,
)
from assistant.records import Answer

from ..asking import ask
from ..callers import CurrentCaller
from ..disconnect import CLIENT_CLOSED, unless_disconnected
from ..logs import current_request
from ..openai.forms import annotations_of, extension_of, finish_reason_of, sources_list, usage_of
from ..openai.messages import brings_code, read_conversation, reject_unsupported
from ..openai.model_ids import resolve_model
from ..openai.schemas import ChatCompletion, ChatCompletionRequest
from ..openai.streams import stream, waiting
from ..sse import format_event
from ..state import State
from .openai_models import ERRORS

router = APIRouter(prefix="/v1", tags=["openai"])

_STREAM = {
    "description": "The answer; or, with `stream`, server-sent events of `chat.completion.chunk`, then `[DONE]`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What all chunks of one answer have in common."""

    id: str
    created: int
    model: str
    with_usage: bool
    base_url: str
    stops: Sequence[str]

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> str:
        """One chunk on the wire. With usage asked for, it is null in all but the last."""
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        usage = {"usage": None} if self.with_usage else {}
        return format_event({**head, "choices": choices, **usage, **more})

    def delta(self, delta: Mapping[str, Any], finish_reason: str | None = None, **more: Any) -> str:
        """A chunk with the one choice."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self.chunk([choice], **more)


@router.post("/chat/completions", response_model=ChatCompletion, responses={200: _STREAM, **ERRORS})
async def chat_completions(
    body: ChatCompletionRequest, request: Request, state: State, caller: CurrentCaller
) -> Response:
    """Answer the last message from the repository that `model` names. A client that hangs up stops the generation."""
    reject_unsupported(body)
    instructions, messages = read_conversation(body.messages)
    asked = AskRequest(
        repo=await asyncio.to_thread(resolve_model, state.settings.home, caller, body.model),
        messages=messages,
        instructions=instructions,
        retrieval=body.quarry.retrieval == "on",
        abstain=body.quarry.abstain and not brings_code(messages[-1].content),
        k=body.quarry.k,
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature or 0.0,
        seed=body.usable_seed,
        stop=body.stops,
    )
    envelope = _Envelope(
        f"chatcmpl-{uuid.uuid4().hex}", int(time.time()), body.model, body.with_usage, str(request.base_url), body.stops
    )
    events = ask(state, asked, caller)
    if body.stream:
        first = await anext(events)  # what cannot be asked fails here, while the status can still say so
        begin = envelope.delta({"role": "assistant", "content": ""})
        return stream(first, events, partial(_encode, envelope), begin=begin)
    done = await unless_disconnected(request, last_event(events, AnswerDone))
    if done is None:
        return Response(status_code=CLIENT_CLOSED)
    return JSONResponse(_whole(done.answer, envelope))


def _whole(answered: Answer, envelope: _Envelope) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": answered.text + sources_list(answered, envelope.stops),
        "refusal": None,
        "annotations": annotations_of(answered, envelope.base_url),
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason_of(answered)}
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "choices": [choice],
        "usage": usage_of(answered.usage),
        "system_fingerprint": answered.model,
        "quarry": extension_of(answered, current_request().request_id),
    }


def _encode(envelope: _Envelope, each: Event) -> list[str]:
    match each:
        case PlaceInLine(place):
            return [waiting(place)]
        case TokenGenerated(text):
            return [envelope.delta({"content": text})]
        case AnswerDone(answered):
            return _encode_end(answered, envelope)
        case PassagesFound() | CitationFound():
            return []  # citations are known with their places when the answer is done


def _encode_end(answered: Answer, envelope: _Envelope) -> list[str]:
    pieces = []
    if sources := sources_list(answered, envelope.stops):
        pieces.append(envelope.delta({"content": sources}))
    pieces.append(
        envelope.delta(
            {"annotations": annotations_of(answered, envelope.base_url)},
            finish_reason_of(answered),
            system_fingerprint=answered.model,
            quarry=extension_of(answered, current_request().request_id),
        )
    )
    if envelope.with_usage:
        pieces.append(envelope.chunk([], usage=usage_of(answered.usage)))
    return pieces
