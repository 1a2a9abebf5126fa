"""A stand-in for a model's server, as a process of its own: it speaks OpenAI's protocol and writes at a fixed speed.

    python -m bench.standin TOKENS_PER_SECOND FIRST_TOKEN_MS     prints its port, and serves until it is killed

Raw sockets, so that it costs next to nothing beside what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

MODEL = "stand-in"
# What a model might say of Django, in pieces of a token or so: statements with names, which the service checks.
_PIECES: Sequence[str] = (
    "The", " `", "View", ".", "dispatch", "`", " method", " looks", " the", " handler", " up", " by", " the", " HTTP",
    " method", " of", " the", " request", ",", " and", " calls", " `", "http", "_method", "_not", "_allowed", "`",
    " where", " there", " is", " none", ".\n",
)  # fmt: skip
_PROMPT_TOKENS = 1600


class StandIn:
    """Answers at ``tokens_per_second`` after ``first_token_ms``, each stream on its own clock."""

    def __init__(self, tokens_per_second: float, first_token_ms: float) -> None:
        self._pause = 1 / tokens_per_second
        self._first_seconds = first_token_ms / 1000
        self._pieces = [_to_event({"delta": {"content": piece}, "finish_reason": None}) for piece in _PIECES]

    async def serve(self) -> None:
        """Print the port, and serve until the process ends."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                body = await reader.readexactly(_content_length(head))
                await self._answer(head.split(" ", 2)[1], body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if path == "/v1/models":
            _send(writer, {"object": "list", "data": [{"id": MODEL, "object": "model", "max_model_len": 8192}]})
        elif path == "/tokenize":
            _send(writer, {"tokens": [0] * (len(json.loads(body)["content"]) // 4 + 1)})
        elif path == "/v1/chat/completions":
            await self._stream(int(json.loads(body).get("max_tokens", 128)), writer)
        else:
            _send(writer, {"error": "no such path"}, "404 Not Found")

    async def _stream(self, n_tokens: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        loop = asyncio.get_running_loop()
        due = loop.time() + self._first_seconds
        for number in range(n_tokens):
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += self._pause
            _chunk(writer, self._pieces[number % len(self._pieces)])
            await writer.drain()
        usage = {"prompt_tokens": _PROMPT_TOKENS, "completion_tokens": n_tokens}
        usage["total_tokens"] = _PROMPT_TOKENS + n_tokens
        _chunk(writer, _to_event({"delta": {}, "finish_reason": "stop"}))
        _chunk(writer, _to_event(None, usage) + b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _to_event(choice: dict[str, object] | None, usage: dict[str, int] | None = None) -> bytes:
    choices = [] if choice is None else [{"index": 0, **choice}]
    body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices}
    return f"data: {json.dumps(body | ({'usage': usage} if usage else {}))}\n\n".encode()


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def _send(writer: asyncio.StreamWriter, value: object, status: str = "200 OK") -> None:
    data = json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)


def _content_length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    asyncio.run(StandIn(float(sys.argv[1]), float(sys.argv[2])).serve())
