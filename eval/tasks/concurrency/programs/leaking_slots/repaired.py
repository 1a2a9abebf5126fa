import asyncio


class Pool:
    """At most ``size`` requests at a time; each may take ``seconds`` at most."""

    def __init__(self, size, seconds):
        self.slots = asyncio.Semaphore(size)
        self.seconds = seconds
        self.n_open = 0

    async def fetch(self, request):
        """What ``await request()`` returns. Raises what it raises, TimeoutError after ``seconds``."""
        async with self.slots:
            self.n_open += 1
            try:
                return await asyncio.wait_for(request(), self.seconds)
            finally:
                self.n_open -= 1
