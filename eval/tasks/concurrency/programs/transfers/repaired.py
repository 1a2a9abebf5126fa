import asyncio

from quayside.locks import async_all_of


class Store:
    """A place where containers stand."""

    def __init__(self, name, stock):
        self.name = name
        self.stock = stock
        self.lock = asyncio.Lock()


async def move(source, target, number):
    """Move containers; False if there are not enough. Nobody sees them in both stores or in none."""
    async with async_all_of(source.lock, target.lock):
        await asyncio.sleep(0)  # the crane swings over
        if source.stock < number:
            return False
        source.stock -= number
        await asyncio.sleep(0.1)
        target.stock += number
        return True


async def move_all(moves):
    """Several moves (source, target, number) at the same time; the number of those that were done."""
    return sum(await asyncio.gather(*(move(*one) for one in moves)))
