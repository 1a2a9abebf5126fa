"""Ask a repository: the whole answer as JSON, or server-sent events as it is made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from assistant.answer import AnswerDone, AskRequest, CitationFound, PassagesFound, TokenGenerated
from assistant.records import Answer, Message
from assistant.serialise import answer_as_json, citation_as_json, passage_as_json

from ..asking import AskEvent, PlaceInLine, answer, ask
from ..callers import CurrentCaller
from ..problems import problem_responses, to_problem
from ..schemas import ChatAnswer, ChatRequest
from ..state import State

router = APIRouter(tags=["chat"])

_CLIENT_CLOSED = 499  # nginx's word for a client that hung up; nobody is there to read it

_EVENTS = {
    "description": (
        'The answer; or, with `stream`, server-sent events: `queued` (`{"place"}`) while the model is busy, `passages` '
        '(the sources), `token` (`{"text"}`) for each piece, `citation` for each statement that the code supports, '
        "then `done` (the whole answer) or `error` (a problem)."
    ),
    "content": {
        "text/event-stream": {
            "schema": {"type": "string"},
            "example": 'event: token\ndata: {"text": "`Group`"}\n\n',
        }
    },
}


@router.post("/chat", response_model=ChatAnswer, responses={200: _EVENTS, **problem_responses(404, 409, 422, 503)})
async def chat(body: ChatRequest, request: Request, state: State, caller: CurrentCaller) -> Response:
    """Answer the last message from the repository's code. A client that hangs up stops the generation."""
    asked = AskRequest(
        repo=body.repo,
        messages=[Message(message.role, message.content) for message in body.messages],
        retrieval=body.retrieval == "on",
        k=body.k,
        max_tokens=body.max_tokens,
        ref=body.ref,
    )
    if body.stream:
        events = ask(state, asked, caller)
        # What cannot be asked fails here, while the status can still say so.
        first = await anext(events)
        return StreamingResponse(_encode(first, events), media_type="text/event-stream", headers=_NO_BUFFERING)
    answered = await _unless_disconnected(request, answer(state, asked, caller))
    if answered is None:
        return Response(status_code=_CLIENT_CLOSED)
    return JSONResponse(answer_as_json(answered))


_NO_BUFFERING = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def _encode(first: AskEvent, events: AsyncGenerator[AskEvent, None]) -> AsyncIterator[str]:
    """The events on the wire. Closed by the server when the client hangs up, and closes the model's stream then."""
    async with aclosing(events):
        yield _encode_event(first)
        try:
            async for event in events:
                yield _encode_event(event)
        except Exception as error:  # the status is sent already: whatever it is becomes the last event
            yield _format("error", to_problem(error).model_dump())


def _encode_event(event: AskEvent) -> str:
    match event:
        case PlaceInLine(place):
            return _format("queued", {"place": place})
        case PassagesFound(passages):
            return _format("passages", {"passages": [passage_as_json(passage) for passage in passages]})
        case TokenGenerated(text):
            return _format("token", {"text": text})
        case CitationFound(citation):
            return _format("citation", citation_as_json(citation))
        case AnswerDone(answered):
            return _format("done", answer_as_json(answered))


def _format(event: str, data: dict[str, Any]) -> str:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


async def _unless_disconnected(request: Request, answering: Any) -> Answer | None:
    """The answer, or None when the client hung up first; then the answering is cancelled."""
    answer = asyncio.ensure_future(answering)
    hang_up = asyncio.ensure_future(_wait_for_disconnect(request))
    try:
        await asyncio.wait({answer, hang_up}, return_when=asyncio.FIRST_COMPLETED)
        return cast(Answer, answer.result()) if answer.done() else None
    finally:
        for task in (answer, hang_up):
            task.cancel()
        await asyncio.gather(answer, hang_up, return_exceptions=True)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
