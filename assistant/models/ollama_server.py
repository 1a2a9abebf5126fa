"""The provider `ollama`: a model that a running Ollama has. The one door to the `ollama` client.

Ollama cuts a prompt that is longer than its window without a word, and its default window is 4,096 tokens. So
the window is sent with every request, and prompts are counted before they are sent.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from langchain_core.messages import BaseMessage

from assistant.errors import ModelMissing, ModelUnavailable
from assistant.models.catalogue import SUGGESTED_OLLAMA_TAG
from assistant.models.counting import RETRY_SECONDS, bound_of_prompt, bound_of_text, text_of
from assistant.models.machine import is_loopback
from assistant.models.vocabulary import Vocabulary, vocabulary_of_metadata
from assistant.records import TokenCount

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from ollama import Client, ShowResponse

    from assistant.models.completion import CompletionPiece, Sampling

LOOK_SECONDS = 0.5  # long enough for a server that runs; `auto` waits this long at every start without one
# Models that can think are told not to: it would take up the answer's tokens. These cannot leave it altogether.
_LEAST_THINKING = {"gpt-oss": "low"}
_SHOW_SECONDS = 20.0  # the verbose answer is some 10 MB of vocabulary
_SIZE = re.compile(r"([\d.]+)\s*([KMBT])", re.IGNORECASE)
_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model that an Ollama has: its tag, size on disk, and number of parameters (0 if it does not say).

    ``digest`` is of the model's content; empty where it is not said.
    """

    tag: str
    n_bytes: int
    n_parameters: float
    digest: str = ""

    @property
    def is_qwen_coder(self) -> bool:
        """Whether ``auto`` may take it. Cloud tags are listed like local ones, but send the prompt away."""
        tag = self.tag.lower()
        return "qwen" in tag and "coder" in tag and not tag.endswith("cloud")


def ollama_address(url: str) -> str:
    """``OLLAMA_HOST`` as people write it (``0.0.0.0``, ``host:port``) as an address to connect to."""
    from ollama._client import _parse_host  # the only place where the client says what it makes of an address

    try:
        return str(_parse_host(url)).replace("//0.0.0.0", "//127.0.0.1")
    except ValueError as error:
        raise ollama_not_running(url) from error


def list_ollama(url: str, *, seconds: float = LOOK_SECONDS) -> list[OllamaModel]:
    """What the Ollama at ``url`` has, largest first. Raises ``ModelUnavailable`` where none answers."""
    import ollama

    try:
        found = _open_client(url, seconds).list().models
    except (ConnectionError, httpx.HTTPError, ollama.ResponseError, ValueError) as error:
        raise ollama_not_running(url) from error
    models = []
    for model in found:
        size = model.details.parameter_size if model.details else None
        n_parameters = _n_parameters(size, model.model or "")
        models.append(OllamaModel(model.model or "", int(model.size or 0), n_parameters, model.digest or ""))
    return sorted(models, key=lambda model: (model.n_parameters, model.n_bytes, model.tag), reverse=True)


def best_coder(models: Sequence[OllamaModel]) -> OllamaModel | None:
    """The Qwen coder model with the most parameters."""
    return next((model for model in models if model.is_qwen_coder), None)


def ollama_not_running(url: str) -> ModelUnavailable:
    """The error for an Ollama that does not answer."""
    return ModelUnavailable(
        f"Ollama does not answer at {url}: start it with `ollama serve`, set QUARRY_OLLAMA_URL, or choose "
        "QUARRY_MODEL=embedded"
    )


def ollama_model_missing(tag: str) -> ModelMissing:
    """The error for a model that Ollama does not have, with the line that fetches it."""
    return ModelMissing(f"Ollama does not have {tag}: run `ollama pull {tag}`")


