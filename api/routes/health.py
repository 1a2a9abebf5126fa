"""Is the service alive, and can it answer?"""

from __future__ import annotations

from fastapi import APIRouter, Response

from assistant.errors import ModelError

from ..callers import CurrentCaller
from ..errors import Stopping
from ..schemas.health import Health
from ..state import State

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> Health:
    """The process serves requests."""
    return Health(status="ok")


@router.get("/ready", responses={503: {"model": Health, "description": "Cannot answer yet"}})
async def ready(state: State, caller: CurrentCaller, response: Response) -> Health:
    """The model is there and loaded. Waits while it loads; 503 with the reason where it cannot.

    Where keys are required, who shows none is told the status alone.
    """
    knows = caller.name is not None or caller.repos is None
    try:
        if state.queue.is_stopping:
            raise state.queue.stopping()
        model = await state.ready()
    except (ModelError, Stopping) as error:
        response.status_code = 503
        return Health(status="unavailable", reason=str(error) if knows else None)
    return Health(status="ok", model=model if knows else None)
