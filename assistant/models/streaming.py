"""Streams of an OpenAI-style server as plain dictionaries, for LangChain: what arrived together is one chunk.

The client's own stream makes a checked object of every token, which LangChain takes apart again: half of all that a
streamed token costs. A service that lags behind finds several tokens in one read; then they travel as one.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Self, cast

from openai import APIError, AsyncOpenAI

_Chunk = dict[str, Any]


class PlainCompletions:
    """``chat.completions`` of an async client, as far as LangChain uses it."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    @property
    def with_raw_response(self) -> Any:
        """The client's own: LangChain asks through it for an answer in one piece."""
        return self._client.chat.completions.with_raw_response

    async def create(self, **payload: Any) -> Any:
        """What the client's ``create`` does; with ``stream`` what it returns gives dictionaries. Raises its errors."""
        completions = cast(Any, self._client.chat.completions)
        if not payload.get("stream"):
            return await completions.create(**payload)
        more = payload.pop("extra_body", None) or {}
        # As extra_body, the payload is sent as it is; the client would look at every message's type.
        required = {"model": payload["model"], "messages": [], "stream": True}
        return _Stream(completions.with_streaming_response.create(**required, extra_body=payload | more))


class _Stream:
    """The request is sent when it is entered, and closed when it is left."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._response: Any = None

    async def __aenter__(self) -> Self:
        self._response = await self._manager.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._manager.__aexit__(*error)

    async def __aiter__(self) -> AsyncIterator[_Chunk]:
        rest = b""
        async for read in self._response.iter_bytes():
            *events, rest = (rest + read).replace(b"\r\n", b"\n").split(b"\n\n")
            for chunk in _merge(map(self._parse, events)):
                yield chunk
        for chunk in _merge([self._parse(rest)]):  # a server may leave the last blank line out
            yield chunk

    def _parse(self, event: bytes) -> _Chunk | None:
        """The chunk that an event carries; None for a comment and for the mark of the end."""
        data = b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
        if not data or data == b"[DONE]":
            return None
        chunk = json.loads(data)
        error = chunk.get("error")
        if error:
            said = error.get("message") if isinstance(error, Mapping) else error
            raise APIError(str(said), request=self._response.http_request, body=error)
        return cast(_Chunk, chunk)


def _merge(chunks: Iterator[_Chunk | None] | list[_Chunk | None]) -> Iterator[_Chunk]:
    """The same chunks, with text that directly follows text joined to it."""
    held: _Chunk | None = None
    for chunk in chunks:
        if chunk is None:
            continue
        if held is not None and _is_text(chunk) and _is_text(held):
            held["choices"][0]["delta"]["content"] += chunk["choices"][0]["delta"]["content"]
            continue
        if held is not None:
            yield held
        held = chunk
    if held is not None:
        yield held


def _is_text(chunk: _Chunk) -> bool:
    """Whether the chunk carries a piece of text and nothing that a later one does not carry, too."""
    choices: list[Any] = chunk.get("choices") or []
    if len(choices) != 1 or chunk.get("usage") or chunk.get("timings"):
        return False
    choice = choices[0]
    delta = choice.get("delta") or {}
    if choice.get("finish_reason") or choice.get("logprobs") or not isinstance(delta.get("content"), str):
        return False
    return all(value is None or name in ("content", "role") for name, value in delta.items())
