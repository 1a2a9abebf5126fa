"""The provider `embedded`: a catalogue model in our own engine, its tokens counted exactly.

The engine counts, at a round trip each; a service that has warmed up counts in its own process, by the same vocabulary.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from assistant.errors import ModelError, ModelUnavailable
from assistant.models.catalogue import QWEN_WINDOW_TOKENS, CatalogueModel
from assistant.models.counting import as_openai, role_of, text_of
from assistant.models.download import model_path, verify_model
from assistant.models.engine import EmbeddedEngine, EngineOptions
from assistant.models.gguf import read_metadata
from assistant.models.vocabulary import Vocabulary, vocabulary_of_metadata
from assistant.prompts import build_prompt
from assistant.records import TokenCount

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.models.completion import CompletionPiece, Sampling

logger = logging.getLogger("quarry.engine")

_QWEN_SYSTEM = SystemMessage("You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")
_HEAD = build_prompt("", (), ())[:1]
_SAMPLE = [*_HEAD, HumanMessage("\n\nWhy?\n"), AIMessage(" So.\n\n"), HumanMessage("And\tthen: `x`?")]
_COUNT_SECONDS = 60.0  # counting waits for nothing but a free core


class EmbeddedProvider:
    """A verified GGUF in an engine of our own, which is started by the first call that needs it."""

    def __init__(
        self,
        home: Path,
        model: CatalogueModel,
        *,
        window_tokens: int,
        threads: int | None = None,
        start_seconds: float = 120.0,
        options: EngineOptions = EngineOptions(),  # noqa: B008  # frozen
    ) -> None:
        verify_model(home, model)
        self.model = model.full_name
        self.window_tokens = min(window_tokens, QWEN_WINDOW_TOKENS)
        self.engine = EmbeddedEngine(
            model_path(home, model),
            window_tokens=self.window_tokens,
            threads=threads,
            options=options,
            start_seconds=start_seconds,
            alias=model.full_name,
            on_restart=self.warm_up,
        )
        self._options = options
        self._warm_pid: int | None = None  # of the engine that has read the head
        self._vocabulary: Vocabulary | None = None
        self._knows_template = False
        # Kept alive: a count is one round trip. Never through a proxy, whatever the environment says.
        self._client = httpx.Client(timeout=_COUNT_SECONDS, trust_env=False)

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """Ask for one per answer: an engine that was started again has another port."""
        from assistant.models.chat import open_openai_chat

        self.engine.ensure_running()
        return open_openai_chat(
            url=self.engine.url,
            api_key=self.engine.api_key,
            model=self.model,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )

    async def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        """See ``Provider.complete``. Starts the engine, or starts it again if it died."""
        from assistant.models.completion import complete_openai

        await asyncio.to_thread(self.engine.ensure_running)
        url, key = self.engine.url, self.engine.api_key
        pieces = complete_openai(url=url, api_key=key, model=self.model, prompt=prompt, sampling=sampling)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    def check(self) -> None:
        """Start the engine if it does not run, and have it warm up by itself; raises if it cannot."""
        self.engine.ensure_running()
        if self._warm_pid != self.engine.pid:
            threading.Thread(target=self.warm_up, name="quarry-engine-warm-up", daemon=True).start()

    def count_text(self, text: str) -> TokenCount:
        """Exact, by the model's own vocabulary: here once it was read, else by the engine."""
        if self._vocabulary is not None:
            return TokenCount(self._vocabulary.count(text), exact=True)
        answer = self._post("/tokenize", {"content": text, "add_special": False, "parse_special": True})
        return TokenCount(len(answer["tokens"]), exact=True)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """Exact: by the model's own template, which the engine applies unless ours was seen to be the same."""
        if self._vocabulary is not None and self._knows_template:
            return TokenCount(self._vocabulary.count(_as_chatml(messages)), exact=True)
        return self._count_prompt_by_engine(messages)

    def _count_prompt_by_engine(self, messages: Sequence[BaseMessage]) -> TokenCount:
        answer = self._post("/v1/chat/completions/input_tokens", {"messages": as_openai(messages)})
        return TokenCount(int(answer["input_tokens"]), exact=True)

    def close(self) -> None:
        """End the connections, and what was started."""
        self._client.close()
        self.engine.close()

    def warm_up(self) -> None:
        """Do what no question should wait for: the engine reads the head of all prompts with code, and this process
        the model's vocabulary and the client's libraries. Failing is no error: questions do it then.
        """
        pid = self.engine.pid
        if pid is None or self._warm_pid == pid:
            return
        self._warm_pid = pid
        try:
            if self._options.prefix_cache:
                self._have_head_read()
            self._read_vocabulary()
            self.chat_model(max_tokens=1)
        except (httpx.HTTPError, ModelError) as error:
            logger.info("the engine could not be warmed up: %s", error)

    def _have_head_read(self) -> None:
        """One slot reads it. The second request, a single token, has llama.cpp keep a copy (it saves idle slots
        whenever another one begins), from which the other slots, still empty, take it when they are first used."""
        self._ask("/v1/chat/completions", {"messages": as_openai(_HEAD), "max_tokens": 1}).raise_for_status()
        if self._options.n_slots > 1:
            self._ask("/completion", {"prompt": "\n", "n_predict": 1}).raise_for_status()

    def _read_vocabulary(self) -> None:
        """The vocabulary of the file, and whether our template counts as the engine's does."""
        if self._vocabulary is None:
            self._vocabulary = vocabulary_of_metadata(read_metadata(self.engine.path))
        if self._vocabulary is not None:
            count = self._vocabulary.count(_as_chatml(_SAMPLE))
            self._knows_template = self._count_prompt_by_engine(_SAMPLE).n_tokens == count

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            try:
                response = self._ask(path, body)
            except httpx.TransportError:  # it died since the last time; a count can be asked again
                self.engine.ensure_running()
                response = self._ask(path, body)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise ModelUnavailable(
                f"the embedded engine stopped while it counted tokens ({error}): ask again"
            ) from error
        answer: dict[str, Any] = response.json()
        return answer

    def _ask(self, path: str, body: dict[str, Any]) -> httpx.Response:
        url = self.engine.url.removesuffix("/v1") + path
        return self._client.post(url, json=body, headers={"Authorization": f"Bearer {self.engine.api_key}"})


def _as_chatml(messages: Sequence[BaseMessage]) -> str:
    """The messages in the template of the catalogue's models; without a system message they get one of their own."""
    if role_of(messages[0]) != "system":
        messages = [_QWEN_SYSTEM, *messages]
    turns = [f"<|im_start|>{role_of(message)}\n{text_of(message)}<|im_end|>\n" for message in messages]
    return "".join(turns) + "<|im_start|>assistant\n"
