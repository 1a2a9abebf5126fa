"""Conversations that the server keeps: a request brings its new messages, and the finished turn is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from assistant.events import AnswerDone, AskRequest, Event
from indexer.errors import QuarryError

from .asking import ask
from .callers import Caller
from .errors import KeyRefused
from .state import ServiceState


async def with_history(state: ServiceState, asked: AskRequest, caller: Caller, session_id: str) -> AskRequest:
    """The question with what the caller's session holds before it; nothing where the session is new."""
    history = await asyncio.to_thread(state.sessions.read_history, caller.name, session_id)
    return replace(asked, messages=[*history, *asked.messages])


async def ask_in_session(
    state: ServiceState, asked: AskRequest, caller: Caller, session_id: str
) -> AsyncGenerator[Event, None]:
    """The events of one answer; the turn is stored before the last one. Raises what ``ask`` and the store raise.

    A turn is not stored if it fails, if its client hangs up before its end, or if the model was not asked; nor if its
    session was deleted meanwhile, which stays forgotten, or its key was revoked.
    """
    is_new = not await asyncio.to_thread(state.sessions.has, caller.name, session_id)
    asked = await with_history(state, asked, caller, session_id)
    async with aclosing(ask(state, asked, caller)) as events:
        async for event in events:
            # A refusal is ours: kept, it would stand in the prompt of the same question, asked all the same.
            if isinstance(event, AnswerDone) and not event.answer.abstained:
                yield await _keep(state, asked, caller, session_id, event, make=is_new)
            else:
                yield event


async def _keep(
    state: ServiceState, asked: AskRequest, caller: Caller, session_id: str, done: AnswerDone, *, make: bool
) -> AnswerDone:
    """Store the turn. An answer that cannot be stored is given all the same, and says so."""
    turn = (asked.messages[-1].content, done.answer.text)
    about = _write_target(asked)
    try:
        # The owner is a name, which may be another key's by now: its holder must not find this turn.
        if caller.key_hash is not None and not await asyncio.to_thread(state.keys.holds, caller.key_hash):
            raise KeyRefused("The key was revoked meanwhile: this answer was not kept.")
        await asyncio.to_thread(state.sessions.append, caller.name, session_id, *turn, repo=about, make=make)
    except QuarryError as error:
        return AnswerDone(replace(done.answer, session_error=str(error)))
    return done


def _write_target(asked: AskRequest) -> str | None:
    """What was asked of, its ref with it, as a search takes both in one text: it can be asked again, also `all@REF`."""
    if asked.repo is None or asked.ref is None:
        return asked.repo
    return ",".join(part if "@" in part else f"{part}@{asked.ref}" for part in asked.repo.split(","))
