"""The caller's conversations that the server keeps: make one, list them, read one, delete one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response

from assistant.conversations.sessions import SessionInfo

from ..callers import CurrentCaller
from ..problems import problem_responses
from ..schemas.sessions import Session, SessionWithMessages
from ..state import State

router = APIRouter(tags=["sessions"])


@router.post("/sessions", response_model=Session, status_code=201, responses=problem_responses(503))
def create_session(state: State, caller: CurrentCaller, response: Response) -> dict[str, Any]:
    """Make an empty session. Its id goes into `session_id` of `POST /chat`; a client may also choose one itself."""
    info = state.sessions.create(caller.name)
    response.headers["Location"] = f"/sessions/{info.id}"
    return _to_json(info)


@router.get("/sessions", response_model=list[Session], responses=problem_responses(503))
def list_sessions(state: State, caller: CurrentCaller) -> list[dict[str, Any]]:
    """The caller's sessions, the last one used first."""
    return [_to_json(info) for info in state.sessions.list_sessions(caller.name)]


@router.get("/sessions/{session_id}", response_model=SessionWithMessages, responses=problem_responses(404, 422, 503))
def get_session(state: State, caller: CurrentCaller, session_id: str) -> dict[str, Any]:
    """A session with its messages, oldest first. One of somebody else is as unknown as one that never was."""
    info, messages = state.sessions.read(caller.name, session_id)
    return _to_json(info) | {"messages": [asdict(message) | {"at": _to_time(message.at)} for message in messages]}


@router.delete("/sessions/{session_id}", status_code=204, responses=problem_responses(404, 422, 503))
def delete_session(state: State, caller: CurrentCaller, session_id: str) -> None:
    """Forget a session and all its messages."""
    state.sessions.delete(caller.name, session_id)


def _to_json(info: SessionInfo) -> dict[str, Any]:
    return asdict(info) | {"created_at": _to_time(info.created_at), "updated_at": _to_time(info.updated_at)}


def _to_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
