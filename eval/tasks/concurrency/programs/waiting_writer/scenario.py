import asyncio


async def test_writer_gets_its_turn(program):
    """A writer gets the plan although readers come all the time, one before the last has gone."""
    plan, done = program.Plan(), []

    async def read(start):
        await asyncio.sleep(start)
        while not done and asyncio.get_running_loop().time() < 60:
            async with plan.reading():
                await asyncio.sleep(1)

    async def write():
        await asyncio.sleep(0.7)
        async with plan.writing():
            done.append(asyncio.get_running_loop().time())

    await asyncio.gather(read(0), read(0.5), write())
    assert done[0] < 5, f"the writer waited until second {done[0]:.0f}, when nobody read any more"


async def test_writer_is_alone(program):
    """No one reads while it is written, and no two write at a time; readers share."""
    plan, inside, most = program.Plan(), [], []

    async def read():
        async with plan.reading():
            inside.append("r")
            most.append(len(inside))
            assert "w" not in inside, "somebody reads while it is written"
            await asyncio.sleep(0.1)
            inside.remove("r")

    async def write():
        async with plan.writing():
            assert not inside, f"written while others are inside: {inside}"
            inside.append("w")
            await asyncio.sleep(0.1)
            inside.remove("w")

    await asyncio.gather(read(), read(), write(), read(), write(), read())
    assert plan.version == 2, f"version {plan.version} after two writers"
    await asyncio.gather(read(), read(), read())
    assert max(most) > 1, "readers do not share"


async def test_error_inside(program):
    """Who fails inside leaves it free, and a failed writer does not count as a version."""
    plan = program.Plan()
    for entering in (plan.reading, plan.writing):
        try:
            async with entering():
                raise KeyError("x")
        except KeyError:
            pass
    async with plan.writing():
        pass
    assert plan.version == 1, f"version {plan.version}"
