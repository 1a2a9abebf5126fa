"""The one way from a route to a model: ``/chat``, ``/v1``, MCP and the page all ask through here.

A question gets a place in line first (or is refused while the status can still say so), then searches, then waits for
its turn. What it cost is counted for its key, the metrics and the log.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from assistant.completion import Completion, CompletionDone, CompletionEvent, CompletionRequest
from assistant.events import AnswerDone, AskRequest, Event, PassagesFound, TokenGenerated
from assistant.records import Answer
from assistant.targets import parse_targets
from indexer.errors import InputError

from .callers import Caller
from .errors import Busy
from .logs import current_request
from .queue import Ticket
from .state import ServiceState

_LOG = logging.getLogger("quarry.api")


async def ask(
    state: ServiceState, asked: AskRequest, caller: Caller, *, is_promised: bool = False
) -> AsyncGenerator[Event, None]:
    """The events of one answer: PlaceInLine after the passages where the model is busy. Closing it stops the model.

    Raises what ``Assistant.stream`` raises, and Busy or Stopping where no more questions are taken. One that
    ``is_promised`` is part of what was let in before: it may have to wait, but Busy is not raised.
    """
    async with _admitted(state, caller, is_promised=is_promised) as ticket:
        question = asked.messages[-1].content if asked.messages else ""
        account = _Account(state, caller, ticket, question, asked.retrieval)
        assistant = await state.ready_assistant()
        if asked.repo is not None:  # not before the model is loaded, which takes long enough to remove one
            asked = replace(asked, repo=caller.narrow(asked.repo))
        async with account.open(), aclosing(assistant.stream(asked, ticket)) as events:
            async for event in events:
                account.see(event)
                yield event
                ticket.keep_task()


def ask_in_turn(state: ServiceState, caller: Caller) -> Callable[[AskRequest], AsyncGenerator[Event, None]]:
    """``ask`` for the answers of one comparison, each asked after the one before.

    It is let in once: what others ask between two answers cannot cost it the second, and with it the first.
    """
    is_let_in = False

    def ask_next(asked: AskRequest) -> AsyncGenerator[Event, None]:
        nonlocal is_let_in
        is_promised, is_let_in = is_let_in, True
        return ask(state, asked, caller, is_promised=is_promised)

    return ask_next


async def check_repository(state: ServiceState, asked: AskRequest, caller: Caller) -> None:
    """Open what is asked, so that a comparison does not find out after its first answer that it cannot be.

    Raises UnknownRepository, InputError or IndexingError.
    """
    if asked.repo is None:
        raise InputError("Name the repository to ask: a comparison needs its code.")
    for target in parse_targets(state.settings.home, caller.narrow(asked.repo), asked.ref):
        await asyncio.to_thread(state.searcher.open, target)


async def complete(
    state: ServiceState, asked: CompletionRequest, caller: Caller
) -> AsyncGenerator[CompletionEvent, None]:
    """The events of one completion of code, in the same line as questions. Closing it stops the model.

    Raises what ``Completer.stream`` raises, and Busy or Stopping where no more questions are taken.
    """
    async with _admitted(state, caller) as ticket:
        account = _Account(state, caller, ticket, asked.gap.prefix, asked.retrieval)
        assistant = await state.ready_assistant()
        if asked.repo is not None:
            asked = replace(asked, repo=caller.narrow(asked.repo))
        async with account.open(), aclosing(assistant.completer().stream(asked, ticket)) as events:
            async for event in events:
                account.see(event)
                yield event
                ticket.keep_task()


@asynccontextmanager
async def _admitted(state: ServiceState, caller: Caller, *, is_promised: bool = False) -> AsyncIterator[Ticket]:
    if caller.name is not None and caller.max_tokens_per_day is not None and not is_promised:
        n_used = state.keys.tokens_today(caller.name)
        if n_used >= caller.max_tokens_per_day:
            state.metrics.count_rejected("tokens")
            what = f"This key has used its {caller.max_tokens_per_day:,} tokens of today: ask again tomorrow (UTC)."
            raise Busy(what, _seconds_to_midnight())
    try:
        ticket = state.queue.admit(caller.name, is_promised=is_promised)
    except Busy:
        state.metrics.count_rejected("queue")
        raise
    ticket.keep_task()
    try:
        with _cut_as_stopping(state, ticket):
            yield ticket
    finally:
        ticket.leave()


@contextmanager
def _cut_as_stopping(state: ServiceState, ticket: Ticket) -> Iterator[None]:
    """Raises Stopping where the service cuts an answer off, which looks like a hang-up to the task."""
    try:
        yield
    except asyncio.CancelledError:
        if ticket.was_cut():
            raise state.queue.stopping() from None
        raise


@dataclass(slots=True)
class _Account:
    """What one answer or completion took, told to whom it concerns when it ends, however it ends.

    ``retrieves``: code is searched for it.
    """

    state: ServiceState
    caller: Caller
    ticket: Ticket
    question: str
    retrieves: bool
    outcome: str = "hung up"
    started: float = field(default_factory=time.perf_counter)
    first_token_at: float | None = None
    n_pieces: int = 0
    n_prompt_tokens: int = 0
    done: Answer | Completion | None = None
    ended: float = 0.0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Around the events: closes the account when they end."""
        try:
            with _cut_as_stopping(self.state, self.ticket):
                yield
        except Exception as error:
            self.outcome = "error"
            current_request().error = type(error).__name__
            raise
        finally:
            self.ticket.leave()  # the model is free; counting what it did is not its work
            await self.close()

    def see(self, event: Event | CompletionEvent) -> None:
        """Take note of an event. Called for every token, so it does little."""
        if isinstance(event, TokenGenerated):
            self.n_pieces += 1
            if self.first_token_at is None:
                self.first_token_at = time.perf_counter()
        elif isinstance(event, PassagesFound) and event.are_read:
            self.n_prompt_tokens = event.prompt_tokens
        elif isinstance(event, AnswerDone):
            self.done, self.ended = event.answer, time.perf_counter()
        elif isinstance(event, CompletionDone):
            self.done, self.ended = event.completion, time.perf_counter()

    async def close(self) -> None:
        """Tell the log, the metrics and the key."""
        record, answer = current_request(), self.done
        n_tokens = 0
        if answer is None:
            # The model's server did not count. Who hangs up has had the prompt read, which takes longest; a model that
            # fails before its first word costs nothing.
            if self.ticket.has_run and (self.outcome == "hung up" or self.first_token_at is not None):
                n_tokens = self.n_prompt_tokens + self.n_pieces
        else:
            abstained = isinstance(answer, Answer) and answer.abstained
            self.outcome = "abstained" if abstained else answer.finish_reason
            n_tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens
            if self.retrieves:
                record.retrieval_ms = answer.timings_ms.get("retrieval")
            record.prompt_tokens, record.completion_tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
            if isinstance(answer, Answer):
                self.state.metrics.count_answer(answer)
            self.state.metrics.count_model(
                answer.usage,
                answer.timings_ms,
                retrieved=self.retrieves,
                asked_model=not abstained,
                wait_ms=self.ticket.wait_ms,
                first_token_ms=self._first_token_ms(),
                generation_ms=(self.ended - self.first_token_at) * 1000 if self.first_token_at is not None else 0.0,
            )
        self.state.metrics.count_end(self.outcome)
        record.outcome, record.queue_ms = self.outcome, round(self.ticket.wait_ms, 1)
        record.first_token_ms = self._first_token_ms()
        if self.state.settings.log_content:
            record.question, record.answer = self.question, answer.text if answer else None
        if self.caller.name is not None and n_tokens:
            # Shielded: also who hangs up pays, and this must not be cancelled with them.
            await asyncio.shield(asyncio.to_thread(self._charge, self.caller.name, n_tokens))

    def _first_token_ms(self) -> float | None:
        return None if self.first_token_at is None else round((self.first_token_at - self.started) * 1000, 1)

    def _charge(self, name: str, n_tokens: int) -> None:
        try:
            self.state.keys.count_tokens(name, n_tokens)
        except sqlite3.Error as error:  # worth a line, not a broken answer
            _LOG.warning("tokens of key %s were not counted: %s", name, type(error).__name__)


def _seconds_to_midnight() -> float:
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
