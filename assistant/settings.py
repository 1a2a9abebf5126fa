"""All settings of models and answers, on one page; the indexer's are inherited.

Every field can be set by an environment variable: ``QUARRY_`` and its name in capitals.
"""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field, SecretStr

from indexer.settings import IndexerSettings

Speculation = Literal["none", "ngram-mod", "ngram-simple", "ngram-map-k", "ngram-cache"]


class AssistantSettings(IndexerSettings):
    """What answering needs to know. Sizes are in tokens of the model unless the name says otherwise."""

    model: str = Field(
        default="auto",
        description="`auto`, a provider (`embedded`, `ollama`, `openai`), or `provider/name`; also a hosted one, as "
        "`anthropic/name`, to which the code is sent.",
    )
    ollama_url: str = Field(
        default_factory=lambda: os.environ.get("OLLAMA_HOST") or "http://127.0.0.1:11434",
        description="Where Ollama listens.",
    )
    openai_url: str | None = Field(default=None, description="Base URL of an OpenAI-compatible server, ending in /v1.")
    openai_api_key: SecretStr | None = Field(default=None, description="Key for that server, if it asks for one.")
    window_tokens: int = Field(
        default=8192,
        ge=512,
        description="Context window that is asked of the engine or of Ollama (num_ctx). A hosted model, of which bytes "
        "are counted, has 32,768 if this is unset.",
    )
    first_token_seconds: float = Field(
        default=15.0,
        gt=0,
        description="Target time to the first token: as much code is sent as is read in it, at the measured speed.",
    )
    context_tokens: int | None = Field(
        default=None,
        ge=64,
        description="Budget of retrieved code in a prompt, whatever the wait; unset, the time decides.",
    )
    min_confidence: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Below this probability that the hits hold the answer, the model is not asked; 0 always asks.",
    )
    max_answer_tokens: int = Field(default=512, ge=1, description="Cap on a generated answer.")
    engine_threads: int | None = Field(
        default=None,
        ge=1,
        description="Threads of the embedded engine; the cores that are free when it starts, if unset.",
    )
    engine_slots: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="Answers that the embedded engine writes at once, each with the whole window; by memory, if unset.",
    )
    engine_speculation: Speculation = Field(
        default="none",
        description="Guessing tokens from what the prompt and the answer said before: `none`, `ngram-mod`, "
        "`ngram-simple`, `ngram-map-k` or `ngram-cache`.",
    )
    engine_start_seconds: float = Field(default=120.0, gt=0, description="How long an engine may take to load.")
    sessions_url: SecretStr | None = Field(
        default=None,
        description="Database of conversations, as a URL of SQLAlchemy; sessions.db below the home, if unset.",
    )
    session_days: float = Field(
        default=30.0, gt=0, description="Days after its last turn that a conversation is forgotten."
    )
