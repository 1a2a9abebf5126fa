"""LangChain chat models over the wire: the one door to langchain-openai and langchain-ollama.

Imported only when a chat model is asked for: the two clients take seconds to import. Both classes add two things
to LangChain's: a stream that stops without a reason to finish is an error, never a shorter answer; and the server's
own timings are kept (see ``timings.py``).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import cache, lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient, Timeout
from pydantic import SecretStr

from assistant.errors import ModelUnavailable
from assistant.models.machine import is_loopback
from assistant.models.streaming import PlainCompletions
from assistant.models.timings import TIMINGS_KEY, timings_of_llama, timings_of_ollama

CONNECT_SECONDS = 5.0
READ_SECONDS = 900.0  # a full window at 40 prompt tokens a second before the first token, on a slow CPU
_CHATS_KEPT = 8  # servers, and ports of engines that were started again
NO_KEY = "none"  # the client insists on a key; without this it would send OPENAI_API_KEY of the environment


class OpenAIChat(ChatOpenAI):
    """Chat with an OpenAI-style server: usage on the stream, no retries, and no truncated answer as a whole one."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        finished = False
        for chunk in super()._stream(*args, **kwargs):
            finished = finished or _finish_reason(chunk) is not None
            yield chunk
        _require_end(finished)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
        finished = False
        async with aclosing(
            _generator(super()._astream(*args, **kwargs))
        ) as chunks:  # closed with us: the server stops
            async for chunk in chunks:
                finished = finished or _finish_reason(chunk) is not None
                yield chunk
        _require_end(finished)

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        converted = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if converted is not None and (timings := timings_of_llama(chunk.get(TIMINGS_KEY))):
            converted.generation_info = (converted.generation_info or {}) | {TIMINGS_KEY: timings}
        return converted

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        said = response.get(TIMINGS_KEY) if isinstance(response, dict) else getattr(response, TIMINGS_KEY, None)
        if timings := timings_of_llama(said):
            for generation in result.generations:
                generation.message.response_metadata[TIMINGS_KEY] = timings
        return result


class OllamaChat(ChatOllama):
    """Chat with Ollama. Its ``done_reason`` is also given as ``finish_reason``, as the other providers call it."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        finished = False
        for chunk in super()._stream(*args, **kwargs):
            finished = finished or _name_finish_reason(chunk)
            yield chunk
        _require_end(finished)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
        finished = False
        async with aclosing(_generator(super()._astream(*args, **kwargs))) as chunks:
            async for chunk in chunks:
                finished = finished or _name_finish_reason(chunk)
                yield chunk
        _require_end(finished)

    def _iterate_over_stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for chunk in super()._iterate_over_stream(*args, **kwargs):  # `invoke` aggregates this one
            _name_finish_reason(chunk)
            yield chunk

    async def _aiterate_over_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
        async with aclosing(_generator(super()._aiterate_over_stream(*args, **kwargs))) as chunks:
            async for chunk in chunks:
                _name_finish_reason(chunk)
                yield chunk


def open_openai_chat(
    *, url: str, api_key: str | None, model: str, max_tokens: int, temperature: float, seed: int
) -> OpenAIChat:
    """A chat model at ``url`` (ending in /v1). It holds no connection between requests.

    Those for the same server share their HTTP clients: making them takes a millisecond, which every answer would wait.
    """
    # max_tokens by the name that every server knows; LangChain sends the newer one.
    own = {"extra_body": {"max_tokens": max_tokens}, "temperature": temperature, "seed": seed}
    return _shared_openai_chat(url, api_key, model).model_copy(update=own)


@lru_cache(maxsize=_CHATS_KEPT)
def _shared_openai_chat(url: str, api_key: str | None, model: str) -> OpenAIChat:
    timeout = Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    network = network_options(url)
    chat = OpenAIChat(
        model=model,
        base_url=url,
        api_key=SecretStr(api_key or NO_KEY),
        openai_proxy="",
        max_completion_tokens=None,
        max_retries=0,  # the caller decides; a silent retry doubles the wait
        stream_usage=True,
        stream_chunk_timeout=None,  # it is asyncio.wait_for, which before Python 3.12 can swallow a cancellation
        timeout=timeout,
        use_responses_api=False,
        http_client=DefaultHttpxClient(timeout=timeout, **network),
        http_async_client=DefaultAsyncHttpxClient(timeout=timeout, **network),
    )
    for client in (chat.root_client, chat.root_async_client):
        client.organization = client.project = None  # the environment's belong to another key and server
    chat.async_client = PlainCompletions(chat.root_async_client)
    return chat


def open_ollama_chat(
    *,
    url: str,
    model: str,
    window_tokens: int,
    max_tokens: int,
    temperature: float,
    seed: int,
    reasoning: bool | str | None = None,
) -> OllamaChat:
    """A chat model at an Ollama. ``num_ctx`` is always sent: its default window cuts prompts without a word.

    ``reasoning``: whether, or how much, a model may think before it answers; None for one that cannot.
    """
    import httpx

    return OllamaChat(
        model=model,
        base_url=url,
        num_ctx=window_tokens,
        num_predict=max_tokens,
        temperature=temperature,
        seed=seed,
        reasoning=reasoning,
        client_kwargs={"timeout": httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)} | network_options(url),
    )


def network_options(url: str) -> dict[str, Any]:
    """No kept connections, which would be bound to one event loop; no proxy in between on this machine."""
    import httpx

    options: dict[str, Any] = {"limits": httpx.Limits(max_keepalive_connections=0)}
    if is_loopback(url):
        options["trust_env"] = False
    options["verify"] = _tls_context() if urlsplit(url).scheme == "https" else False  # loading certificates takes 30 ms
    return options


@cache
def _tls_context() -> ssl.SSLContext:
    """httpx's own, by whose certificates models are listed: certifi's, or those that SSL_CERT_FILE names."""
    import httpx

    return httpx.create_ssl_context()


def _generator(chunks: AsyncIterator[ChatGenerationChunk]) -> AsyncGenerator[ChatGenerationChunk, None]:
    """LangChain's iterators are generators, which can be closed, though their type does not say so."""
    return cast("AsyncGenerator[ChatGenerationChunk, None]", chunks)


def _finish_reason(chunk: ChatGenerationChunk) -> str | None:
    info = chunk.generation_info or {}
    reason = info.get("finish_reason")
    return str(reason) if reason else None


def _name_finish_reason(chunk: ChatGenerationChunk) -> bool:
    """Give Ollama's ``done_reason`` and timings their common names. Whether this is the last chunk."""
    info = chunk.generation_info
    if not info or not info.get("done"):
        return False
    info["finish_reason"] = info.get("done_reason") or "stop"
    if timings := timings_of_ollama(info):
        info[TIMINGS_KEY] = timings
    return True


def _require_end(finished: bool) -> None:
    if not finished:
        raise ModelUnavailable("the model's server stopped in mid-answer: ask again")
