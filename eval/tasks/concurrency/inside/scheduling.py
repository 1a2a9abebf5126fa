"""Threads that take turns as a seed says, on a clock that only moves when everybody waits. Standard library alone.

One thread runs at a time. It may be made to wait for others before each bytecode instruction of watched files and at
each use of a lock; which one goes on is drawn by the seed, so a schedule that fails can be run again. ``install`` puts
locks and threads of ours under ``threading``, on which the standard library builds its conditions, queues and pools.
"""

from __future__ import annotations

import _thread
import queue
import random
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

MAX_STEPS = 300_000  # points at which another thread could have gone on; far more than any scenario takes
SHARES = (0.02, 0.1, 0.3)  # how often another one does; the seed draws one of them for a run


class Stuck(BaseException):
    """Everybody waits for somebody else, or it goes on for ever. No `except Exception` catches it."""


class Thread:
    """A thread as the scheduler sees it. ``ready`` says whether what it waits for has come; None if it can go on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.baton = _thread.allocate_lock()
        self.baton.acquire()
        self.ready: Callable[[], bool] | None = None
        self.waits_for = ""
        self.deadline: float | None = None
        self.is_done = False


class Scheduler:
    """One run: the threads, whose turn it is, and the time. Seed 0 lets a thread run until it has to wait."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.share = self.rng.choice(SHARES) if seed else 0.0
        self.now = 0.0
        self.main = self.current = Thread("main")
        self.threads = [self.main]
        self.failure: Stuck | None = None
        self.n_steps = 0
        self.watched: set[str] = set()
        self.inline_seconds: float | None = None  # slept in a call that an event loop handed to a thread

    @property
    def has_others(self) -> bool:
        """Whether a thread beside the main one has not ended."""
        return any(thread is not self.main and not thread.is_done for thread in self.threads)

    def pause(self) -> None:
        """A point at which another thread may go on."""
        self.n_steps += 1
        if self.n_steps > MAX_STEPS:
            self._fail(Stuck("it goes on for ever"))
        elif self.share and self.rng.random() < self.share:
            self._hand_over()

    def wait(self, ready: Callable[[], bool], timeout: float | None, waits_for: str) -> bool:
        """Wait until ``ready``; False if the time was over before. Raises Stuck in the main thread."""
        me = self.current
        me.ready, me.waits_for = ready, waits_for
        me.deadline = None if timeout is None else self.now + max(timeout, 0.0)
        self._hand_over()
        me.ready = me.deadline = None
        return ready()

    def sleep(self, seconds: float) -> None:
        """What ``time.sleep`` does."""
        if self.inline_seconds is not None:
            self.inline_seconds += seconds
        else:
            self.wait(lambda: False, seconds, "sleep")

    def start(self, thread: threading.Thread) -> Thread:
        """Let a new thread take part."""
        started = Thread(thread.name)
        self.threads.append(started)
        _thread.start_new_thread(self._run, (thread, started))
        self.pause()
        return started

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        """For ``sys.settrace``: each instruction of the watched files is a point at which to change."""
        if frame.f_code.co_filename not in self.watched:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._step

    def _step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            self.pause()
        return self._step

    def _run(self, thread: Any, started: Thread) -> None:
        started.baton.acquire()
        threading._active[_thread.get_ident()] = thread  # type: ignore[attr-defined]
        sys.settrace(self.trace)
        try:
            thread.run()
        except BaseException as error:
            thread.error = error
        finally:
            sys.settrace(None)
            threading._active.pop(_thread.get_ident(), None)  # type: ignore[attr-defined]
            started.is_done = True
            self._hand_over()

    def _can_run(self, thread: Thread) -> bool:
        if thread.is_done:
            return False
        is_due = thread.deadline is not None and thread.deadline <= self.now
        return is_due or thread.ready is None or thread.ready()

    def _hand_over(self) -> None:
        """Draw who goes on, and wait for the next turn."""
        while not (able := [thread for thread in self.threads if self._can_run(thread)]):
            deadlines = [t.deadline for t in self.threads if not t.is_done and t.deadline is not None]
            if not deadlines:
                waiting = [f"{t.name} waits for {t.waits_for}" for t in self.threads if not t.is_done]
                self._fail(Stuck("deadlock: " + ", ".join(waiting)))
                return
            self.now = min(deadlines)
        self._give_to(self.rng.choice(able) if self.share else able[0])

    def _fail(self, failure: Stuck) -> None:
        self.failure = self.failure or failure
        self._give_to(self.main)

    def _give_to(self, other: Thread) -> None:
        me = self.current
        if other is not me:
            self.current = other
            other.baton.release()
            if me.is_done:
                return
            me.baton.acquire()
        if self.failure is not None and me is self.main:
            raise self.failure


