"""A provider around the real one that asks the model only what it was not asked before.

It stands behind the same ``Assistant`` as users have: what decides an answer is what the model would be sent. An answer
that is kept comes with the tokens, the reason it ended and the seconds of the time when it was really asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from assistant.models.counting import ESTIMATE_KEY, as_openai
from assistant.records import TokenCount
from eval.files import read_record

from .store import KeptStore, make_key

if TYPE_CHECKING:
    from assistant.models.completion import CompletionPiece, Sampling
    from assistant.models.providers import Provider

_KIND = "answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question to the model took when it was really asked. ``prompt_seconds`` is to the first token.

    With ``is_estimate`` the model's server did not say how many tokens there were.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    prompt_seconds: float
    is_cached: bool = False
    is_estimate: bool = False


class KeepingProvider:
    """``provider`` with its answers kept. ``last`` is the latest answer; one question at a time.

    ``identity`` is what decides an answer beside the request: the model file's checksum, the engine and its options.
    """

    def __init__(self, provider: Provider, identity: Mapping[str, Any], store: KeptStore) -> None:
        self.model, self.window_tokens = provider.model, provider.window_tokens
        self.last: Asked | None = None
        self._provider, self._identity, self._store = provider, dict(identity), store

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """See ``Provider``. The engine is asked for only where the answer is not kept."""
        options = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        return _KeepingChat(owner=self, options=options)

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        """See ``Provider``; nothing is kept."""
        return self._provider.complete(prompt, sampling)

    def check(self) -> None:
        """See ``Provider``."""
        self._provider.check()

    def count_text(self, text: str) -> TokenCount:
        """See ``Provider``. Counts decide prompts, so they are always the model's own."""
        return self._provider.count_text(text)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """See ``Provider``."""
        return self._provider.count_prompt(messages)

    def close(self) -> None:
        """See ``Provider``."""
        self._provider.close()

    async def stream_kept(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        """The kept answer in one piece, else the model's own as it comes, which is then kept if it came to its end."""
        request = {"messages": as_openai(messages), "stop": list(stop or ()), **options}
        key = make_key(_KIND, {"model": self.model, "identity": self._identity, **request})
        kept = self._store.get(key)
        if kept is not None:
            self.last = read_record(Asked, kept, is_cached=True)
            yield _whole(self.last)
            return
        self.last = None
        first: float | None = None
        texts: list[str] = []
        usage: Mapping[str, Any] = {}
        is_estimate = False
        finish_reason = "stop"
        chat_model = await asyncio.to_thread(partial(self._provider.chat_model, **options))
        # The clock starts when the engine is there: loading it is no part of an answer.
        started = time.perf_counter()
        stream = cast("AsyncGenerator[AIMessageChunk, None]", chat_model.astream(messages, stop=stop))
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                usage = chunk.usage_metadata or usage
                is_estimate = is_estimate or ESTIMATE_KEY in chunk.response_metadata
                finish_reason = chunk.response_metadata.get("finish_reason") or finish_reason
                if chunk.text:
                    first = first if first is not None else time.perf_counter()
                    texts.append(chunk.text)
                yield ChatGenerationChunk(message=chunk)
        ended = time.perf_counter()
        asked = Asked(
            text="".join(texts),
            finish_reason=finish_reason,
            prompt_tokens=int(usage.get("input_tokens", 0)),
            completion_tokens=int(usage.get("output_tokens", 0)),
            seconds=round(ended - started, 4),
            prompt_seconds=round((first if first is not None else ended) - started, 4),
            is_estimate=is_estimate,
        )
        self._store.put(key, _KIND, {name: value for name, value in asdict(asked).items() if name != "is_cached"})
        self.last = asked


class _KeepingChat(BaseChatModel):
    """The chat model of one answer of a ``KeepingProvider``."""

    owner: Any
    options: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "quarry-keeping"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("an evaluation streams its answers")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with aclosing(self.owner.stream_kept(messages, stop, self.options)) as chunks:
            async for chunk in chunks:
                yield chunk


def _whole(asked: Asked) -> ChatGenerationChunk:
    """A kept answer in one piece. All of its prompt counts as cached, so that nobody learns a speed from it."""
    usage = UsageMetadata(
        input_tokens=asked.prompt_tokens,
        output_tokens=asked.completion_tokens,
        total_tokens=asked.prompt_tokens + asked.completion_tokens,
        input_token_details=InputTokenDetails(cache_read=asked.prompt_tokens),
    )
    said: dict[str, Any] = {"finish_reason": asked.finish_reason}
    if asked.is_estimate:
        said[ESTIMATE_KEY] = True
    return ChatGenerationChunk(
        message=AIMessageChunk(content=asked.text, usage_metadata=usage, response_metadata=said),
        generation_info=said,
    )
