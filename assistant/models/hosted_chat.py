"""Chat models of hosted providers: the one door to LangChain's ``init_chat_model``.

Imported only when a hosted model was chosen. What its classes say in ways of their own, why an answer ended and how
many tokens it took, is said here as the other providers say it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from assistant.errors import ModelUnavailable, UnknownModel
from assistant.models.counting import ESTIMATE_KEY, estimate_tokens, text_of
from assistant.models.explain import say_in_one_line
from assistant.models.services import SERVICES
from assistant.models.untraced import stream_untraced

SILENT_SECONDS = 300.0  # that a model may think before it gives another piece
RETRIES = 2  # by the class's own client, where the service is busy and says when to come back
_REASON_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
}
_OFF = ("", "0", "false", "no")


class HostedChat(BaseChatModel):
    """``inner`` for one answer, streamed on ``loop``: its text, then one piece with the reason and all tokens.

    Where ``inner`` gives no ``usage_metadata`` it is estimated, and the last piece's metadata say so
    (``counting.ESTIMATE_KEY``). A stream without a reason for its end is an error, never a shorter answer.
    """

    model_name: str
    inner: Any
    loop: Any

    @property
    def _llm_type(self) -> str:
        return "quarry-hosted"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("hosted models stream: call astream")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        usage: UsageMetadata | None = None
        reason: str | None = None
        texts: list[str] = []
        stream = self.loop.relay(stream_untraced(self.inner, messages, stop or ()), silent_seconds=SILENT_SECONDS)
        try:
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    if chunk.usage_metadata:  # pieces of a stream carry what came to the sum since the last one
                        usage = add_usage(usage, chunk.usage_metadata)
                    reason = _reason_of(chunk) or reason
                    if chunk.text:
                        texts.append(chunk.text)
                        yield ChatGenerationChunk(message=AIMessageChunk(content=chunk.text))
        except TimeoutError as error:
            raise ModelUnavailable(
                f"{self.model_name} gave nothing for {SILENT_SECONDS:.0f} s: ask again, or choose another model"
            ) from error
        if reason is None:
            raise ModelUnavailable(f"{self.model_name} stopped in mid-answer without saying why: ask again")
        said: dict[str, Any] = {"finish_reason": reason}
        if usage is None:
            usage = _estimate(messages, "".join(texts))
            said[ESTIMATE_KEY] = True
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage), generation_info=said)


def open_class(kind: str, name: str, **options: Any) -> BaseChatModel:
    """The provider's own chat model. Raises UnknownModel where LangChain knows no ``kind``, and ModelUnavailable with
    what to do where the package or the key is missing."""
    model = f"{kind}/{name}"
    if kind != "langsmith" and os.environ.get("LANGSMITH_GATEWAY", "").lower() not in _OFF:
        raise ModelUnavailable(
            f"LANGSMITH_GATEWAY is set and may lead what is sent to {model} through LangSmith: unset it, or choose "
            f"langsmith/NAME"
        )
    variables = SERVICES[kind].key_variables if kind in SERVICES else ()
    no_key = not any(map(os.environ.get, variables)) if variables else False
    chat: BaseChatModel | None = None
    try:
        chat = init_chat_model(name, model_provider=kind, **options)
    except ImportError as error:
        raise _package_missing(model, kind, error) from error
    except Exception as error:  # each class has errors of its own for what it lacks
        if isinstance(error, ValueError) and str(error).startswith("Unsupported "):
            raise UnknownModel(f"LangChain knows no provider {kind!r}") from error
        if not no_key:
            raise ModelUnavailable(f"{model} cannot be asked: {say_in_one_line(error)}") from error
    if chat is None or no_key:
        raise ModelUnavailable(f"no key to ask {model} with: set {variables[0]}")
    return chat


def _package_missing(model: str, kind: str, error: ImportError) -> ModelUnavailable:
    if kind not in SERVICES:
        return ModelUnavailable(f"{model} cannot be asked: {say_in_one_line(error)}")
    package = SERVICES[kind].package
    cause = error.__cause__ or error
    if getattr(cause, "name", None) == package.replace("-", "_"):
        return ModelUnavailable(
            f"{model} is asked through {package}, which is not installed: `pip install {package}`; or set "
            f"QUARRY_OPENAI_URL to its OpenAI-compatible address, if it has one, and choose openai/NAME"
        )
    return ModelUnavailable(f"{model} is asked through {package}, which does not load: {say_in_one_line(cause)}")


def _reason_of(chunk: Any) -> str | None:
    """Why the answer ended, in the other providers' words where they have one; None for a piece before the end."""
    for key in _REASON_KEYS:
        reason = chunk.response_metadata.get(key)
        if reason:
            word = str(reason).lower()
            return _REASONS.get(word, word)
    return None


def _estimate(messages: list[BaseMessage], text: str) -> UsageMetadata:
    n_input, n_output = sum(estimate_tokens(text_of(message)) for message in messages), estimate_tokens(text)
    return UsageMetadata(input_tokens=n_input, output_tokens=n_output, total_tokens=n_input + n_output)
