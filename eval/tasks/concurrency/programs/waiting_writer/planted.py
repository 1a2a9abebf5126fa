import asyncio
from contextlib import asynccontextmanager


class Plan:
    """A berthing plan: many may read it at a time, a writer is alone with it."""

    def __init__(self):
        self.version = 0
        self._readers = 0
        self._changed = asyncio.Condition()
        self._is_written = False

    @asynccontextmanager
    async def reading(self):
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_written)
            self._readers += 1
        try:
            yield self.version
        finally:
            async with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def writing(self):
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_written and not self._readers)
            self._is_written = True
        try:
            yield
            self.version += 1
        finally:
            async with self._changed:
                self._is_written = False
                self._changed.notify_all()
