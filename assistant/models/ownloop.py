"""An event loop of a client's own, on a thread: what is streamed there can be read on any other loop.

HTTP clients keep connections, and each is bound to the loop that opened it. LangChain's classes share such clients over
all questions, but a conversation or an evaluation asks on several loops, one after the other: there a kept connection
is a dead one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import aclosing, suppress
from typing import Any

_END = object()


class OwnLoop:
    """The loop; it runs from the first stream on. Safe to use from several threads and loops at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def relay(self, stream: AsyncGenerator[Any, None], *, silent_seconds: float) -> AsyncGenerator[Any, None]:
        """What ``stream`` gives, run on this loop. Closing it cancels ``stream``.

        Raises its errors, and TimeoutError where it gives nothing for ``silent_seconds``.
        """
        reader = asyncio.get_running_loop()
        items: asyncio.Queue[Any] = asyncio.Queue()

        def hand_over(item: Any) -> None:
            with suppress(RuntimeError):  # the reader's loop is closed: nobody waits
                reader.call_soon_threadsafe(items.put_nowait, item)

        async def pump() -> None:
            try:
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        hand_over(chunk)
            except asyncio.CancelledError:
                hand_over(_Failed(ConnectionError("the model was closed meanwhile")))  # if somebody still reads
                raise
            except Exception as error:  # it is the reader's to know what it means
                hand_over(_Failed(error))
            else:
                hand_over(_END)

        pumping = asyncio.run_coroutine_threadsafe(pump(), self._running())
        try:
            while True:
                async with asyncio.timeout(silent_seconds):
                    item = await items.get()
                if isinstance(item, _Failed):
                    raise item.error
                if item is _END:
                    return
                yield item
        finally:
            pumping.cancel()

    def close(self) -> None:
        """End what still runs, then the loop."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        ended: Future[None] = asyncio.run_coroutine_threadsafe(_end_all(), loop)
        with suppress(TimeoutError):  # a client that does not let go must not hold up the end
            ended.result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        if not thread.is_alive():
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="quarry-hosted", daemon=True)
                self._thread.start()
            return self._loop


class _Failed:
    def __init__(self, error: Exception) -> None:
        self.error = error


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
