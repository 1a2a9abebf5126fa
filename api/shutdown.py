"""How ``quarry serve`` ends: at the first signal it takes no more questions and finishes its answers, within a time;
at the second one it ends at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from types import FrameType

import uvicorn

from .queue import ModelQueue

_LAST_WORDS_SECONDS = 2.0  # for answers that were cut to send their last event
_CONNECTIONS_SECONDS = 5  # for what is no answer, such as a search


class DrainingServer(uvicorn.Server):
    """uvicorn, listening on while the answers of ``queue`` end, so that new questions get 503 and a time to come again.

    Answers may take ``grace_seconds``; then each is ended with an error event.
    """

    def __init__(self, config: uvicorn.Config, queue: ModelQueue, grace_seconds: float) -> None:
        config.timeout_graceful_shutdown = _CONNECTIONS_SECONDS
        super().__init__(config)
        self._queue, self._grace_seconds = queue, grace_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None
        self._is_asked = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; a signal needs the loop from now on."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn for SIGINT and SIGTERM."""
        if self._is_asked:
            signal.signal(sig, signal.SIG_DFL)
            os.kill(os.getpid(), sig)  # whatever a thread still does; a child that runs a model ends with us
            return
        self._is_asked = True
        if self._loop is None:
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        self._queue.stop(self._grace_seconds)
        try:
            await asyncio.wait_for(self._queue.drained(), self._grace_seconds)
        except TimeoutError:
            self._queue.cut()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._queue.drained(), _LAST_WORDS_SECONDS)
        self.should_exit = True
