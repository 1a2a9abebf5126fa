from quayside.once import AsyncOnce


class Gateway:
    """Reaches the database by one connection, which is opened when it is first needed."""

    def __init__(self, connect):
        self._once = AsyncOnce(connect)

    async def connection(self):
        """The connection, the same for all. Raises what connecting raises; the next call tries again."""
        return await self._once.get()

    async def query(self, text):
        connection = await self.connection()
        return await connection.run(text)
