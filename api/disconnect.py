"""Work for a client that may hang up before it is done: it is cancelled then, and so is the model's."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

CLIENT_CLOSED = 499  # nginx's word for a client that hung up; nobody is there to read it

_Result = TypeVar("_Result")


async def unless_disconnected(request: Request, work: Coroutine[Any, Any, _Result]) -> _Result | None:
    """What ``work`` gives, or None when the client hung up first; then ``work`` is cancelled."""
    working = asyncio.ensure_future(work)
    hang_up = asyncio.ensure_future(_wait_for_disconnect(request))
    try:
        await asyncio.wait({working, hang_up}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, hang_up):
            task.cancel()
        await asyncio.gather(working, hang_up, return_exceptions=True)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
