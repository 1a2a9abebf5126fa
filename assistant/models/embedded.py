"""The provider `embedded`: a catalogue model in our own engine, counted exactly by the engine itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from langchain_core.messages import BaseMessage

from assistant.errors import ModelUnavailable
from assistant.models.catalogue import QWEN_WINDOW_TOKENS, CatalogueModel
from assistant.models.counting import as_openai
from assistant.models.download import model_path, verify_model
from assistant.models.engine import EmbeddedEngine, EngineOptions
from assistant.prompts import build_prompt
from assistant.records import TokenCount

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger("quarry.engine")

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
        self.n_slots = options.n_slots  # how many answers it writes at once
        self._options = options
        self._warm_pid: int | None = None  # of the engine that has read the head
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

    def check(self) -> None:
        """Start the engine if it does not run; raises if it cannot. It then reads the prompts' fixed head by itself."""
        self.engine.ensure_running()
        if self._warm_pid != self.engine.pid:
            threading.Thread(target=self.warm_up, name="quarry-engine-warm-up", daemon=True).start()

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

    def warm_up(self) -> None:
        """Have the engine hold the head that all prompts with code begin with, so that no question waits for it.

        One slot reads it. The second request, a single token, has llama.cpp keep a copy (it saves idle slots whenever
        another one begins), from which the other slots, still empty, take it when they are first used.
        """
        pid = self.engine.pid
        if pid is None or not self._options.prefix_cache or self._warm_pid == pid:
            return
        self._warm_pid = pid
        head = as_openai(build_prompt("", (), ())[:1])
        try:
            self._ask("/v1/chat/completions", {"messages": head, "max_tokens": 1}).raise_for_status()
            if self._options.n_slots > 1:
                self._ask("/completion", {"prompt": "\n", "n_predict": 1}).raise_for_status()
        except (httpx.HTTPError, ModelUnavailable) as error:  # the first question reads it then, and says what is wrong
            logger.info("the engine could not be warmed up: %s", error)

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
