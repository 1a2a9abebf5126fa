import asyncio


async def handle(item):
    await asyncio.sleep(0.01 * item)
    if item % 4 == 3:
        raise ValueError(item)
    return -item


async def test_failures(program):
    """It returns although some items fail, and names them."""
    done, failed = await program.process_all(range(8), handle)
    assert done == {i: -i for i in range(8) if i % 4 != 3} and sorted(failed) == [3, 7], f"{done}, {failed}"


async def test_repeated_items(program):
    """It returns although an item comes again after it was done."""
    done, failed = await program.process_all([1, 2, 4, 1], handle, n_workers=1)
    assert done == {1: -1, 2: -2, 4: -4} and failed == [], f"{done}, {failed}"


async def test_nothing_and_all_good(program):
    """No items, and items of which none fails."""
    assert await program.process_all([], handle) == ({}, [])
    assert await program.process_all([1, 2], handle) == ({1: -1, 2: -2}, [])
