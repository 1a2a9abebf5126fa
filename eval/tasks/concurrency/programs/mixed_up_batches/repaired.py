import asyncio


async def collect(source, found=None):
    """All items of an asynchronous source, in order."""
    found = [] if found is None else found
    async for item in source:
        found.append(item)
    return found


class Counter:
    """Counts words of several texts at the same time."""

    def __init__(self):
        self.counts = {}

    async def count(self, text):
        for word in text.split():
            await asyncio.sleep(0)
            self.counts[word] = self.counts.get(word, 0) + 1
        return self.counts


async def collect_all(sources):
    """The items of each source, read at the same time."""
    return await asyncio.gather(*(collect(source) for source in sources))
