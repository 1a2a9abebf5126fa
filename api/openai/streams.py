"""Streams in OpenAI's form: events of data alone, errors that its clients raise, and ``[DONE]`` at the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

from fastapi.responses import StreamingResponse

from .. import sse
from ..problems import to_problem
from .errors import to_openai

_DONE = "data: [DONE]\n\n"

_Event = TypeVar("_Event")


def waiting(place: int) -> str:
    """A comment: OpenAI has no form for a place in line."""
    return sse.format_comment(f"number {place} in line" if place else "the model reads")


def error_event(error: Exception) -> str:
    """An error in mid-stream, in the form that OpenAI's clients raise."""
    return sse.format_event(to_openai(to_problem(error), error)[1])


def stream(
    first: _Event, events: AsyncGenerator[_Event, None], encode: Callable[[_Event], Iterable[str]], *, begin: str = ""
) -> StreamingResponse:
    """``sse.stream`` with OpenAI's errors and end."""
    return sse.stream(first, events, encode, encode_error=error_event, begin=begin, end=_DONE)
