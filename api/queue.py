"""The line in front of the model: so many answers at once, so many waiting, and the rest is told when to come again.

Fair between callers: when the model is free, the caller who was served longest ago is next, with the oldest of their
questions. One key has at most half of the places to wait. Everything happens on the event loop that serves; nothing
here blocks or locks.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from enum import Enum, auto

from .errors import Busy, Stopping, whole_seconds

_KEPT_DURATIONS = 20  # answers by which the wait of the next one is estimated
_UNKNOWN_SECONDS = 10.0  # the estimate before the first answer: a prompt that two cores read
_MOST_SECONDS = 600.0


class _State(Enum):
    ADMITTED = auto()  # still searching; holds a place, but does not wait for the model
    WAITING = auto()
    RUNNING = auto()
    LEFT = auto()


class Ticket:
    """One question on its way through the line. ``wait_ms`` is how long it waited for the model.

    ``has_run``: its turn has come, now or before it left.
    """

    def __init__(self, queue: ModelQueue, caller: str | None) -> None:
        self.caller = caller
        self.wait_ms = 0.0
        self.has_run = False
        self._queue = queue
        self._state = _State.ADMITTED
        self._place = 0
        self._changed = asyncio.Event()
        self._since = 0.0
        self._task: asyncio.Task[object] | None = None
        self._is_cut = False

    async def wait(self) -> AsyncGenerator[int, None]:
        """The place in line, 1 for the next one, each time that it changes.

        Ends when it is this question's turn, with 0 if it had to wait. Raises Stopping where the service ends before.
        """
        self._queue._enter(self)
        shown = 0
        while self._state is _State.WAITING:
            self._changed.clear()
            if self._place != shown:
                shown = self._place
                yield shown
            else:
                await self._changed.wait()
        if self._is_cut:
            raise self._queue.stopping()
        if shown:
            yield 0

    def leave(self) -> None:
        """Give the place back, wherever in line it is. Can be called again."""
        self._queue._leave(self)

    def keep_task(self) -> None:
        """Remember the task that runs the answer, so that a service that must end can interrupt it."""
        self._task = asyncio.current_task()

    def was_cut(self) -> bool:
        """Whether the cancellation that was just caught came from ``ModelQueue.cut``; if so it is taken back."""
        task = asyncio.current_task()
        if not self._is_cut or task is None or task is not self._task:
            return False
        task.uncancel()
        return True


class ModelQueue:
    """The line. ``n_slots`` answers run at once, ``max_waiting`` questions wait."""

    def __init__(self, n_slots: int, max_waiting: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.n_slots, self.max_waiting = n_slots, max_waiting
        self._clock = clock
        self._admitted: set[Ticket] = set()  # all that have not left
        self._waiting: dict[str | None, deque[Ticket]] = {}
        self._served: dict[str | None, int] = {}  # when each caller was served last, as a running number
        self._n_served = 0
        self._durations: deque[float] = deque(maxlen=_KEPT_DURATIONS)
        self._stop_seconds: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def n_running(self) -> int:
        """Questions that the model answers now."""
        return sum(ticket._state is _State.RUNNING for ticket in self._admitted)

    @property
    def n_waiting(self) -> int:
        """Questions that wait for the model."""
        return sum(len(line) for line in self._waiting.values())

    @property
    def is_stopping(self) -> bool:
        """Whether no more questions are taken."""
        return self._stop_seconds is not None

    def admit(self, caller: str | None, *, is_promised: bool = False) -> Ticket:
        """A place for a question. Raises Busy where all are taken, Stopping where the service is about to end.

        One that ``is_promised`` gets a place also where all are taken.
        """
        if self._stop_seconds is not None:
            raise self.stopping()
        if not is_promised:
            self._refuse_too_many(caller)
        ticket = Ticket(self, caller)
        self._admitted.add(ticket)
        self._idle.clear()
        return ticket

    def seconds_until_free(self) -> float:
        """An estimate of when a place becomes free, from how long recent answers took."""
        known = self._durations
        mean = sum(known) / len(known) if known else _UNKNOWN_SECONDS
        return min(max(1.0, mean / self.n_slots), _MOST_SECONDS)

    def stopping(self) -> Stopping:
        """The error for who comes while the service ends."""
        return Stopping("The service is stopping: ask again in a moment.", self._stop_seconds or 1.0)

    def stop(self, seconds: float) -> None:
        """Take no more questions, and send away those that wait. What runs goes on; ``seconds`` is how long it may."""
        self._stop_seconds = seconds
        for line in list(self._waiting.values()):
            for ticket in list(line):
                ticket._is_cut = True
                self._leave(ticket)

    async def drained(self) -> None:
        """Returns when no question is under way."""
        await self._idle.wait()

    def cut(self) -> None:
        """Interrupt what still runs; each of them ends with Stopping."""
        for ticket in list(self._admitted):
            ticket._is_cut = True
            if ticket._task is not None:
                ticket._task.cancel()

    def _refuse_too_many(self, caller: str | None) -> None:
        seconds = self.seconds_until_free()
        if len(self._admitted) >= self.n_slots + self.max_waiting:
            raise Busy(f"The model is busy, and its line is full: ask again in {whole_seconds(seconds)} s.", seconds)
        # One key cannot take the whole line, or the turns that callers take would help nobody else. What it asks while
        # slots are free, and not for others who still search, will not wait in line.
        n_own = sum(ticket.caller == caller and ticket._state is not _State.RUNNING for ticket in self._admitted)
        n_free = max(0, self.n_slots - (len(self._admitted) - n_own))
        if caller is not None and n_own >= n_free + (self.max_waiting + 1) // 2:
            raise Busy(f"{n_own} questions of this key wait: ask again in {whole_seconds(seconds)} s.", seconds)

    def _enter(self, ticket: Ticket) -> None:
        if ticket._is_cut or (self._stop_seconds is not None and ticket._state is _State.ADMITTED):
            ticket._is_cut = True
            self._leave(ticket)
        if ticket._state is not _State.ADMITTED:
            return
        ticket._state, ticket._since = _State.WAITING, self._clock()
        self._waiting.setdefault(ticket.caller, deque()).append(ticket)
        self._advance()

    def _leave(self, ticket: Ticket) -> None:
        state, ticket._state = ticket._state, _State.LEFT
        if state is _State.LEFT:
            return
        self._admitted.discard(ticket)
        if state is _State.WAITING:
            line = self._waiting[ticket.caller]
            line.remove(ticket)
            if not line:
                del self._waiting[ticket.caller]
            ticket._changed.set()
        elif state is _State.RUNNING:
            self._durations.append(self._clock() - ticket._since)
        if not self._admitted:
            self._idle.set()
        self._advance()

    def _advance(self) -> None:
        """Let in whom there is room for, and tell the others their places."""
        order = self._order()
        n_free = max(0, self.n_slots - self.n_running)
        for ticket in order[:n_free]:
            line = self._waiting[ticket.caller]
            line.remove(ticket)
            if not line:
                del self._waiting[ticket.caller]
            self._n_served += 1
            self._served[ticket.caller] = self._n_served
            now = self._clock()
            ticket._state, ticket.wait_ms, ticket._since = _State.RUNNING, (now - ticket._since) * 1000, now
            ticket.has_run = True
            ticket._changed.set()
        for place, ticket in enumerate(order[n_free:], 1):
            if ticket._place != place:
                ticket._place = place
                ticket._changed.set()

    def _order(self) -> list[Ticket]:
        """All that wait in the order in which they will be served, if nobody else comes."""
        callers = sorted(self._waiting, key=lambda caller: self._served.get(caller, 0))
        lines = [list(self._waiting[caller]) for caller in callers]
        longest = max(map(len, lines), default=0)
        return [line[turn] for turn in range(longest) for line in lines if turn < len(line)]
