"""``POST /v1/completions``: code at the cursor, with what the repository holds about it, whole or as a stream."""

from __future__ import annotations

import asyncio
import time
import uuid
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from assistant.completion import CompletionDone, CompletionEvent
from assistant.completion import CompletionRequest as Asked
from assistant.events import PassagesFound, PlaceInLine, TokenGenerated, last_event
from assistant.infilling import read_gap

from ..asking import complete
from ..callers import CurrentCaller
from ..disconnect import CLIENT_CLOSED, unless_disconnected
from ..openai.forms import completion_extension, usage_of
from ..openai.messages import read_prompt
from ..openai.model_ids import resolve_model
from ..openai.schemas import Completion, CompletionRequest
from ..openai.streams import stream, waiting
from ..sse import format_event
from ..state import State
from .openai_models import ERRORS

router = APIRouter(prefix="/v1", tags=["openai"])

_STREAM = {
    "description": "The completion; or, with `stream`, server-sent events of the same form, then `[DONE]`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.post("/completions", response_model=Completion, responses={200: _STREAM, **ERRORS})
async def completions(body: CompletionRequest, request: Request, state: State, caller: CurrentCaller) -> Response:
    """Go on with code, or fill in between `prompt` and `suffix`. A client that hangs up stops the generation."""
    asked = Asked(
        gap=read_gap(read_prompt(body), body.suffix, body.path),
        repo=await asyncio.to_thread(resolve_model, state.settings.home, caller, body.model),
        retrieval=body.quarry.retrieval == "on",
        k=body.quarry.k,
        max_tokens=body.max_tokens,
        temperature=body.temperature or 0.0,
        seed=body.usable_seed,
        stop=body.stops,
    )
    head = {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": body.model,
    }
    events = complete(state, asked, caller)
    if body.stream:
        first = await anext(events)  # what cannot be completed fails here, while the status can still say so
        return stream(first, events, partial(_encode, head, body.with_usage))
    last = await unless_disconnected(request, last_event(events, CompletionDone))
    if last is None:
        return Response(status_code=CLIENT_CLOSED)
    done = last.completion
    return JSONResponse(
        {
            **head,
            "choices": [_choice(done.text, "length" if done.finish_reason == "length" else "stop")],
            "usage": usage_of(done.usage),
            "system_fingerprint": done.model,
            "quarry": completion_extension(done),
        }
    )


def _choice(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}


def _encode(head: dict[str, Any], with_usage: bool, each: CompletionEvent) -> list[str]:
    usage: dict[str, Any] = {"usage": None} if with_usage else {}
    match each:
        case TokenGenerated(text):
            return [format_event({**head, "choices": [_choice(text)], **usage})]
        case CompletionDone(done):
            more = {"system_fingerprint": done.model, "quarry": completion_extension(done)}
            reason = "length" if done.finish_reason == "length" else "stop"
            pieces = [format_event({**head, "choices": [_choice("", reason)], **usage, **more})]
            if with_usage:
                pieces.append(format_event({**head, "choices": [], "usage": usage_of(done.usage)}))
            return pieces
        case PlaceInLine(place):
            return [waiting(place)]
        case PassagesFound():
            return []  # they are in the last event
