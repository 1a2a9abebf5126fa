"""Things that are made once, however many ask for them at the same time."""

import asyncio


class AsyncOnce:
    """``AsyncOnce(make)``: ``await once.get()`` is what ``await make()`` returned, which runs once.

    If making fails, all who wait get the error, and the next who asks has it made again.
    """

    def __init__(self, make):
        self._make = make
        self._task = None

    async def get(self):
        """The thing, made at the first call."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._make())
        task = self._task
        try:
            return await asyncio.shield(task)
        except BaseException:
            if task.done() and self._task is task:
                self._task = None
            raise


class AsyncOncePerKey:
    """As AsyncOnce, for each key by itself: ``await shared.get(key)`` awaits ``make(key)`` once a key."""

    def __init__(self, make):
        self._make = make
        self._made = {}

    async def get(self, key):
        """What was made for the key."""
        if key not in self._made:
            self._made[key] = AsyncOnce(lambda: self._make(key))
        return await self._made[key].get()
