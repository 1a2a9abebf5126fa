"""Tasks that begin and end together."""

import asyncio


class AsyncCrew:
    """``async with AsyncCrew() as crew: crew.hire(coroutine)``: leaving waits for all; an error ends the others."""

    def __init__(self):
        self._tasks = []

    def hire(self, coroutine):
        """Start a task that belongs to the crew."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.append(task)
        return task

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        if error is not None:
            await self.dismiss()
            return
        try:
            await asyncio.gather(*self._tasks)
        except BaseException:
            await self.dismiss()
            raise

    async def dismiss(self):
        """Cancel all tasks and wait until they have ended, whatever they end with."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
