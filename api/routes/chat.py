"""Ask a repository: the whole answer as JSON, or server-sent events as it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from assistant.compare import ArmEvent, answer_both, comparison_as_json, stream_both
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
from assistant.records import Message
from assistant.serialise import answer_as_json, citation_as_json, passage_as_json
from indexer.errors import InputError

from ..asking import ask, ask_in_turn, check_repository
from ..callers import CurrentCaller
from ..conversations import ask_in_session
from ..disconnect import CLIENT_CLOSED, unless_disconnected
from ..problems import problem_responses
from ..schemas.chat import ChatAnswer, ChatRequest, CompareAnswer
from ..sse import format_event, stream
from ..state import State

router = APIRouter(tags=["chat"])

_Streamed = Event | ArmEvent[Event]

_EVENTS = {
    "description": (
        'The answer; or, with `stream`, server-sent events: `queued` (`{"place"}`) while the model is busy, 0 when the '
        'question has its turn, `passages` (the sources), `token` (`{"text"}`) for each piece, `citation` for each '
        "statement that the code supports, then `done` (the whole answer) or `error` (a problem). With `retrieval` "
        "`compare` the events of both answers, one after the other, each with the field `arm`: `with` or `without`."
    ),
    "content": {
        "text/event-stream": {
            "schema": {"type": "string"},
            "example": 'event: token\ndata: {"text": "`Group`"}\n\n',
        }
    },
}


@router.post(
    "/chat",
    response_model=ChatAnswer | CompareAnswer,
    responses={200: _EVENTS, **problem_responses(404, 409, 422, 503)},
)
async def chat(body: ChatRequest, request: Request, state: State, caller: CurrentCaller) -> Response:
    """Answer the last message from the repository's code. A client that hangs up stops the generation."""
    asked = AskRequest(
        repo=body.repo,
        messages=[Message(message.role, message.content) for message in body.messages],
        retrieval=body.retrieval != "off",
        k=body.k,
        max_tokens=body.max_tokens,
        ref=body.ref,
        abstain=body.abstain,
    )
    compare = body.retrieval == "compare"
    if compare and body.session_id is not None:
        raise InputError("A session keeps one answer to a question: leave session_id out to compare two.")
    if compare:
        await check_repository(state, asked, caller)

    def ask_one(one: AskRequest) -> AsyncGenerator[Event, None]:
        if body.session_id is not None:
            return ask_in_session(state, one, caller, body.session_id)
        return ask(state, one, caller)

    ask_each = ask_in_turn(state, caller)
    if body.stream:
        events = stream_both(ask_each, asked) if compare else ask_one(asked)
        # What cannot be asked fails here, while the status can still say so.
        first = await anext(events)
        return stream(first, events, _encode)
    if compare:
        both = await unless_disconnected(request, answer_both(ask_each, asked))
        return _hung_up() if both is None else JSONResponse(comparison_as_json(both))
    done = await unless_disconnected(request, last_event(ask_one(asked), AnswerDone))
    return _hung_up() if done is None else JSONResponse(answer_as_json(done.answer))


def _hung_up() -> Response:
    return Response(status_code=CLIENT_CLOSED)


def _encode(event: _Streamed) -> list[str]:
    if isinstance(event, ArmEvent):
        name, data = _describe(event.event)
        data = {"arm": event.arm, **data}
    else:
        name, data = _describe(event)
    return [format_event(data, name)]


def _describe(event: Event) -> tuple[str, dict[str, Any]]:
    """The event's name on the wire, and its data."""
    match event:
        case PlaceInLine(place):
            return "queued", {"place": place}
        case PassagesFound(passages):
            return "passages", {"passages": [passage_as_json(passage) for passage in passages]}
        case TokenGenerated(text):
            return "token", {"text": text}
        case CitationFound(citation):
            return "citation", citation_as_json(citation)
        case AnswerDone(answered):
            return "done", answer_as_json(answered)
