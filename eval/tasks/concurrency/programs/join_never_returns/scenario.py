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


async def test_side_by_side(program):
    """Items are handled at the same time, by no more than the workers."""
    inside, most = 0, 0

    async def count(item):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(1)
        inside -= 1

    await program.process_all(range(6), count, n_workers=3)
    assert most == 3, f"at most {most} items were handled at the same time on 3 workers"
