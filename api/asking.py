"""The one way from a route to a model: ``/chat``, ``/v1``, MCP and the page all ask through here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from assistant.answer import AnswerDone, AskRequest, Event
from assistant.records import Answer

from .callers import Caller
from .state import ServiceState


@dataclass(frozen=True, slots=True)
class PlaceInLine:
    """The model is busy: ``place`` questions are answered before this one. Sent again when it changes."""

    place: int


AskEvent = PlaceInLine | Event


async def ask(state: ServiceState, asked: AskRequest, caller: Caller) -> AsyncGenerator[AskEvent, None]:
    """The events of one answer, PlaceInLine first where the model is busy. Closing it stops the model.

    Raises what ``Assistant.stream`` raises.
    """
    assistant = await asyncio.to_thread(state.assistant)
    async with aclosing(assistant.stream(asked)) as events:
        async for event in events:
            yield event


async def answer(state: ServiceState, asked: AskRequest, caller: Caller) -> Answer:
    """The whole answer at once. Raises what ``ask`` raises."""
    async with aclosing(ask(state, asked, caller)) as events:
        async for event in events:
            if isinstance(event, AnswerDone):
                return event.answer
    raise AssertionError("a stream ends with AnswerDone or an error")
