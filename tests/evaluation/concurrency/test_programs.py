"""Every program: with its bug some schedule fails, our repair passes under all, and other repairs pass too."""

from __future__ import annotations

import ast
import re

import pytest

from eval.tasks.concurrency.catalogue import BY_NAME, CATALOGUE, LIBRARY, PROGRAMS, Program
from eval.tasks.concurrency.scoring import ConcurrencyScorer
from eval.tasks.libraries import find_span


@pytest.mark.parametrize("program", CATALOGUE, ids=lambda program: program.name)
def test_planted_fails_and_repaired_passes(program: Program, scorer: ConcurrencyScorer) -> None:
    """The planted program fails under a schedule that is named, the repair under none."""
    planted = scorer.score_code(program, program.read("planted"))
    assert planted.verdict == "wrong" and re.search(r"under schedule \d+ of 40", planted.explanation)
    repaired = scorer.score_code(program, program.read("repaired"))
    assert repaired.verdict == "correct", repaired.explanation
    assert repaired.measures["share_of_tests"] == 1.0


# What of the planted task queue is left in a repair that overlooks one of its three bugs.
LEFT = {
    "a lock of threads": ("self.lock = asyncio.Lock()", "self.lock = threading.Lock()"),
    "a coroutine that is never awaited": ("await self.jobs.put", "self.jobs.put"),
    "unsafe books of the active": (
        '        self.n_active += 1\n            await self.log(f"worker {number} takes {name}")',
        "        active = self.n_active\n"
        '            await self.log(f"worker {number} takes {name}")\n'
        "            self.n_active = active + 1",
    ),
    "unsafe books of the done": (
        '        self.n_done += 1\n                await self.log(f"worker {number} has done {name}")',
        "        done = self.n_done\n"
        '                await self.log(f"worker {number} has done {name}")\n'
        "                self.n_done = done + 1",
    ),
}


@pytest.mark.parametrize("left", LEFT)
def test_each_bug_of_the_task_queue_is_found(left: str, scorer: ConcurrencyScorer) -> None:
    """With any one of its bugs left, the task queue is not repaired."""
    good, bad = LEFT[left]
    repaired = BY_NAME["task_queue"].read("repaired").replace("import asyncio\n", "import asyncio\nimport threading\n")
    assert good in repaired
    assert scorer.score_code(BY_NAME["task_queue"], repaired.replace(good, bad)).verdict == "wrong"


LOCKED_DEPOSIT = """\
        async with self._lock:
            await self.journal.write("deposit", amount)
            self.balance += amount
            return self.balance
"""
SETTLED_ONE_BY_ONE = (
    "    await asyncio.gather(*(account.deposit(amount) for amount in amounts))\n",
    "    for amount in amounts:\n        await account.deposit(amount)\n",
)
# Answers that mend less than there is to mend: whose repair, and what of it is another way.
NOT_REPAIRED: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "deposits without the lock": (
        "lost_update",
        [
            (
                LOCKED_DEPOSIT,
                '        await self.journal.write("deposit", amount)\n'
                "        self.balance += amount\n        return self.balance\n",
            ),
            (
                '            await self.journal.write("withdraw", amount)\n            self.balance -= amount\n',
                '            before = self.balance\n            await self.journal.write("withdraw", amount)\n'
                "            self.balance = before - amount\n",
            ),
        ],
    ),
    "deposits as they were, one by one": (
        "lost_update",
        [
            (
                LOCKED_DEPOSIT,
                '        before = self.balance\n        await self.journal.write("deposit", amount)\n'
                "        self.balance = before + amount\n        return self.balance\n",
            ),
            SETTLED_ONE_BY_ONE,
        ],
    ),
    "deposits one by one": ("lost_update", [SETTLED_ONE_BY_ONE]),
    "lifts as they were, one by one": (
        "crossing_cranes",
        [
            ("with all_of(first.lock, second.lock):", "with first.lock, second.lock:"),
            ("start()\n    for thread in threads:\n        thread.join()", "start()\n        thread.join()"),
        ],
    ),
    "readings without a pause": ("blocked_loop", [("        await asyncio.sleep(0.5)\n", "")]),
}


@pytest.mark.parametrize("left", NOT_REPAIRED)
def test_half_a_repair_fails(left: str, scorer: ConcurrencyScorer) -> None:
    """What keeps a bug out of sight, or drops what the program has to do, is no repair."""
    name, changes = NOT_REPAIRED[left]
    code = BY_NAME[name].read("repaired")
    for good, bad in changes:
        assert good in code
        code = code.replace(good, bad)
    score = scorer.score_code(BY_NAME[name], code)
    assert score.verdict == "wrong" and score.measures["share_of_tests"] > 0, score.explanation


