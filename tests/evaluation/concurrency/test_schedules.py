"""The schedules: the same for a seed, without waiting, and a deadlock or an endless loop ends as one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from eval.sandbox import open_sandbox
from eval.tasks.concurrency.scoring import HERE, LIMITS, SCRIPTS
from eval.tasks.jobs import run_job


def run(folder: Path, program: str, scenario: str, n_seeds: int = 10) -> list[dict[str, Any]]:
    """What came of each test."""
    job = {"program": program, "scenario": scenario, "seeds": list(range(n_seeds))}
    result, outcome = run_job(open_sandbox(unsafe=True), folder, SCRIPTS, job, limits=LIMITS)
    assert result is not None, outcome
    tests: list[dict[str, Any]] = result["tests"]
    return tests


def test_long_waits_take_no_time(tmp_path: Path) -> None:
    """An hour passes at once, for tasks and for threads, and the order of what is due is kept."""
    scenario = """
import asyncio, threading, time

async def test_tasks(program):
    log = []
    async def late(seconds):
        await asyncio.sleep(seconds)
        log.append(seconds)
    await asyncio.gather(*(late(seconds) for seconds in (3600, 60, 1800)))
    assert log == [60, 1800, 3600] and asyncio.get_running_loop().time() == 3600
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 3600)
    except TimeoutError:
        log.append("timeout")
    assert log[-1] == "timeout"

def test_threads(program):
    log = []
    def late(seconds):
        time.sleep(seconds)
        log.append(seconds)
    threads = [threading.Thread(target=late, args=(seconds,)) for seconds in (3600, 60, 1800)]
    timer = threading.Timer(7200, log.append, ["timer"])
    for thread in (*threads, timer):
        thread.start()
    for thread in (*threads, timer):
        thread.join()
    assert log == [60, 1800, 3600, "timer"] and time.monotonic() == 7200
    assert threading.Event().wait(5) is False and not threading.Lock().acquire(timeout=-1) is False
"""
    begin = time.monotonic()
    assert [test["failed_seed"] for test in run(tmp_path, "", scenario)] == [None, None]
    assert time.monotonic() - begin < 60


def test_primitives_keep_their_promises(tmp_path: Path) -> None:
    """Conditions, barriers, semaphores, pools and queues of the standard library work on the locks beneath."""
    program = """
import queue, threading
from concurrent.futures import ThreadPoolExecutor

def add_up(n_threads, n_times):
    total, lock, barrier, done = [0], threading.Lock(), threading.Barrier(n_threads), queue.Queue()
    slots, inside, most = threading.BoundedSemaphore(2), [0], [0]
    def work():
        barrier.wait()
        for _ in range(n_times):
            with slots:
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    total[0] += 1
                with lock:
                    inside[0] -= 1
        done.put(threading.current_thread().name)
    threads = [threading.Thread(target=work, name=str(n)) for n in range(n_threads)]
    for thread in threads:
        thread.start()
    names = sorted(done.get() for _ in threads)
    for thread in threads:
        thread.join()
    with ThreadPoolExecutor(2) as pool:
        squares = list(pool.map(lambda n: n * n, range(5)))
    return total[0], most[0], names, squares, any(thread.is_alive() for thread in threads)
"""
    scenario = """
def test_all(program):
    total, most, names, squares, alive = program.add_up(3, 4)
    assert total == 12 and most <= 2 and names == ["0", "1", "2"] and squares == [0, 1, 4, 9, 16] and not alive
"""
    (test,) = run(tmp_path, program, scenario, n_seeds=15)
    assert test["failed_seed"] is None, test["message"]


RACE = """
import threading
class Count:
    n = 0
def count(threads, times):
    value = Count()
    def add():
        for _ in range(times):
            value.n += 1
    started = [threading.Thread(target=add) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return value.n
"""


def test_race_within_a_statement(tmp_path: Path) -> None:
    """An update is lost between two instructions of one statement, under the same schedule with the same figure."""
    scenario = "def test_all(program):\n    n = program.count(2, 5)\n    assert n == 10, f'{n} of 10'\n"
    (first,) = run(tmp_path, RACE, scenario)
    (again,) = run(tmp_path, RACE, scenario)
    assert first["failed_seed"] is not None and first["failed_seed"] > 0
    assert first == again


@pytest.mark.parametrize(
    ("program", "scenario", "message"),
    [
        (
            "import threading\nlock = threading.Lock()\ndef twice():\n    with lock:\n        with lock: pass",
            "def test_all(program):\n    program.twice()",
            "deadlock: main waits for a lock",
        ),
        (
            "import asyncio\nasync def never():\n    await asyncio.Event().wait()",
            "async def test_all(program):\n    await program.never()",
            "deadlock: every task waits",
        ),
        (
            "import asyncio\nasync def never():\n    while True:\n        await asyncio.sleep(0)",
            "async def test_all(program):\n    await program.never()",
            "it goes on for ever",
        ),
        (
            "import threading\nflag = []\ndef spin():\n    while not flag: pass",
            "import threading\ndef test_all(program):\n"
            "    thread = threading.Thread(target=program.spin)\n    thread.start()\n    thread.join()",
            "it goes on for ever",
        ),
        ("def broken(:", "def test_all(program):\n    pass", "SyntaxError"),
        ("raise SystemExit(3)", "def test_all(program):\n    pass", "SystemExit"),
    ],
)
def test_what_never_ends_is_seen(tmp_path: Path, program: str, scenario: str, message: str) -> None:
    """A deadlock, an endless wait and an endless loop end with a message, and so does a program that cannot load."""
    (test,) = run(tmp_path, program, scenario, n_seeds=2)
    assert test["failed_seed"] == 0 and message in test["message"]


def test_scripts_are_there() -> None:
    """What runs inside the sandbox is found, the harness first."""
    assert SCRIPTS[0].name == "harness.py" and all(s.parent == HERE / "inside" for s in SCRIPTS)
