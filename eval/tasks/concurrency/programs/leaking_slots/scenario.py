import asyncio


async def good():
    await asyncio.sleep(0.1)
    return "fine"


async def bad():
    await asyncio.sleep(0.1)
    raise OSError("reset")


async def slow():
    await asyncio.sleep(1000)


async def test_errors_give_the_slot_back(program):
    """Requests after failed ones are still served."""
    pool = program.Pool(2, 5)
    results = await asyncio.gather(*(pool.fetch(bad) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, OSError) for result in results), f"{results}"
    assert await pool.fetch(good) == "fine" and pool.n_open == 0, f"{pool.n_open} are still open"


async def test_timeouts_give_the_slot_back(program):
    """Requests after ones that took too long are still served."""
    pool = program.Pool(1, 5)
    results = await asyncio.gather(pool.fetch(slow), pool.fetch(good), return_exceptions=True)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["TimeoutError", "str"] and pool.n_open == 0, f"{results}, {pool.n_open} open"


async def test_limit(program):
    """No more than the size at a time."""
    most = 0

    async def watched():
        nonlocal most
        most = max(most, pool.n_open)
        await asyncio.sleep(0.1)

    pool = program.Pool(2, 5)
    await asyncio.gather(*(pool.fetch(watched) for _ in range(6)))
    assert most == 2, f"{most} were open at a time"
