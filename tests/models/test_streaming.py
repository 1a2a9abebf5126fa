"""Streams of an OpenAI-style server as plain dictionaries: what arrives together is one piece, nothing is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from assistant.models.chat import open_openai_chat


def event(content: str | None = None, **more: Any) -> bytes:
    """One chunk on the wire."""
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish_reason", None)}
    return f"data: {json.dumps({'id': '1', 'choices': [choice], **more})}\n\n".encode()


END = event(finish_reason="stop") + b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\n'


def read(serve: Callable[..., Any], pieces: list[bytes]) -> list[Any]:
    """The messages that LangChain gives for these HTTP chunks."""
    server = serve(lambda handler: handler.send_chunks("text/event-stream", pieces))
    options: dict[str, Any] = {"api_key": None, "model": "m", "max_tokens": 9, "temperature": 0.0, "seed": 0}
    chat = open_openai_chat(url=f"{server.url}/v1", **options)

    async def collect() -> list[Any]:
        return [message async for message in chat.astream("hello")]

    return asyncio.run(collect())


def test_text_that_arrives_together_is_one_piece(serve: Callable[..., Any]) -> None:
    """Events of one read are joined, those of another one are not, and the text is whole in its order."""
    messages = read(serve, [event("a ") + event("b ") + event("c "), event("d "), END])
    assert [message.text for message in messages if message.text] == ["a b c ", "d "]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_events_may_be_cut_anywhere(serve: Callable[..., Any], cut: int) -> None:
    """An event that comes in two parts, with either kind of line end, is read once and whole."""
    for data in (event("ä1 ") + event("b2 ") + END, (event("ä1 ") + event("b2 ") + END).replace(b"\n", b"\r\n")):
        messages = read(serve, [data[:cut], data[cut:]])
        assert "".join(message.text for message in messages) == "ä1 b2 "


def test_the_end_keeps_its_reason_and_counts(serve: Callable[..., Any]) -> None:
    """Reason to finish, usage and the server's timings are not lost where they follow text in one read."""
    timings = {"prompt_n": 3, "prompt_ms": 5.0, "predicted_n": 4, "predicted_ms": 6.0}
    last = event("b", finish_reason="length", timings=timings)
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}'  # without its blank line
    messages = read(serve, [event("a") + last + usage])
    assert "".join(message.text for message in messages) == "ab"
    reasons = [message.response_metadata.get("finish_reason") for message in messages]
    assert "length" in reasons
    assert [m.usage_metadata["input_tokens"] for m in messages if m.usage_metadata] == [3]
    assert any(message.response_metadata.get("timings") for message in messages)


def test_comments_are_no_events(serve: Callable[..., Any]) -> None:
    """Lines that keep a connection alive, and the mark of the end, are no text."""
    messages = read(serve, [b": still there\n\n", event("a"), END, b"data: [DONE]\n\n"])
    assert "".join(message.text for message in messages) == "a"


def test_an_error_in_the_stream_is_raised(serve: Callable[..., Any]) -> None:
    """A server that says in mid-stream what is wrong is heard."""
    with pytest.raises(Exception, match="out of memory"):
        read(serve, [event("a"), b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'])
