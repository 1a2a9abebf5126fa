"""An event loop that orders what is ready by a seed, on the scheduler's clock: waiting takes no time.

Standard library alone. Only steps of tasks change places: their order is nobody's to rely on. What the futures of
asyncio call stays in order.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

from scheduling import Scheduler, Stuck  # type: ignore[import-not-found]

MAX_TURNS = 50_000


class SeededLoop(asyncio.BaseEventLoop):
    """Runs callbacks one by one; without any left, and no time to wait for, it raises Stuck. Seed 0 keeps the order."""

    def __init__(self, scheduler: Scheduler, seed: int) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._is_shuffled = seed != 0
        self._n_turns = 0
        self._free_at: dict[Any, list[float]] = {}  # of each executor: when its threads have done what they were given

    def time(self) -> float:
        """Seconds of the scheduler's clock."""
        return float(self._scheduler.now)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, function: Callable[..., Any], *args: Any
    ) -> Any:
        """Run it at once; its result comes when a thread would have had it, by the time that it slept.

        Others go on meanwhile. An executor that has fewer threads than it is given calls does one after another.
        """
        executor = executor or self._default_executor  # type: ignore[attr-defined]
        n_threads = getattr(executor, "_max_workers", 0)
        free_at = self._free_at.setdefault(executor, [0.0] * n_threads)
        begin = max(self.time(), heapq.heappop(free_at)) if n_threads else self.time()
        future = self.create_future()
        outer, self._scheduler.inline_seconds = self._scheduler.inline_seconds, 0.0
        try:
            ending = (future.set_result, function(*args))
        except Exception as error:
            ending = (future.set_exception, error)
        seconds, self._scheduler.inline_seconds = self._scheduler.inline_seconds, outer
        if n_threads:
            heapq.heappush(free_at, begin + seconds)
        self.call_at(begin + seconds, lambda: None if future.done() else ending[0](ending[1]))
        return future

    def _run_once(self) -> None:
        self._n_turns += 1
        if self._n_turns > MAX_TURNS:
            raise Stuck("it goes on for ever" + self._who_waits())
        timers, ready = self._scheduled, self._ready  # type: ignore[attr-defined]
        while timers and timers[0]._cancelled:
            self._timer_handle_gone(heapq.heappop(timers))
        if not ready and self._scheduler.has_others:  # they may have what the tasks wait for
            seconds = timers[0]._when - self._scheduler.now if timers else None
            if not self._scheduler.wait(lambda: bool(ready), seconds, "its tasks"):
                self._scheduler.now = max(self._scheduler.now, timers[0]._when)  # a sum may be a little less
        elif not ready:
            if not timers:
                raise Stuck("deadlock: every task waits" + self._who_waits())
            self._scheduler.now = max(self._scheduler.now, timers[0]._when)
        while timers and (timers[0]._cancelled or timers[0]._when <= self._scheduler.now):
            handle = heapq.heappop(timers)
            self._timer_handle_gone(handle)
            if not handle._cancelled:
                ready.append(handle)
        if ready:
            handle = ready[0]
            if self._is_shuffled and _is_step(handle):
                handle = self._scheduler.rng.choice([other for other in ready if _is_step(other)])
            ready.remove(handle)
            if not handle._cancelled:
                handle._run()

    def _timer_handle_gone(self, handle: Any) -> None:
        handle._scheduled = False
        if handle._cancelled:
            self._timer_cancelled_count = max(0, getattr(self, "_timer_cancelled_count", 0) - 1)

    def _who_waits(self) -> str:
        waiting = []
        for task in asyncio.all_tasks(self):
            stack = task.get_stack()
            line = f" at line {stack[-1].f_lineno}" if stack else ""
            waiting.append(f"{getattr(task.get_coro(), '__qualname__', 'a task')}{line}")
        return f" ({', '.join(sorted(waiting))})" if waiting else ""

    def _process_events(self, events: Any) -> None:
        """There are no files to look at."""

    def _write_to_self(self) -> None:
        """What another thread adds is seen when this one has its turn."""


def _is_step(handle: Any) -> bool:
    return isinstance(getattr(handle._callback, "__self__", None), asyncio.Task)
