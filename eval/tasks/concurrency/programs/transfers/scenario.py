import asyncio


async def test_both_ways(program):
    """Moves in both directions at the same time end, and nothing is lost."""
    a, b, c = (program.Store(name, 10) for name in "abc")
    done = await program.move_all([(a, b, 1), (b, a, 2), (b, c, 3), (c, a, 4), (a, c, 5)])
    assert done == 5, f"{done} of 5 moves were done"
    assert (a.stock, b.stock, c.stock) == (10, 6, 14), f"{a.stock}, {b.stock}, {c.stock}"


async def test_within_one_store(program):
    """A move from a store to itself ends and changes nothing."""
    a = program.Store("a", 3)
    assert await program.move_all([(a, a, 2)]) == 1 and a.stock == 3, f"{a.stock}"


async def test_never_too_few(program):
    """Of two moves that would together take too much, one is refused; who holds both locks never misses any."""
    a, b = program.Store("a", 5), program.Store("b", 0)

    async def watch():
        for _ in range(6):
            async with a.lock:
                if not b.lock.locked():
                    assert a.stock + b.stock == 5, "containers are missing while no move is under way"
            await asyncio.sleep(0.03)

    done, _ = await asyncio.gather(program.move_all([(a, b, 4), (a, b, 3)]), watch())
    assert done == 1 and a.stock >= 0 and a.stock + b.stock == 5, f"{done} moves, {a.stock} and {b.stock}"


async def test_side_by_side(program):
    """Moves that share no store go on at the same time."""
    stores = [program.Store(name, 10) for name in "abcdef"]
    before = asyncio.get_running_loop().time()
    done = await program.move_all([(stores[0], stores[1], 1), (stores[2], stores[3], 1), (stores[4], stores[5], 1)])
    took = asyncio.get_running_loop().time() - before
    assert done == 3 and took < 0.15, f"three moves of 0.1 s that share no store took {took:.1f} s"
