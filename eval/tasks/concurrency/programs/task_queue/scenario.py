import asyncio


async def run(program, n_workers, jobs):
    queue = program.TaskQueue(n_workers)
    await queue.start()
    for name, job in jobs:
        await queue.submit(name, job)
    await queue.drain()
    return queue


async def test_results_are_kept(program):
    """Every job's result is kept under its name."""

    async def job(value):
        await asyncio.sleep(value / 10)
        return value * value

    queue = await run(program, 2, [(f"job{i}", lambda i=i: job(i)) for i in range(5)])
    wanted = {f"job{i}": i * i for i in range(5)}
    assert queue.results == wanted, f"results are {queue.results} and failures {queue.failed}, not {wanted}"


async def test_failures_are_kept(program):
    """A job that raises is in `failed`, and the others still run."""

    async def good():
        return 1

    async def bad():
        raise KeyError("x")

    queue = await run(program, 2, [("a", bad), ("b", good), ("c", bad)])
    assert queue.results == {"b": 1} and sorted(queue.failed) == ["a", "c"], f"{queue.results}, {queue.failed}"
    assert isinstance(queue.failed["a"], KeyError), f"a failed with {queue.failed['a']!r}"


async def test_books_are_right(program):
    """After `drain` no worker is active, and all jobs count as done; never more are active than workers."""
    seen = []

    async def job():
        seen.append(queue.n_active)
        await asyncio.sleep(0.1)
        seen.append(queue.n_active)

    queue = program.TaskQueue(3)
    await queue.start()
    for number in range(6):
        await queue.submit(number, job)
    await queue.drain()
    assert queue.n_done == 6, f"n_done is {queue.n_done} after 6 jobs"
    assert queue.n_active == 0, f"n_active is {queue.n_active} after drain"
    assert seen and min(seen) >= 1 and max(seen) <= 3, f"n_active was {sorted(set(seen))} while jobs ran on 3 workers"


async def test_workers_end(program):
    """`drain` ends the workers."""

    async def job():
        return 1

    before = len(asyncio.all_tasks())
    await run(program, 4, [("a", job)])
    assert len(asyncio.all_tasks()) == before, "tasks are left after drain"


async def test_jobs_run_side_by_side(program):
    """Six jobs of a second take about two seconds on three workers."""

    async def job():
        await asyncio.sleep(1)

    before = asyncio.get_running_loop().time()
    await run(program, 3, [(number, job) for number in range(6)])
    took = asyncio.get_running_loop().time() - before
    assert 2 <= took < 3, f"took {took:.1f} s"
