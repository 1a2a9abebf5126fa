"""All settings of the service, on one page; the assistant's and the indexer's are inherited."""

from __future__ import annotations

from pydantic import Field

from assistant.settings import AssistantSettings


class ApiSettings(AssistantSettings):
    """What serving needs to know beside the rest."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; loopback only by default.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
