from contextlib import asynccontextmanager

from quayside.gates import AsyncFairGate


class Plan:
    """A berthing plan: many may read it at a time, a writer is alone with it."""

    def __init__(self):
        self.version = 0
        self._gate = AsyncFairGate()

    @asynccontextmanager
    async def reading(self):
        async with self._gate.reading():
            yield self.version

    @asynccontextmanager
    async def writing(self):
        async with self._gate.writing():
            yield
            self.version += 1
