"""All settings of evaluations, on one page; the assistant's and the indexer's are inherited.

Every field can be set by an environment variable: ``QUARRY_`` and its name in capitals.
"""

from __future__ import annotations

from pydantic import Field

from assistant.settings import AssistantSettings


class EvalSettings(AssistantSettings):
    """What evaluating needs to know."""

    sandbox_image: str | None = Field(
        default=None,
        description="Container image that generated code runs in where bubblewrap is not installed; its interpreters "
        "and compilers must lie where this machine has them, or be named without a folder.",
    )
    sandbox_engine: str | None = Field(
        default=None, description="Command that runs containers, `docker` or `podman`; the one that is there, if unset."
    )
