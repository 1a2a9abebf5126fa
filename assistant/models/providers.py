"""One seam for all models: open the provider that the settings name, and list what there is.

A model is named ``provider/name`` everywhere; ``auto`` and a provider's bare name are choices, made here. What is
chosen is opened or refused: never silently another model, and a hosted one only by its full name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from assistant.errors import ModelError, ModelMissing, ModelUnavailable, UnknownModel
from assistant.models.catalogue import (
    EMBEDDED_MODELS,
    OLLAMA_TAGS,
    PROVIDER_NAMES,
    CatalogueModel,
    find_model,
)
from assistant.models.download import is_downloaded
from assistant.models.explain import explain_model_error
from assistant.models.machine import memory_bytes, usable_cores
from assistant.models.services import SERVICES, unknown_choice
from assistant.records import TokenCount
from assistant.settings import AssistantSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from assistant.models.completion import CompletionPiece, Sampling

__all__ = [
    "ModelListing",
    "Provider",
    "choose_embedded",
    "choose_model",
    "choose_slots",
    "explain_model_error",
    "list_models",
    "open_provider",
]

# Measured on two cores: 1.5B reads 80 prompt tokens a second, so a usual prompt of 2,000 waits 25 s; on one core
# it would wait a minute. Its file, window and buffers take 2 GB; a machine of 4 GB, which tells of some 3.7 GiB, has
# room for the rest. By all the memory, not by what is free now: a choice that changes with the moment asks for another
# model every time.
_LARGE_MIN_CORES = 2
_LARGE_MIN_BYTES = 7 * 1024**3 // 2
_MAX_SLOTS = 4  # each more makes the others slower: see docs/models.md


class Provider(Protocol):
    """A model that can be asked, whoever runs it."""

    model: str  # "embedded/qwen2.5-coder-0.5b"
    window_tokens: int

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        """A LangChain chat model for one answer (may block while an engine loads).

        The last pieces of its stream carry ``usage_metadata`` (``input_token_details["cache_read"]`` from servers
        that say it), ``response_metadata["finish_reason"]`` and, from llama.cpp and Ollama, what
        ``timings.timings_of`` reads: tokens found in the cache, read and written, and the milliseconds of each.
        """

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        """Go on with ``prompt`` as it is, without a chat template (see ``completion.py``)."""

    def check(self) -> None:
        """Raise a ModelError unless the model can answer now. Loads it where that is ours to do."""

    def count_text(self, text: str) -> TokenCount:
        """Tokens of a piece of text, never too few."""

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        """Tokens of a whole prompt with the chat template's own, never too few."""

    def close(self) -> None:
        """End what was started for it."""


@dataclass(frozen=True, slots=True)
class ModelListing:
    """A line of `quarry models`. ``state`` says whether it can be asked now; ``n_bytes`` is None where unknown."""

    name: str
    state: Literal["downloaded", "not downloaded", "ready", "not pulled"]
    n_bytes: int | None
    licence: str | None
    is_auto: bool


def open_provider(
    settings: AssistantSettings, model: str | None = None, *, n_slots: int | None = None, reuse_prompts: bool = True
) -> Provider:
    """Open ``model``, or the one that the settings name. Raises a ``ModelError`` that says what to do.

    Nothing heavy happens yet: an embedded engine starts with the first count or chat model. It answers ``n_slots``
    requests at once (by default what the settings say), each with the whole window. Without ``reuse_prompts`` it has
    one slot, no cache and no speculation, and its answers depend on nothing that was asked before (for measurements);
    servers that others run are not ours to set.
    """
    provider, name = _split(model or settings.model)
    if provider == "auto":
        provider, name = _choose(settings)
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if provider == "ollama":
        from assistant.models.ollama_server import OllamaProvider

        return OllamaProvider(settings.ollama_url, name, window_tokens=settings.window_tokens)
    if provider == "openai":
        from assistant.models.openai_server import OpenAIProvider

        return OpenAIProvider(settings.openai_url, key, name, window_tokens=settings.window_tokens)
    if provider != "embedded":
        return _open_hosted(settings, provider, name or "")
    chosen = find_model(name) if name else choose_embedded()
    if not is_downloaded(settings.home, chosen):
        raise _missing(settings, chosen)
    from assistant.models.embedded import EmbeddedProvider
    from assistant.models.engine import PLAIN, EngineOptions

    slots = n_slots or settings.engine_slots or choose_slots(chosen, settings.window_tokens)
    quick = EngineOptions(n_slots=slots, speculation=settings.engine_speculation)

    return EmbeddedProvider(
        settings.home,
        chosen,
        window_tokens=settings.window_tokens,
        threads=settings.engine_threads,
        start_seconds=settings.engine_start_seconds,
        options=quick if reuse_prompts else PLAIN,
    )


def _open_hosted(settings: AssistantSettings, provider: str, name: str) -> Provider:
    from assistant.models.hosted import HostedProvider

    window = settings.window_tokens if "window_tokens" in settings.model_fields_set else None
    try:
        return HostedProvider(provider, name, window_tokens=window)
    except UnknownModel as error:
        raise _unknown(f"{provider}/{name}") from error


