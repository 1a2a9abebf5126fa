"""The models that can judge: any that can answer, and hosted ones through their LangChain class."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assistant.models.catalogue import EMBEDDED_MODELS, PROVIDER_NAMES
from assistant.models.providers import explain_model_error, open_provider
from assistant.models.untraced import stream_untraced
from eval.errors import EvaluationError

from .rubric import MAX_REPLY_TOKENS

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.models.providers import Provider
    from assistant.settings import AssistantSettings

# LangChain's names of hosted providers and the packages that hold their classes.
HOSTED = {
    "anthropic": "langchain-anthropic",
    "google_genai": "langchain-google-genai",
    "mistralai": "langchain-mistralai",
}


@dataclass(frozen=True, slots=True)
class Graded:
    """A judge's reply as it came, and what it took."""

    text: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int


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
    """The judge ``provider/name``: embedded, ollama, openai (also hosted ones, at QUARRY_OPENAI_URL), or a hosted one
    of ``HOSTED`` with its package installed. Raises a QuarryError that says what to do.
    """
    kind, slash, model = name.partition("/")
    if kind in PROVIDER_NAMES or name in EMBEDDED_MODELS or not slash:
        return ProviderGrader(open_provider(settings, name, reuse_prompts=False))
    if kind not in HOSTED:
        known = ", ".join([*PROVIDER_NAMES, *HOSTED])
        raise EvaluationError(f"No provider {kind!r} of judges: choose PROVIDER/NAME with one of {known}.")
    from langchain.chat_models import init_chat_model

    try:
        chat = init_chat_model(model, model_provider=kind, temperature=0, max_tokens=MAX_REPLY_TOKENS)
    except ImportError:
        raise EvaluationError(
            f"{name} is asked through {HOSTED[kind]}, which is not installed: `pip install {HOSTED[kind]}`; or set "
            f"QUARRY_OPENAI_URL to its OpenAI-compatible address and use openai/{model}."
        ) from None
    except Exception as error:  # a missing key is an error of each package's own kind
        raise EvaluationError(f"{name} cannot be asked: {_first_line(error)}") from error
    return HostedGrader(name, chat)


class ProviderGrader:
    """A model of the assistant's own providers."""

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


class HostedGrader:
    """A LangChain chat model of a hosted provider."""

    def __init__(self, model: str, chat: BaseChatModel) -> None:
        self._model, self._chat = model, chat

    @property
    def model(self) -> str:
        """As it was asked for: ``provider/name``."""
        return self._model

    async def grade(self, system: str, request: str) -> Graded:
        """See ``Grader``."""
        try:
            return await _ask(self._chat, system, request)
        except Exception as error:  # every hosted provider's package has errors of its own
            raise EvaluationError(f"{self._model} gave no judgement: {_first_line(error)}") from error

    def close(self) -> None:
        """Nothing was started."""


async def _ask(chat: BaseChatModel, system: str, request: str) -> Graded:
    from langchain_core.messages import HumanMessage, SystemMessage

    started = time.perf_counter()
    texts: list[str] = []
    usage: dict[str, Any] = {}
    async with aclosing(stream_untraced(chat, [SystemMessage(system), HumanMessage(request)])) as chunks:
        async for chunk in chunks:
            texts.append(chunk.text)
            usage = dict(chunk.usage_metadata or {}) or usage
    return Graded(
        text="".join(texts),
        seconds=round(time.perf_counter() - started, 3),
        prompt_tokens=int(usage.get("input_tokens", 0)),
        completion_tokens=int(usage.get("output_tokens", 0)),
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
