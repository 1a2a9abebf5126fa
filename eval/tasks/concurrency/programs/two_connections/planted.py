class Gateway:
    """Reaches the database by one connection, which is opened when it is first needed."""

    def __init__(self, connect):
        self._connect = connect
        self._connection = None

    async def connection(self):
        """The connection, the same for all. Raises what connecting raises; the next call tries again."""
        if self._connection is None:
            self._connection = await self._connect()
        return self._connection

    async def query(self, text):
        connection = await self.connection()
        return await connection.run(text)