def choose_model(settings: AssistantSettings) -> str:
    """The full name of the model that the settings mean now, whether it is here or not.

    For a bare ``ollama`` or ``openai`` that is the provider's name: its server knows the rest.
    """
    provider, name = _split(settings.model)
    if provider == "auto":
        provider, name = _choose(settings)
    if provider == "embedded" and name is None:
        return choose_embedded().full_name
    return f"{provider}/{name}" if name else provider


def choose_embedded() -> CatalogueModel:
    """The largest catalogue model that this machine runs at a bearable speed."""
    smallest, *_, largest = EMBEDDED_MODELS.values()
    n_bytes = memory_bytes()
    if usable_cores() < _LARGE_MIN_CORES or (n_bytes is not None and n_bytes < _LARGE_MIN_BYTES):
        return smallest
    return largest


def choose_slots(model: CatalogueModel, window_tokens: int) -> int:
    """How many answers at once this machine has memory for: 1 to 4.

    Their windows may take a quarter of what the model itself leaves (twice its file: the weights are kept again in
    the order that the processor likes).
    """
    n_bytes = memory_bytes()
    if n_bytes is None:
        return 1
    window_bytes = window_tokens * model.kv_bytes_per_token
    return max(1, min(_MAX_SLOTS, (n_bytes - 2 * model.n_bytes) // 4 // window_bytes))


def list_models(settings: AssistantSettings) -> list[ModelListing]:
    """Every model that could be asked: the catalogue's, the Ollama's, the OpenAI-compatible server's.

    A server that does not answer contributes nothing and is no error.
    """
    provider, name = _choose(settings)
    auto = f"{provider}/{name}"
    listings = [
        ModelListing(
            name=model.full_name,
            state="downloaded" if is_downloaded(settings.home, model) else "not downloaded",
            n_bytes=model.n_bytes,
            licence=model.licence,
            is_auto=model.full_name == auto,
        )
        for model in EMBEDDED_MODELS.values()
    ]
    return listings + _list_ollama(settings, auto) + _list_openai(settings)


def _list_ollama(settings: AssistantSettings, auto: str) -> list[ModelListing]:
    from assistant.models.ollama_server import list_ollama

    try:
        have = {model.tag: model.n_bytes for model in list_ollama(settings.ollama_url)}
    except ModelUnavailable:
        have = {}
    ready = [
        ModelListing(f"ollama/{tag}", "ready", n_bytes, None, f"ollama/{tag}" == auto) for tag, n_bytes in have.items()
    ]
    return ready + [
        ModelListing(f"ollama/{tag}", "not pulled", None, None, False) for tag in OLLAMA_TAGS if tag not in have
    ]


def _list_openai(settings: AssistantSettings) -> list[ModelListing]:
    if not settings.openai_url:
        return []
    from assistant.models.openai_server import list_openai

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    try:
        served = list_openai(settings.openai_url, key)
    except ModelError:
        return []
    return [ModelListing(f"openai/{model.name}", "ready", None, None, False) for model in served]


def _split(model: str) -> tuple[str, str | None]:
    """``provider/name`` as its two halves; a bare catalogue name belongs to the embedded engine.

    A provider that is none of ours is a hosted one, if LangChain knows it: who opens it finds out. LangChain reads such
    names whatever their case, so they are here, or ``OpenAI/x`` would go where ``openai/x`` does not.
    """
    said, slash, name = model.strip().partition("/")
    provider = said.lower().replace("-", "_") if slash else said
    if provider in PROVIDER_NAMES:
        return provider, name or None
    if slash and name and provider.isidentifier() and provider != "auto":
        return provider, name
    if provider in SERVICES:
        raise UnknownModel(f"{provider} has many models: name one, as {provider}/NAME")
    if provider == "auto" and not slash:
        return "auto", None
    if not slash and provider in EMBEDDED_MODELS:
        return "embedded", provider
    raise _unknown(model)


def _unknown(model: str) -> UnknownModel:
    ollama = (f"ollama/{tag}" for tag in OLLAMA_TAGS)
    return unknown_choice(model, ["auto", *(known.full_name for known in EMBEDDED_MODELS.values()), *ollama])


def _choose(settings: AssistantSettings) -> tuple[str, str]:
    """What ``auto`` is now: the largest Qwen coder of a running Ollama, else our own engine's."""
    from assistant.models.ollama_server import best_coder, list_ollama

    try:
        best = best_coder(list_ollama(settings.ollama_url))
    except ModelUnavailable:
        best = None
    return ("ollama", best.tag) if best else ("embedded", choose_embedded().name)


def _missing(settings: AssistantSettings, chosen: CatalogueModel) -> ModelMissing:
    line = f"{chosen.full_name} is not downloaded yet: run `quarry models pull {chosen.name}`"
    others = [model.full_name for model in EMBEDDED_MODELS.values() if is_downloaded(settings.home, model)]
    return ModelMissing(f"{line}, or set QUARRY_MODEL={others[0]}, which is here" if others else line)