OTHER_REPAIRS = {
    "bounded_buffer": """
import asyncio
class Buffer:
    def __init__(self, size):
        self.items = asyncio.Queue(size)
    async def put(self, item):
        await self.items.put(item)
    async def get(self):
        return await self.items.get()
""",
    "join_never_returns": """
import asyncio
async def process_all(items, handle, n_workers=3):
    slots, done, failed = asyncio.Semaphore(n_workers), {}, []
    async def one(item):
        async with slots:
            try:
                done[item] = await handle(item)
            except ValueError:
                failed.append(item)
    await asyncio.gather(*map(one, dict.fromkeys(items)))
    return done, failed
""",
    "lost_wakeup": """
import queue, threading, time
class Mailbox:
    def __init__(self):
        self.letters = queue.Queue()
    def put(self, letter):
        self.letters.put(letter)
    def take_all(self, timeout=None):
        try:
            got = [self.letters.get(timeout=timeout)]
            while True:
                got.append(self.letters.get_nowait())
        except queue.Empty:
            return got if "got" in locals() else []
def send(mailbox, letters, seconds=0.0):
    thread = threading.Thread(target=lambda: [(mailbox.put(letter), time.sleep(seconds)) for letter in letters])
    thread.start()
    return thread
""",
    "shared_generator": """
from concurrent.futures import ThreadPoolExecutor
def numbered(lines):
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line.strip()
def work_off(lines, handle, n_threads=3):
    items = list(numbered(lines))
    with ThreadPoolExecutor(n_threads) as pool:
        return dict(zip([n for n, _ in items], pool.map(handle, [text for _, text in items])))
""",
    "gate_counter": """
import threading
class Gates:
    def __init__(self):
        self.counts, self.total, self.lock = {}, 0, threading.RLock()
    def passed(self, gate, trucks=1):
        with self.lock:
            self.counts[gate] = self.counts.get(gate, 0) + trucks
            self.total += trucks
    def report(self):
        with self.lock:
            return dict(sorted(self.counts.items())), self.total
def replay(gates, logs):
    threads = [threading.Thread(target=lambda log=log: [gates.passed(gate) for gate in log]) for log in logs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return gates.report()
""",
    "crossing_cranes": """
import threading
class Crane:
    def __init__(self, name):
        self.name, self.lock, self.log = name, threading.Lock(), []
def lift_together(first, second, load):
    one, other = sorted((first, second), key=lambda crane: crane.name)
    with one.lock, other.lock:
        first.log.append(load)
        second.log.append(load)
def work(plan):
    threads = [threading.Thread(target=lift_together, args=lift) for lift in plan]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
""",
    "lost_update": """
import asyncio
class Account:
    def __init__(self, balance, journal):
        self.balance, self.journal = balance, journal
    async def deposit(self, amount):
        self.balance += amount
        now = self.balance
        await self.journal.write("deposit", amount)
        return now
    async def withdraw(self, amount):
        if self.balance < amount:
            return False
        self.balance -= amount
        await self.journal.write("withdraw", amount)
        return True
async def settle(account, amounts):
    async with asyncio.TaskGroup() as group:
        for amount in amounts:
            group.create_task(account.deposit(amount))
    return account.balance
""",
    "leaking_slots": """
import asyncio
class Pool:
    def __init__(self, size, seconds):
        self.slots, self.seconds, self.n_open = asyncio.BoundedSemaphore(size), seconds, 0
    async def fetch(self, request):
        async with self.slots:
            self.n_open += 1
            try:
                async with asyncio.timeout(self.seconds):
                    return await request()
            finally:
                self.n_open -= 1
""",
    "blocked_loop": """
import asyncio, time
from concurrent.futures import ThreadPoolExecutor
class Scale:
    def __init__(self, values):
        self.values = list(values)
    def read(self):
        time.sleep(1)
        return self.values.pop(0)
async def weigh(scale, n):
    loop, total = asyncio.get_running_loop(), 0
    with ThreadPoolExecutor() as pool:
        for _ in range(n):
            total += await loop.run_in_executor(pool, scale.read)
            await asyncio.sleep(0.5)
    return total / n
async def weigh_all(scales, n):
    return await asyncio.gather(*[weigh(scale, n) for scale in scales])
""",
    "two_connections": """
import asyncio
class Gateway:
    def __init__(self, connect):
        self._connect, self._connection, self._lock = connect, None, asyncio.Lock()
    async def connection(self):
        async with self._lock:
            if self._connection is None:
                self._connection = await self._connect()
            return self._connection
    async def query(self, text):
        return await (await self.connection()).run(text)
""",
}


@pytest.mark.parametrize("name", OTHER_REPAIRS)
def test_other_repairs_pass(name: str, scorer: ConcurrencyScorer) -> None:
    """Repairs in another way, with queues, pools, groups and time limits of the standard library, are as good."""
    score = scorer.score_code(BY_NAME[name], OTHER_REPAIRS[name])
    assert score.verdict == "correct", score.explanation


def test_there_are_enough() -> None:
    """At least ten programs, and every folder is in the catalogue; each test says what it holds."""
    assert len(CATALOGUE) >= 10
    assert sorted(program.name for program in CATALOGUE) == sorted(path.name for path in PROGRAMS.iterdir())
    for program in CATALOGUE:
        for node in ast.parse(program.read("scenario")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{program.name}: {node.name}"


def test_helpers_are_there() -> None:
    """The lines that the oracle gives hold a definition of the library, which our repair uses."""
    for program in CATALOGUE:
        for helper in program.helpers:
            name = helper.partition("::")[2]
            assert find_span(LIBRARY, helper).end_line > 0
            assert name in program.read("repaired") and name not in program.read("planted")
