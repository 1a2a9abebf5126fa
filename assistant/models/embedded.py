"""The provider `embedded`: a catalogue model in our own engine, counted exactly by the engine itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from langchain_core.messages import BaseMessage

from assistant.errors import ModelUnavailable
from assistant.models.catalogue import QWEN_WINDOW_TOKENS, CatalogueModel
from assistant.models.counting import as_openai
from assistant.models.download import model_path, verify_model
from assistant.models.engine import EmbeddedEngine
from assistant.records import TokenCount

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.models.completion import CompletionPiece, Sampling

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
        n_slots: int = 1,
        reuse_prompts: bool = True,
    ) -> None:
        verify_model(home, model)
        self.model = model.full_name
        self.window_tokens = min(window_tokens, QWEN_WINDOW_TOKENS)
        self.engine = EmbeddedEngine(
            model_path(home, model),
            window_tokens=self.window_tokens,
            threads=threads,
            n_slots=n_slots,
            start_seconds=start_seconds,
            reuse_prompts=reuse_prompts,
            alias=model.full_name,
        )
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
        """Start the engine if it does not run; raises if it cannot."""
        self.engine.ensure_running()

    def count_text(self, text: str) -> TokenCount:
        """Exact, by the engine's own tokeniser."""
        answer = self._post("/tokenize", {"content": text, "add_special": False, "parse_special": True})
        return TokenCount(len(answer["tokens"]), exact=True)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """Exact: the engine applies its own template and counts what it would read."""
        answer = self._post("/v1/chat/completions/input_tokens", {"messages": as_openai(messages)})
        return TokenCount(int(answer["input_tokens"]), exact=True)

    def close(self) -> None:
        """End the connections, and what was started."""
        self._client.close()
        self.engine.close()

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
