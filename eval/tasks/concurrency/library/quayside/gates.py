"""Many readers or one writer, in the order in which they came, so that neither waits for ever."""

import asyncio
from contextlib import asynccontextmanager


class AsyncFairGate:
    """``async with gate.reading():`` and ``async with gate.writing():``; who comes after a waiting writer waits too."""

    def __init__(self):
        self._turn = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._readers = 0

    @asynccontextmanager
    async def reading(self):
        """Hold the gate together with other readers."""
        async with self._turn:
            self._readers += 1
        try:
            yield
        finally:
            async with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def writing(self):
        """Hold the gate alone."""
        async with self._turn:
            async with self._changed:
                await self._changed.wait_for(lambda: self._readers == 0)
            yield
