"""The models that judge: any that can answer, opened in the same way."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assistant.models.counting import ESTIMATE_KEY
from assistant.models.providers import explain_model_error, open_provider
from assistant.models.untraced import stream_untraced

from .rubric import MAX_REPLY_TOKENS

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.models.providers import Provider
    from assistant.settings import AssistantSettings


@dataclass(frozen=True, slots=True)
class Graded:
    """A judge's reply as it came, and what it took. With ``is_estimate`` its server did not say how many tokens."""

    text: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    is_estimate: bool = False


class Grader(Protocol):
    """A model that judges. ``model`` is its full name, which stands in the results."""

    @property
    def model(self) -> str:
        """The judge's name."""

    async def grade(self, system: str, request: str) -> Graded:
        """The reply to one request, greedy. Raises a QuarryError where there is none."""

    def close(self) -> None:
        """End what was started for it."""


def open_grader(settings: AssistantSettings, name: str) -> Grader:
    """The judge ``provider/name``, as ``open_provider`` opens what answers. Raises its errors."""
    return ProviderGrader(open_provider(settings, name, reuse_prompts=False))


class ProviderGrader:
    """A model that one of the assistant's providers opened."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def model(self) -> str:
        """The provider's full name of the model."""
        return self._provider.model

    async def grade(self, system: str, request: str) -> Graded:
        """See ``Grader``."""
        try:
            return await _ask(self._provider.chat_model(max_tokens=MAX_REPLY_TOKENS), system, request)
        except Exception as error:  # every client library has errors of its own; the provider knows what they mean
            raise explain_model_error(error, self._provider) from error

    def close(self) -> None:
        """See ``Grader``."""
        self._provider.close()


async def _ask(chat: BaseChatModel, system: str, request: str) -> Graded:
    from langchain_core.messages import HumanMessage, SystemMessage

    started = time.perf_counter()
    texts: list[str] = []
    usage: dict[str, Any] = {}
    is_estimate = False
    async with aclosing(stream_untraced(chat, [SystemMessage(system), HumanMessage(request)])) as chunks:
        async for chunk in chunks:
            texts.append(chunk.text)
            usage = dict(chunk.usage_metadata or {}) or usage
            is_estimate = is_estimate or ESTIMATE_KEY in chunk.response_metadata
    return Graded(
        text="".join(texts),
        seconds=round(time.perf_counter() - started, 3),
        prompt_tokens=int(usage.get("input_tokens", 0)),
        completion_tokens=int(usage.get("output_tokens", 0)),
        is_estimate=is_estimate,
    )
