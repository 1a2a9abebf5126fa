import asyncio


class Connection:
    async def run(self, text):
        await asyncio.sleep(0.01)
        return text.upper()


def connector(n_failures=0):
    made = []

    async def connect():
        made.append(None)
        number = len(made)
        await asyncio.sleep(0.1)
        if number <= n_failures:
            raise OSError("refused")
        return Connection()

    return connect, made


async def test_one_connection(program):
    """Queries at the same time share one connection."""
    connect, made = connector()
    gateway = program.Gateway(connect)
    answers = await asyncio.gather(*(gateway.query(text) for text in "abcd"))
    assert answers == list("ABCD"), f"{answers}"
    assert len(made) == 1, f"{len(made)} connections were opened"
    assert await gateway.connection() is await gateway.connection()


async def test_tries_again(program):
    """After a failure the next query connects again."""
    connect, made = connector(n_failures=1)
    gateway = program.Gateway(connect)
    try:
        await gateway.query("a")
    except OSError:
        pass
    else:
        raise AssertionError("the failure was not raised")
    assert await gateway.query("b") == "B" and len(made) == 2, f"{len(made)} tries"


async def test_opened_when_needed(program):
    """Nothing is opened before it is needed."""
    connect, made = connector()
    program.Gateway(connect)
    await asyncio.sleep(1)
    assert not made, "a connection was opened without need"
