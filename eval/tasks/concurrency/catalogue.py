"""The programs: which bug is planted in each, how it was noticed, and the library's helper that would do.

Each has a folder in ``programs``: ``planted.py`` is what the model is shown, ``repaired.py`` a repair of ours,
``scenario.py`` the tests that decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
LIBRARY = HERE / "library"


@dataclass(frozen=True, slots=True)
class Program:
    """A program with a bug. ``symptom`` is how somebody who runs it would report it.

    ``helpers`` are definitions of the library, as "path::name", that a repair can use; empty where it has none.
    """

    name: str
    kind: str
    symptom: str
    helpers: tuple[str, ...] = ()

    def read(self, part: str) -> str:
        """The text of ``planted``, ``repaired`` or ``scenario``."""
        return (PROGRAMS / self.name / f"{part}.py").read_text(encoding="utf-8")


CATALOGUE = (
    Program(
        "task_queue",
        "three bugs at once",
        "No submitted job ever runs: `drain` returns at once, and `results` is empty. Once jobs do run, each ends in "
        "`failed` with an error about the lock, and with several workers `n_active` and `n_done` are wrong at the end.",
    ),
    Program(
        "lost_update",
        "lost update",
        "When customers pay in at the same time, the balance afterwards is too low, although the journal has every "
        "payment. With withdrawals at the same time more was paid out than there was.",
    ),
    Program(
        "seats",
        "check then act",
        "On busy days the same seat is sold to several passengers.",
    ),
    Program(
        "transfers",
        "order of locks",
        "Now and then `move_all` never returns. It happens when containers go in both directions between stores, and "
        "always when a move's source and target are the same store.",
        ("quayside/locks.py::async_all_of",),
    ),
    Program(
        "bounded_buffer",
        "missed wake-up",
        "With several producers and consumers, `get` now and then raises IndexError (pop from empty list), the buffer "
        "holds more items than its size, or everybody waits for ever.",
    ),
    Program(
        "stubborn_worker",
        "cancellation swallowed",
        "After `stop` the poller goes on reading, and Python warns that the coroutine `close` was never awaited. The "
        "device's `close` is a coroutine function.",
    ),
    Program(
        "join_never_returns",
        "task_done miscounted",
        "`process_all` never returns when one of the items fails with a ValueError, or when an item is listed twice.",
    ),
    Program(
        "leaking_slots",
        "semaphore not released",
        "After some requests have failed or timed out the pool serves nothing any more: every `fetch` waits for ever, "
        "and `n_open` stays above 0.",
    ),
    Program(
        "blocked_loop",
        "event loop blocked",
        "While a scale is read, all other tasks of the service stand still, and several scales take as long as one "
        "after the other. `Scale.read` belongs to a driver and has to stay an ordinary function that blocks.",
    ),
    Program(
        "mixed_up_batches",
        "shared mutable default",
        "`collect_all` returns the items of all sources in each list, also those of earlier calls, and the counts of "
        "one Counter appear in another.",
    ),
    Program(
        "silent_failures",
        "exceptions swallowed",
        "A backup was marked as done although uploads had failed; the receipts held exceptions. Sometimes `backup` "
        "returned before the mark was made, and an error of `mark_done` was never seen.",
    ),
    Program(
        "two_connections",
        "initialised twice",
        "After a restart, when many queries come at once, several connections are opened instead of one.",
        ("quayside/once.py::AsyncOnce",),
    ),
    Program(
        "waiting_writer",
        "starvation",
        "As long as readers come and go, one always before the last has left, a writer waits for ever. It should get "
        "its turn once those who were reading when it came have left.",
        ("quayside/gates.py::AsyncFairGate",),
    ),
    Program(
        "gate_counter",
        "lost update in threads",
        "With one thread a gate some trucks are missing from the counts, and now and then `report` does not add up.",
        ("quayside/tally.py::Tally",),
    ),
    Program(
        "shared_generator",
        "generator shared by threads",
        '`work_off` now and then raises "ValueError: generator already executing". `handle` must still run on several '
        "threads at the same time.",
        ("quayside/feeds.py::SharedFeed",),
    ),
    Program(
        "crossing_cranes",
        "order of locks in threads",
        "`work` hangs now and then, when two lifts name the same cranes in different orders.",
        ("quayside/locks.py::all_of",),
    ),
    Program(
        "lost_wakeup",
        "missed wake-up in threads",
        "Now and then a letter is lost, or lies in the mailbox while the reader waits until its time is over.",
    ),
)
BY_NAME = {program.name: program for program in CATALOGUE}
