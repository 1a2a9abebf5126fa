"""Raw completion: a prompt as it is, without a chat template, to an OpenAI-compatible server or to Ollama.

What fill-in-the-middle needs. Imported only when something is completed, for the same reason as ``chat.py``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import httpx
import ollama
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from assistant.errors import ModelUnavailable
from assistant.models.chat import CONNECT_SECONDS, NO_KEY, READ_SECONDS, network_options
from assistant.records import Usage


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to generate: cap in tokens, temperature (0: always the likeliest), seed, texts to end before."""

    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    stop: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CompletionPiece:
    """A piece of a completion. The last ones carry why it ended (``stop`` or ``length``) and the tokens."""

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None


async def complete_openai(
    *, url: str, api_key: str | None, model: str, prompt: str, sampling: Sampling
) -> AsyncGenerator[CompletionPiece, None]:
    """Complete ``prompt`` at ``url`` (ending in /v1). Closing the stream closes the request, and the server stops.

    Raises the client's errors, and ModelUnavailable for a stream that ends in its middle.
    """
    timeout = Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    client = AsyncOpenAI(
        base_url=url,
        api_key=api_key or NO_KEY,
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAsyncHttpxClient(timeout=timeout, **network_options(url)),
    )
    client.organization = client.project = None  # the environment's belong to another key and server
    finished = False
    async with client:
        stream = await client.completions.create(
            model=model,
            prompt=prompt,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
            stop=list(sampling.stop) or None,
            stream=True,
            stream_options={"include_usage": True},
        )
        async with stream:
            async for chunk in stream:
                usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) if chunk.usage else None
                choice = chunk.choices[0] if chunk.choices else None
                reason = choice.finish_reason if choice else None
                finished = finished or reason is not None
                yield CompletionPiece(choice.text if choice else "", reason, usage)
    _require_end(finished)


async def complete_ollama(
    *, url: str, model: str, window_tokens: int, prompt: str, sampling: Sampling
) -> AsyncGenerator[CompletionPiece, None]:
    """Complete ``prompt`` at an Ollama, ``raw``: without the template that it would put around it."""
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)  # not the openai client's, which has its own httpx
    client = ollama.AsyncClient(host=url, timeout=timeout, **network_options(url))
    finished = False
    try:
        stream = await client.generate(
            model=model,
            prompt=prompt,
            raw=True,
            stream=True,
            options={
                "num_ctx": window_tokens,
                "num_predict": sampling.max_tokens,
                "temperature": sampling.temperature,
                "seed": sampling.seed,
                "stop": list(sampling.stop),
            },
        )
        async with aclosing(cast("AsyncGenerator[Any, None]", stream)) as parts:
            async for part in parts:
                if not part.done:
                    yield CompletionPiece(part.response or "")
                    continue
                finished = True
                usage = Usage(part.prompt_eval_count or 0, part.eval_count or 0)
                yield CompletionPiece(part.response or "", part.done_reason or "stop", usage)
    finally:
        await client.close()  # type: ignore[no-untyped-call]
    _require_end(finished)


def _require_end(finished: bool) -> None:
    if not finished:
        raise ModelUnavailable("the model's server stopped in mid-completion: ask again")