class World:
    """Holds the scheduler of the present run."""

    scheduler = Scheduler(0)


class Lock:
    """``threading.Lock``."""

    def __init__(self) -> None:
        self._is_held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it, as the original does."""
        World.scheduler.pause()
        if self._is_held:
            if not blocking:
                return False
            limit = timeout if timeout is not None and timeout >= 0 else None
            if not World.scheduler.wait(lambda: not self._is_held, limit, "a lock"):
                return False
        self._is_held = True
        return True

    def release(self) -> None:
        """Give it back, as the original does."""
        if not self._is_held:
            raise RuntimeError("release unlocked lock")
        self._is_held = False
        World.scheduler.pause()

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._is_held

    def _at_fork_reinit(self) -> None:
        self._is_held = False

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exception: object) -> None:
        self.release()


class RLock:
    """``threading.RLock``."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner: Thread | None = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it, as the original does."""
        if self._is_owned():
            self._count += 1
            return True
        if not self._lock.acquire(blocking, timeout):
            return False
        self._owner, self._count = World.scheduler.current, 1
        return True

    def release(self) -> None:
        """Give it back, as the original does."""
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._lock.release()

    def _is_owned(self) -> bool:
        return self._owner is World.scheduler.current

    def _at_fork_reinit(self) -> None:
        self._count, self._owner = 0, None
        self._lock._at_fork_reinit()

    def _release_save(self) -> int:
        count, self._count, self._owner = self._count, 0, None
        self._lock.release()
        return count

    def _acquire_restore(self, count: int) -> None:
        self._lock.acquire()
        self._owner, self._count = World.scheduler.current, count

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exception: object) -> None:
        self.release()


def _start(self: Any) -> None:
    if getattr(self, "controlled", None) is not None:
        raise RuntimeError("threads can only be started once")
    self.error = None
    self._started._flag = True
    self.controlled = World.scheduler.start(self)


def _join(self: Any, timeout: float | None = None) -> None:
    if getattr(self, "controlled", None) is None:
        raise RuntimeError("cannot join thread before it is started")
    World.scheduler.wait(lambda: self.controlled.is_done, timeout, f"the end of {self.name}")


def _is_alive(self: Any) -> bool:
    controlled = getattr(self, "controlled", None)
    return controlled is not None and not controlled.is_done


def install() -> None:
    """Put locks, threads and the clock of ours in place, for the rest of this process."""
    _thread.stack_size(2**20)  # threads of earlier runs stay, and what they may use counts as memory
    replaced: dict[Any, dict[str, Any]] = {
        threading: {"Lock": Lock, "_allocate_lock": Lock, "RLock": RLock, "_time": lambda: World.scheduler.now},
        threading.Thread: {"start": _start, "join": _join, "is_alive": _is_alive},
        queue: {"SimpleQueue": queue._PySimpleQueue, "time": lambda: World.scheduler.now},  # type: ignore[attr-defined]
        time: {"sleep": lambda seconds: World.scheduler.sleep(seconds)},
    }
    for owner, names in replaced.items():
        for name, value in names.items():
            setattr(owner, name, value)
    for name in ("monotonic", "perf_counter", "time"):
        setattr(time, name, lambda: World.scheduler.now)
