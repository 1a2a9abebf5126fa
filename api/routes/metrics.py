"""What the service counts, for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from ..callers import CurrentCaller
from ..metrics import CONTENT_TYPE
from ..problems import problem_responses
from ..state import State

router = APIRouter(tags=["health"])

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/metrics", response_class=Response, responses={**_TEXT, **problem_responses(401)})
async def metrics(state: State, caller: CurrentCaller) -> Response:
    """Counts and times of this service since its start; with keys required, for keys of all repositories."""
    caller.require_all()
    return Response(state.metrics.to_text(), media_type=CONTENT_TYPE)
