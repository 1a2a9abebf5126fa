import asyncio


async def source(name, n):
    for number in range(n):
        await asyncio.sleep(0)
        yield f"{name}{number}"


async def test_sources_apart(program):
    """Each source has a list of its own."""
    found = await program.collect_all([source("a", 3), source("b", 2), source("c", 0)])
    assert found == [["a0", "a1", "a2"], ["b0", "b1"], []], f"{found}"
    assert await program.collect_all([source("d", 1)]) == [["d0"]], "earlier items come back"


async def test_given_list(program):
    """A list that is given is added to."""
    mine = ["x"]
    assert await program.collect(source("a", 1), mine) is mine and mine == ["x", "a0"], f"{mine}"


async def test_counters_apart(program):
    """Two counters do not share their counts; one counts several texts together."""
    one, other = program.Counter(), program.Counter()
    await asyncio.gather(one.count("a b a"), other.count("a c"), one.count("b"))
    assert one.counts == {"a": 2, "b": 2} and other.counts == {"a": 1, "c": 1}, f"{one.counts}, {other.counts}"
