import asyncio


async def exchange(program, size, n_producers, n_consumers, n_items):
    buffer, got = program.Buffer(size), []

    async def produce(number):
        for item in range(n_items // n_producers):
            await buffer.put((number, item))
            if item % 3 == number % 3:
                await asyncio.sleep(0.01)

    async def consume(number):
        for _ in range(n_items // n_consumers):
            got.append(await buffer.get())
            if number % 2:
                await asyncio.sleep(0.02)

    tasks = [produce(i) for i in range(n_producers)] + [consume(i) for i in range(n_consumers)]
    await asyncio.gather(*tasks)
    return got


async def test_everything_arrives(program):
    """Several producers and consumers: each item arrives once, and none waits for ever."""
    got = await exchange(program, 1, 3, 4, 24)
    assert sorted(got) == sorted((p, i) for p in range(3) for i in range(8)), f"{len(got)} items arrived, not 24"


async def test_never_too_full(program):
    """Producers wait while there are as many items as the size, and each get lets one more in."""
    buffer, done = program.Buffer(2), []

    async def produce(item):
        await buffer.put(item)
        done.append(item)

    producers = [asyncio.ensure_future(produce(item)) for item in range(5)]
    await asyncio.sleep(10)
    assert len(done) == 2, f"{len(done)} items were put into a buffer of 2"
    await buffer.get()
    await asyncio.sleep(10)
    assert len(done) == 3, f"{len(done)} items were put into a buffer of 2 after one get"
    for _ in range(4):
        await buffer.get()
    await asyncio.gather(*producers)


async def test_in_order(program):
    """With one of each, items arrive in order."""
    got = await exchange(program, 3, 1, 1, 12)
    assert got == [(0, i) for i in range(12)], f"{got}"
