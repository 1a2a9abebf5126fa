"""The provider `openai`: any server that speaks the OpenAI protocol (vLLM, llama-server, hosted ones)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx
from langchain_core.messages import BaseMessage

from assistant.errors import ModelUnavailable
from assistant.models.catalogue import unknown_model
from assistant.models.counting import RETRY_SECONDS, bound_of_prompt, bound_of_text, text_of
from assistant.models.machine import is_loopback
from assistant.records import TokenCount

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.models.completion import CompletionPiece, Sampling

_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_COUNTS_KEPT = 256
_NOT_NOW = (429, 500, 502, 503, 504)  # of a server that is busy, or loads
_ABOUT = ("created", "owned_by", "meta")  # of a listed model
LIST_TIMEOUT = httpx.Timeout(3.0)  # a listing must not hang on a server that is away


class _NotCounted(Exception):
    """The server does not say how many tokens a text has."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server lists, with its window where it says so (vLLM, llama-server).

    ``about`` is what else its entry says of the model: ``created``, ``owned_by``, ``meta``.
    """

    name: str
    window_tokens: int | None
    about: Mapping[str, Any] = field(default_factory=dict)


def list_openai(url: str | None, api_key: str | None, *, timeout: httpx.Timeout = LIST_TIMEOUT) -> list[ServedModel]:
    """What the server at ``url`` lists. Raises ``ModelUnavailable`` where it does not answer as it should."""
    with _open_client(_require_url(url), api_key, timeout) as client:
        return _list(client)


class OpenAIProvider:
    """One model at one OpenAI-compatible server.

    Tokens are counted by the server's own ``/tokenize`` where it has one (vLLM, llama-server), which its first answer
    there tells; otherwise by a bound, as also for a while after a time in which it did not answer.
    """

    def __init__(self, url: str | None, api_key: str | None, name: str | None, *, window_tokens: int) -> None:
        self.url = _require_url(url)
        self._api_key = api_key
        self._client = _open_client(self.url, api_key, _TIMEOUT)
        self._has_tokenize: bool | None = None
        self._silent_until = 0.0  # by time.monotonic()
        # The system prompt comes again with every question, twice; what failed is not kept.
        self._count = lru_cache(maxsize=_COUNTS_KEPT)(self._tokenize)
        try:
            served = _choose(_list(self._client), name, self.url)
        except BaseException:
            self._client.close()
            raise
        self.name = served.name
        self.model = f"openai/{served.name}"
        self.window_tokens = min(window_tokens, served.window_tokens or window_tokens)

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """A chat model with this cap on its answer."""
        from assistant.models.chat import open_openai_chat

        return open_openai_chat(
            url=self.url,
            api_key=self._api_key,
            model=self.name,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        """See ``Provider.complete``."""
        from assistant.models.completion import complete_openai

        key = self._api_key
        return complete_openai(url=self.url, api_key=key, model=self.name, prompt=prompt, sampling=sampling)

    def check(self) -> None:
        """Raises unless the server runs and lists the model."""
        _choose(_list(self._client), self.name, self.url)

    def count_text(self, text: str) -> TokenCount:
        """Exact by the server where it counts, else the bound."""
        if self._has_tokenize is False or time.monotonic() < self._silent_until:
            return bound_of_text(text)
        try:
            count = TokenCount(self._count(text), exact=True)
        except httpx.HTTPError:
            self._silent_until = time.monotonic() + RETRY_SECONDS
            return bound_of_text(text)
        except _NotCounted:
            if self._has_tokenize is None:
                self._has_tokenize = False
            return bound_of_text(text)
        self._has_tokenize = True
        return count

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """Never too low, and not exact: the template is the server's."""
        return bound_of_prompt([self.count_text(text_of(message)).n_tokens for message in messages])

    def close(self) -> None:
        """End the connections, and what was started."""
        self._client.close()

    def _tokenize(self, text: str) -> int:
        """Number of tokens by the server; _NotCounted if it does not say, an httpx.HTTPError if it does not answer now.

        vLLM and llama-server differ in the name of the field and of the switch, and each ignores the other's.
        """
        body = {"content": text, "add_special": False, "parse_special": True}
        body |= {"model": self.name, "prompt": text, "add_special_tokens": False}
        response = self._client.post(f"{self.url.removesuffix('/v1')}/tokenize", json=body)
        if response.status_code in _NOT_NOW:
            response.raise_for_status()
        try:
            tokens = response.json().get("tokens") if response.is_success else None
        except (ValueError, AttributeError) as error:
            raise _NotCounted from error
        if not isinstance(tokens, list) or (text and not tokens):
            raise _NotCounted
        return len(tokens)


def _require_url(url: str | None) -> str:
    if not url:
        raise ModelUnavailable(
            "no OpenAI-compatible server is set: set QUARRY_OPENAI_URL to its address ending in /v1, or choose "
            "QUARRY_MODEL=embedded"
        )
    try:
        httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ModelUnavailable(
            f"{url} is no address of a server ({error}): set QUARRY_OPENAI_URL as in http://127.0.0.1:8080/v1"
        ) from error
    return url.rstrip("/")


def _open_client(url: str, api_key: str | None, timeout: httpx.Timeout) -> httpx.Client:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    return httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=not is_loopback(url))


def _list(client: httpx.Client) -> list[ServedModel]:
    url = str(client.base_url).rstrip("/")
    try:
        response = client.get("models")
        if response.status_code in (401, 403):
            raise ModelUnavailable(f"{url} refuses the key: set QUARRY_OPENAI_API_KEY to the one that it asks for")
        response.raise_for_status()
        return [
            ServedModel(str(entry["id"]), _window_of(entry), {name: entry[name] for name in _ABOUT if entry.get(name)})
            for entry in response.json()["data"]
        ]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelUnavailable(
            f"the OpenAI-compatible server at {url} does not answer ({error}): start it, or set QUARRY_OPENAI_URL"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{url}/models is no list of models: set QUARRY_OPENAI_URL to end in /v1") from error


def _window_of(entry: dict[str, Any]) -> int | None:
    meta = entry.get("meta")
    said = entry.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)
    return said if isinstance(said, int) and said > 0 else None


def _choose(served: Sequence[ServedModel], name: str | None, url: str) -> ServedModel:
    names = [model.name for model in served]
    if name is None:
        if len(served) == 1:
            return served[0]
        listed = ", ".join(f"openai/{known}" for known in names[:5]) or "none"
        raise ModelUnavailable(f"{url} lists {len(served)} models: set QUARRY_MODEL to one of them ({listed})")
    if name in names:
        return served[names.index(name)]
    raise unknown_model(f"openai/{name}", [f"openai/{known}" for known in names])
