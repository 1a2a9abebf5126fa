"""Raw completion by each provider: what is sent, what comes back, and a stream that ends too early."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from assistant.errors import ModelUnavailable
from assistant.models.completion import CompletionPiece, Sampling
from assistant.models.ollama_server import OllamaProvider
from assistant.models.openai_server import OpenAIProvider
from assistant.models.providers import Provider
from assistant.records import Usage

PROMPT = "<|fim_prefix|>def double(x):\n    return <|fim_suffix|>\n<|fim_middle|>"
SAMPLING = Sampling(max_tokens=20, temperature=0.0, seed=3, stop=("\n",))


def complete(provider: Provider, prompt: str = PROMPT, sampling: Sampling = SAMPLING) -> list[CompletionPiece]:
    """All pieces of one completion."""

    async def run() -> list[CompletionPiece]:
        return [piece async for piece in provider.complete(prompt, sampling)]

    return asyncio.run(run())


def text_of(pieces: list[CompletionPiece]) -> str:
    """The text that they make."""
    return "".join(piece.text for piece in pieces)


def usage_of(pieces: list[CompletionPiece]) -> Usage | None:
    """The usage that one of them carries."""
    return next((piece.usage for piece in pieces if piece.usage), None)


def test_the_engine_fills_a_gap(embedded: Any) -> None:
    """The real model, given its own tokens and no template, completes the expression and ends before a stop."""
    pieces = complete(embedded)
    assert "x" in text_of(pieces) and "\n" not in text_of(pieces)
    assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["stop"]
    usage = usage_of(pieces)
    assert usage is not None and usage.prompt_tokens == embedded.count_text(PROMPT).n_tokens


def test_the_engine_ends_at_the_cap(embedded: Any) -> None:
    """A completion that is cut by the cap says so."""
    pieces = complete(embedded, "1, 2, 3, 4, 5, ", Sampling(max_tokens=4))
    assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["length"]
    usage = usage_of(pieces)
    assert usage is not None and usage.completion_tokens == 4


def openai_events(*, whole: bool) -> list[bytes]:
    """What an OpenAI-compatible server streams for two words."""
    head = {"id": "1", "object": "text_completion", "created": 1, "model": "m"}
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in "ab"]
    if whole:
        chunks.append({"choices": [{"index": 0, "text": "", "finish_reason": "length"}]})
        chunks.append({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}})
    events = [f"data: {json.dumps(head | chunk)}\n\n".encode() for chunk in chunks]
    return [*events, b"data: [DONE]\n\n"]


@pytest.mark.parametrize("whole", [True, False])
def test_openai_server(serve: Callable[..., Any], whole: bool) -> None:
    """The prompt goes out as it is, with the sampling; a stream without a reason to end is an error."""

    def answer(handler: Any) -> None:
        if handler.path.endswith("/models"):
            handler.send_json({"data": [{"id": "m"}]})
        else:
            handler.send_chunks("text/event-stream", openai_events(whole=whole))

    server = serve(answer)
    provider = OpenAIProvider(f"{server.url}/v1", "key", "m", window_tokens=512)
    if whole:
        pieces = complete(provider)
        assert text_of(pieces) == "ab" and usage_of(pieces) == Usage(5, 2)
        [sent] = server.bodies("/v1/completions")
        assert (sent["prompt"], sent["stop"], sent["seed"], sent["max_tokens"]) == (PROMPT, ["\n"], 3, 20)
    else:
        with pytest.raises(ModelUnavailable):
            complete(provider)


@pytest.mark.parametrize("whole", [True, False])
def test_ollama(serve: Callable[..., Any], whole: bool) -> None:
    """Ollama is asked without its template and with the window; a stream that breaks off is an error."""
    lines: list[dict[str, Any]] = [{"response": "a", "done": False}, {"response": "b", "done": False}]
    if whole:
        lines.append({"response": "", "done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 2})

    def answer(handler: Any) -> None:
        if handler.path == "/api/show":
            handler.send_json({"model_info": {"qwen2.context_length": 512}})
        else:
            handler.send_chunks("application/x-ndjson", [json.dumps(line).encode() + b"\n" for line in lines])

    server = serve(answer)
    provider = OllamaProvider(server.url, "qwen2.5-coder:0.5b", window_tokens=8192)
    if whole:
        pieces = complete(provider)
        assert text_of(pieces) == "ab" and usage_of(pieces) == Usage(5, 2)
        [sent] = server.bodies("/api/generate")
        assert sent["raw"] is True and sent["prompt"] == PROMPT
        assert sent["options"] == {"num_ctx": 512, "num_predict": 20, "temperature": 0.0, "seed": 3, "stop": ["\n"]}
    else:
        with pytest.raises(ModelUnavailable):
            complete(provider)
