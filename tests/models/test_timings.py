"""A server's own timings reach whoever reads the stream, in one form."""

from __future__ import annotations

import asyncio
import json

from langchain_core.messages import HumanMessage

from assistant.models.chat import open_ollama_chat, open_openai_chat
from assistant.models.timings import ModelTimings, timings_of

PROMPT = [HumanMessage("Explain: " + "def g(x): return x + 2\n" * 20)]


def whole_of(chat):
    """All pieces of a stream added up, as LangChain does."""
    whole = None
    for piece in chat.stream(PROMPT):
        whole = piece if whole is None else whole + piece
    return whole


def test_stream_carries_the_engines_timings(embedded):
    """Cached and read tokens make up the prompt; the second time nearly all of it is in the cache."""
    chat = embedded.chat_model(max_tokens=3)
    for asked_before in (False, True):
        whole = whole_of(chat)
        timings = timings_of(whole)
        assert timings.n_cached + timings.n_read == whole.usage_metadata["input_tokens"]
        assert whole.usage_metadata["input_token_details"]["cache_read"] == timings.n_cached
        assert (timings.n_read == 1) is asked_before
        assert timings.n_generated == 3 and timings.generated_ms > 0 and timings.read_ms > 0


def test_asynchronous_stream_carries_them(embedded):
    """The stream that the service reads has the same timings."""

    async def read():
        return [piece async for piece in embedded.chat_model(max_tokens=2).astream(PROMPT)]

    [timings] = [found for piece in asyncio.run(read()) if (found := timings_of(piece))]
    assert timings.n_generated == 2 and timings.n_cached + timings.n_read > 100


def test_whole_answer_carries_them_too(embedded):
    """An answer in one piece has the same timings as a stream."""
    timings = timings_of(embedded.chat_model(max_tokens=2).invoke(PROMPT))
    assert timings.n_generated == 2 and timings.n_cached + timings.n_read > 100


def test_ollamas_durations_become_milliseconds(serve):
    """Ollama's counts and nanoseconds come out in the same form; what it has cached it does not say."""
    last = {"prompt_eval_count": 40, "prompt_eval_duration": 500_000_000, "eval_count": 9, "eval_duration": 100_000_000}
    lines = [
        {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": "A"}},
        {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": ""}}
        | {"done": True, "done_reason": "stop"}
        | last,
    ]
    body = [(json.dumps(line) + "\n").encode() for line in lines]
    server = serve(lambda handler: handler.send_chunks("application/x-ndjson", body))
    chat = open_ollama_chat(url=server.url, model="m", window_tokens=512, max_tokens=9, temperature=0.0, seed=0)
    timings = timings_of(whole_of(chat))
    assert timings == ModelTimings(None, 40, 500.0, 9, 100.0)


def test_server_without_timings_has_none(serve):
    """A server of the OpenAI protocol that says nothing about its times is no error."""
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    pieces = [
        chunk | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "A"}, "finish_reason": None}]},
        chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "timings": "soon"},
    ]
    body = [f"data: {json.dumps(piece)}\n\n".encode() for piece in pieces] + [b"data: [DONE]\n\n"]
    server = serve(lambda handler: handler.send_chunks("text/event-stream", body))
    chat = open_openai_chat(url=server.url, api_key=None, model="m", max_tokens=9, temperature=0.0, seed=0)
    assert timings_of(whole_of(chat)) is None
