"""Hosted providers, by the names that LangChain's ``init_chat_model`` has for them: package and key of each.

A provider that is missing here can be asked all the same where LangChain knows it; then its class says what it lacks.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.errors import UnknownModel
from assistant.models.catalogue import unknown_model


@dataclass(frozen=True, slots=True)
class Service:
    """A hosted provider: the package that holds its LangChain class, and the environment variables of its key.

    Any one of ``key_variables`` will do, and the first is the usual one. They are named where the class's own source
    was read; elsewhere, and where a key is not the only way in, the class itself says what it needs.
    """

    package: str
    key_variables: tuple[str, ...] = ()


SERVICES: Mapping[str, Service] = {
    "anthropic": Service(
        "langchain-anthropic",
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_FEDERATION_RULE_ID"),
    ),
    "anthropic_bedrock": Service("langchain-aws"),
    "azure_ai": Service("langchain-azure-ai"),
    "azure_openai": Service("langchain-openai", ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_KEY")),
    "baseten": Service("langchain-baseten"),
    "bedrock": Service("langchain-aws"),
    "bedrock_converse": Service("langchain-aws"),
    "bedrock_mantle_anthropic": Service("langchain-aws"),
    "bedrock_mantle_openai": Service("langchain-aws"),
    "cohere": Service("langchain-cohere"),
    "deepseek": Service("langchain-deepseek"),
    "fireworks": Service("langchain-fireworks"),
    "google_anthropic_vertex": Service("langchain-google-vertexai"),
    "google_genai": Service(
        "langchain-google-genai",
        # The last two stand for an account of Google Cloud, which needs no key.
        ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_CLOUD_PROJECT"),
    ),
    "google_vertexai": Service("langchain-google-vertexai"),
    "groq": Service("langchain-groq"),
    "huggingface": Service("langchain-huggingface"),
    "ibm": Service("langchain-ibm"),
    "langsmith": Service("langchain-openai"),
    "litellm": Service("langchain-litellm"),
    "meta": Service("langchain-meta"),
    "mistralai": Service("langchain-mistralai"),
    "nvidia": Service("langchain-nvidia-ai-endpoints"),
    "openrouter": Service("langchain-openrouter"),
    "perplexity": Service("langchain-perplexity"),
    "together": Service("langchain-together"),
    "upstage": Service("langchain-upstage"),
    "xai": Service("langchain-xai"),
}

_NEAR = 0.7  # of a misspelled provider: less finds names that merely share some letters
_HOW_HOSTED = "a hosted model is PROVIDER/NAME by LangChain's provider, as anthropic/NAME or google_genai/NAME"


def is_hosted(model: str) -> bool:
    """Whether the full name is that of a hosted provider's model."""
    return model.partition("/")[0] in SERVICES


def unknown_choice(model: str, known_names: list[str]) -> UnknownModel:
    """The error for a model that no provider has, with near names, and how a hosted one is named."""
    kind, _, name = model.partition("/")
    near = difflib.get_close_matches(kind.lower(), SERVICES, n=1, cutoff=_NEAR) if name else []
    error = unknown_model(model, [*known_names, *(f"{service}/{name}" for service in near)])
    return UnknownModel(f"{error}; {_HOW_HOSTED}")