class OllamaProvider:
    """One model at one Ollama. Raises when opened if the server does not run or does not have the model."""

    def __init__(self, url: str, tag: str | None, *, window_tokens: int) -> None:
        self.url = ollama_address(url)
        if tag is None:
            best = best_coder(list_ollama(url, seconds=_SHOW_SECONDS))
            if best is None:
                raise ollama_model_missing(SUGGESTED_OLLAMA_TAG)
            tag = best.tag
        self.tag = tag
        self.model = f"ollama/{tag}"
        shown = self._show()
        trained = [int(size) for key, size in (shown.modelinfo or {}).items() if key.endswith(".context_length")]
        self.window_tokens = min([window_tokens, *trained])
        self._thinks = "thinking" in (shown.capabilities or ())
        self._vocabulary: Vocabulary | None = None
        self._ask_for_vocabulary_at = 0.0  # by time.monotonic()
        self._lock = threading.Lock()

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """A chat model with this cap on its answer."""
        from assistant.models.chat import open_ollama_chat

        return open_ollama_chat(
            url=self.url,
            model=self.tag,
            window_tokens=self.window_tokens,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            reasoning=_LEAST_THINKING.get(self.tag.partition(":")[0], False) if self._thinks else None,
        )

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        """See ``Provider.complete``."""
        from assistant.models.completion import complete_ollama

        window = self.window_tokens
        return complete_ollama(url=self.url, model=self.tag, window_tokens=window, prompt=prompt, sampling=sampling)

    def check(self) -> None:
        """Raises unless Ollama runs and has the model."""
        self._show()

    def count_text(self, text: str) -> TokenCount:
        """Exact by the model's own vocabulary, which Ollama hands out; else the bound."""
        vocabulary = self._open_vocabulary()
        return TokenCount(vocabulary.count(text), exact=True) if vocabulary else bound_of_text(text)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """Never too low, and not exact: the template is applied by Ollama, in a language of its own."""
        return bound_of_prompt([self.count_text(text_of(message)).n_tokens for message in messages])

    def close(self) -> None:
        """Nothing is held open."""

    def _show(self) -> ShowResponse:
        import ollama

        try:
            return _open_client(self.url, _SHOW_SECONDS).show(self.tag)
        except ollama.ResponseError as error:
            if error.status_code == 404:
                raise ollama_model_missing(self.tag) from error
            raise ModelUnavailable(f"Ollama at {self.url} does not open {self.tag}: {error.error}") from error
        except (ConnectionError, httpx.HTTPError, ValueError) as error:
            raise ollama_not_running(self.url) from error

    def _open_vocabulary(self) -> Vocabulary | None:
        with self._lock:
            if time.monotonic() >= self._ask_for_vocabulary_at:
                try:
                    self._vocabulary = vocabulary_of_metadata(self._show_verbose())
                    self._ask_for_vocabulary_at = math.inf
                except httpx.TransportError:
                    self._ask_for_vocabulary_at = time.monotonic() + RETRY_SECONDS
            return self._vocabulary

    def _show_verbose(self) -> dict[str, Any]:
        """``model_info`` with the vocabulary in it, which the `ollama` client has no argument for; empty where Ollama
        does not show it. Raises httpx.TransportError where it does not answer."""
        try:
            response = httpx.post(
                f"{self.url}/api/show",
                json={"model": self.tag, "verbose": True},
                timeout=_SHOW_SECONDS,
                trust_env=not is_loopback(self.url),
            )
            response.raise_for_status()
            info = response.json().get("model_info")
        except (httpx.HTTPStatusError, httpx.DecodingError, ValueError, AttributeError):
            return {}
        return info if isinstance(info, dict) else {}


def _open_client(url: str, seconds: float) -> Client:
    import ollama

    address = ollama_address(url)
    return ollama.Client(host=address, timeout=seconds, trust_env=not is_loopback(address))


def _n_parameters(said: str | None, tag: str) -> float:
    """``32.8B`` as a number; where the server does not say, by the tag's own ``32b``."""
    match = _SIZE.fullmatch((said or "").strip()) or _SIZE.search(tag.rpartition(":")[2])
    return float(match[1]) * _UNITS[match[2].upper()] if match else 0.0
