"""Hosted models (Claude, Gemini and others), each through its LangChain class: what is sent to them leaves the machine.

One is asked only where its full name was chosen, never by ``auto``. Key and address are the class's own environment
variables.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage

from assistant.errors import ModelUnavailable
from assistant.models.counting import bound_of_prompt, bound_of_text, text_of
from assistant.models.ownloop import OwnLoop
from assistant.records import TokenCount

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.models.completion import CompletionPiece, Sampling

# Unless QUARRY_WINDOW_TOKENS says otherwise. Each byte counts as a token here, so these are some 8,000 of code, as much
# as the other providers have.
WINDOW_TOKENS = 32_768


class HostedProvider:
    """One model of one hosted provider. Raises when opened if its package or its key is missing.

    Its tokeniser is out of reach, so counts are bounds. Its class says what it takes: ``takes_temperature`` and
    ``takes_seed`` are false where it has no such thing, and then none is sent.
    """

    def __init__(self, kind: str, name: str, *, window_tokens: int | None) -> None:
        from assistant.models.hosted_chat import open_class

        self.kind, self.name = kind, name
        self.model = f"{kind}/{name}"
        chat = open_class(kind, name)
        profile: Any = getattr(chat, "profile", None) or {}
        most = profile.get("max_input_tokens")
        window = window_tokens or WINDOW_TOKENS
        self.window_tokens = min(window, most) if isinstance(most, int) and most > 0 else window
        fields = type(chat).model_fields
        self._names = {*fields, *(field.alias for field in fields.values())}
        self.takes_temperature = profile.get("temperature") is not False
        self.takes_seed = "seed" in self._names
        self.package = type(chat).__module__.partition(".")[0].replace("_", "-")
        self._loop = OwnLoop()

    @property
    def package_version(self) -> str:
        """The release of the package that holds its class; empty where it is none that was installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return ""

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """A chat model with this cap on its answer, to be streamed on an event loop. Nothing is sent yet."""
        from assistant.models.hosted_chat import HostedChat, open_class

        options: dict[str, Any] = {"max_tokens": max_tokens}
        if self.takes_temperature:
            options["temperature"] = temperature
        elif temperature:
            raise ModelUnavailable(f"{self.model} takes no temperature: ask without one")
        if self.takes_seed:
            options["seed"] = seed
        inner = open_class(self.kind, self.name, **options, **self._network_options())
        return HostedChat(model_name=self.model, inner=inner, loop=self._loop)

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        """Refused: a chat model does not go on with a prompt as it is."""
        raise ModelUnavailable(
            f"{self.model} answers but completes no code: choose a Qwen coder model with QUARRY_MODEL"
        )

    def check(self) -> None:
        """Nothing more: package and key were looked at when it was opened, and to ask costs."""

    def count_text(self, text: str) -> TokenCount:
        """The bound."""
        return bound_of_text(text)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """The bound."""
        return bound_of_prompt([self.count_text(text_of(message)).n_tokens for message in messages])

    def close(self) -> None:
        """End the streams that still run, and their thread."""
        self._loop.close()

    def _network_options(self) -> dict[str, Any]:
        """Time-outs, retries and counts of tokens, by the names that the class has for them."""
        from assistant.models.hosted_chat import RETRIES, SILENT_SECONDS

        wanted = {
            "timeout": SILENT_SECONDS,
            "max_retries": RETRIES,
            "stream_usage": True,
            "stream_chunk_timeout": None,  # see chat.py: it can swallow a cancellation
        }
        return {name: value for name, value in wanted.items() if name in self._names}
