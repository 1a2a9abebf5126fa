"""Server-sent events: what a stream looks like on the wire, and how it ends when something goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from .problems import to_problem

_LOG = logging.getLogger("quarry.api")
_UNREAD_SECONDS = 30.0  # for a client to take what is sent; a model must not wait longer for one that reads nothing
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
    unread_seconds: float = _UNREAD_SECONDS,
) -> StreamingResponse:
    """The response that sends ``first`` and the ``events`` after it, as ``encode`` writes each, with none held back.

    ``begin`` is sent before all, ``end`` after the last event unless an error was the last. The server closes the
    stream when the client hangs up, and with it the model's; so it does when nothing can be sent for
    ``unread_seconds``, since the client is there but does not read.
    """

    async def write() -> AsyncGenerator[str, None]:
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

    return _EventStream(write(), unread_seconds, headers={**_NO_BUFFERING, **headers})


class _Unread(Exception):
    """The client does not take what is sent."""


class _EventStream(StreamingResponse):
    """Sends ``events``, and closes them as soon as one could not be sent for ``unread_seconds``."""

    def __init__(self, events: AsyncGenerator[str, None], unread_seconds: float, headers: Mapping[str, str]) -> None:
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._events, self._unread_seconds = events, unread_seconds

    async def stream_response(self, send: Send) -> None:
        """Called by Starlette; returns before the end where the client reads nothing, and the server hangs up then."""

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(self._unread_seconds):
                    await send(message)
            except TimeoutError:
                raise _Unread from None

        try:
            await super().stream_response(send_in_time)
        except _Unread:
            await self._events.aclose()
            _LOG.warning("a stream was ended: its client had read nothing for %g s", self._unread_seconds)
