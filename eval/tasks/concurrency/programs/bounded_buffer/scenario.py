import asyncio


async def exchange(program, size, n_producers, n_consumers, n_items):
    buffer, got, most = program.Buffer(size), [], 0

    async def produce(number):
        nonlocal most
        for item in range(n_items // n_producers):
            await buffer.put((number, item))
            most = max(most, len(buffer.items))
            if item % 3 == number % 3:
                await asyncio.sleep(0.01)

    async def consume(number):
        for _ in range(n_items // n_consumers):
            got.append(await buffer.get())
            if number % 2:
                await asyncio.sleep(0.02)

    tasks = [produce(i) for i in range(n_producers)] + [consume(i) for i in range(n_consumers)]
    await asyncio.gather(*tasks)
    return got, most


async def test_everything_arrives(program):
    """Several producers and consumers: each item arrives once, and none waits for ever."""
    got, _ = await exchange(program, 1, 3, 4, 24)
    assert sorted(got) == sorted((p, i) for p in range(3) for i in range(8)), f"{len(got)} items arrived, not 24"


async def test_never_too_full(program):
    """There are never more items than the size."""
    _, most = await exchange(program, 2, 4, 2, 24)
    assert most <= 2, f"{most} items were in a buffer of 2"


async def test_in_order(program):
    """With one of each, items arrive in order."""
    got, _ = await exchange(program, 3, 1, 1, 12)
    assert got == [(0, i) for i in range(12)], f"{got}"
