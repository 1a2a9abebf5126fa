"""Server-sent events: what a stream looks like on the wire, and how it ends when something goes wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from fastapi.responses import StreamingResponse

from .problems import to_problem

_NO_BUFFERING = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

_Event = TypeVar("_Event")


def format_event(data: Mapping[str, Any], name: str | None = None) -> str:
    """One event; without a ``name`` it is data alone."""
    head = f"event: {name}\n" if name is not None else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def format_comment(text: str) -> str:
    """What clients pass over; it keeps the line open."""
    return f": {text}\n\n"


def format_problem(error: Exception) -> str:
    """The event ``error`` with the problem's fields."""
    return format_event(to_problem(error).model_dump(), "error")


def stream(
    first: _Event,
    events: AsyncGenerator[_Event, None],
    encode: Callable[[_Event], Iterable[str]],
    *,
    encode_error: Callable[[Exception], str] = format_problem,
    begin: str = "",
    end: str = "",
    headers: Mapping[str, str] = {},
) -> StreamingResponse:
    """The response that sends ``first`` and the ``events`` after it, as ``encode`` writes each, with none held back.

    ``begin`` is sent before all, ``end`` after the last event unless an error was the last. The server closes the
    stream when the client hangs up, and with it the model's.
    """

    async def write() -> AsyncIterator[str]:
        async with aclosing(events):
            if begin:
                yield begin
            try:
                for text in encode(first):
                    yield text
                async for event in events:
                    for text in encode(event):
                        yield text
            except Exception as error:  # the status is sent already: whatever it is becomes the last event
                yield encode_error(error)
                return
            if end:
                yield end

    return StreamingResponse(write(), media_type="text/event-stream", headers={**_NO_BUFFERING, **headers})
