"""``QuarryChat``: answers from a repository as a LangChain chat model, whole and as a stream.

Messages go in, an ``AIMessage`` comes out; its ``response_metadata`` hold sources, citations, unknown names and the
rest of what an answer has beside its text.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

from indexer.errors import InputError

from .answer import Assistant
from .events import AnswerDone, AskRequest, TokenGenerated, choose_seed
from .models.providers import Provider, open_provider
from .records import REF_FORM, Answer, Message, Role
from .serialise import answer_as_json
from .settings import AssistantSettings

_ROLES: dict[str, Role] = {"human": "user", "ai": "assistant"}


class QuarryChat(BaseChatModel):
    """Answers the last message from an indexed repository. The model is opened by the first question.

    Safe to use for several questions at once. ``close`` ends what was started for it. Raises the errors of
    ``Assistant.stream``.
    """

    repo: str | None = Field(description="NAME, NAME@REF, several with commas, or `all`; None without retrieval.")
    ref: str | None = Field(default=None, description=REF_FORM)
    retrieval: bool = Field(default=True, description="Whether the model gets code to read.")
    k: int | None = Field(default=None, description="Number of hits to choose passages from.")
    max_tokens: int | None = Field(default=None, description="Cap on the answer; by default what the settings say.")
    temperature: float = 0.0
    seed: int | None = Field(default=None, description="Drawn anew for each answer where none is given.")
    abstain: bool = Field(default=True, description="Say so where the hits are too weak, instead of asking the model.")
    settings: AssistantSettings = Field(default_factory=AssistantSettings, description="Home, model and window.")
    provider: Any = Field(default=None, exclude=True, description="A model that is open already (a `Provider`).")

    _assistant: Assistant | None = PrivateAttr(default=None)
    _opened: Provider | None = PrivateAttr(default=None)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "quarry"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"repo": self.repo, "ref": self.ref, "model": self.settings.model}

    def close(self) -> None:
        """End the model, if it was opened here."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = self._assistant = None

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with aclosing(self._chunks(messages, stop, kwargs)) as chunks:
            async for chunk in chunks:
                if run_manager is not None and chunk.text:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _run_elsewhere(self._chunks(messages, stop, kwargs)):
            if run_manager is not None and chunk.text:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    async def _chunks(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        instructions, turns = _read_messages(messages)
        temperature = options.get("temperature", self.temperature)
        asked = AskRequest(
            repo=self.repo,
            messages=turns,
            instructions=instructions,
            retrieval=self.retrieval,
            k=self.k,
            ref=self.ref,
            abstain=self.abstain,
            max_tokens=options.get("max_tokens", self.max_tokens),
            temperature=temperature,
            seed=choose_seed(options.get("seed", self.seed), temperature),
            stop=stop or (),
        )
        assistant = await asyncio.to_thread(self._open)
        async with aclosing(assistant.stream(asked)) as events:
            async for event in events:
                if isinstance(event, TokenGenerated):
                    yield ChatGenerationChunk(message=AIMessageChunk(content=event.text))
                elif isinstance(event, AnswerDone):
                    yield _last_chunk(event.answer)

    def _open(self) -> Assistant:
        with self._lock:
            if self._assistant is None:
                provider = self.provider
                if provider is None:
                    provider = self._opened = open_provider(self.settings)
                self._assistant = Assistant(self.settings, provider)
            return self._assistant


def _read_messages(messages: Sequence[BaseMessage]) -> tuple[str, list[Message]]:
    """System messages, wherever they stand, and the conversation. Raises InputError for what is neither."""
    instructions = [message.text for message in messages if message.type == "system"]
    turns = []
    for message in messages:
        if message.type == "system":
            continue
        if message.type not in _ROLES:
            raise InputError(f"A message of type {message.type!r} cannot be read: send human, ai and system messages.")
        turns.append(Message(_ROLES[message.type], message.text))
    return "\n\n".join(instructions), turns


def _last_chunk(answer: Answer) -> ChatGenerationChunk:
    """The end of a stream: no text, but all that an answer has beside it."""
    metadata = answer_as_json(answer)
    del metadata["answer"], metadata["usage"]
    metadata["model_name"] = metadata.pop("model")  # as other LangChain models call it
    used = answer.usage
    usage = UsageMetadata(
        input_tokens=used.prompt_tokens,
        output_tokens=used.completion_tokens,
        total_tokens=used.prompt_tokens + used.completion_tokens,
    )
    message = AIMessageChunk(content="", response_metadata=metadata, usage_metadata=usage, chunk_position="last")
    return ChatGenerationChunk(message=message, generation_info={"finish_reason": answer.finish_reason})


def _run_elsewhere(chunks: AsyncGenerator[ChatGenerationChunk, None]) -> Iterator[ChatGenerationChunk]:
    """What ``chunks`` give, from a thread with an event loop of its own: the caller's may be running already.

    Closing the iterator closes ``chunks``, and so the request to the model.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="quarry-chat", daemon=True)
    thread.start()
    running: asyncio.Task[Any] | None = None

    async def step() -> ChatGenerationChunk | None:
        nonlocal running
        running = asyncio.current_task()
        return await anext(chunks, None)

    async def end() -> None:
        if running is not None and not running.done():  # interrupted while it waited
            running.cancel()
            await asyncio.wait({running})
        await chunks.aclose()

    try:
        while (chunk := asyncio.run_coroutine_threadsafe(step(), loop).result()) is not None:
            yield chunk
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
