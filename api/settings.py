"""All settings of the service, on one page; the assistant's and the indexer's are inherited."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from assistant.settings import AssistantSettings

_Names = Annotated[tuple[str, ...], NoDecode]  # with commas between them


class ApiSettings(AssistantSettings):
    """What serving needs to know beside the rest."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; loopback only by default.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    trusted_hosts: _Names = Field(
        default=(),
        description="Further names under which a service on loopback is reached, by a proxy on the same machine; "
        "with commas between them. Keys are then required.",
    )
    require_keys: bool = Field(
        default=False, description="Ask for a key on loopback, too; on any other address one is always asked for."
    )
    cors_origins: _Names = Field(
        default=(),
        description="Origins whose pages may call the service, such as https://example.org; none by default.",
    )
    max_body_bytes: int = Field(default=2_000_000, ge=1, description="Largest body of a request.")
    model_slots: int | None = Field(
        default=None, ge=1, description="Answers at once; what the embedded engine can do, or 4, if unset."
    )
    queue_length: int = Field(default=32, ge=0, description="Questions that may wait for the model.")
    shutdown_seconds: float = Field(default=30.0, ge=0, description="How long running answers may take at the end.")
    log_format: Literal["json", "text"] = Field(default="json", description="How lines of the log are written.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
    log_content: bool = Field(default=False, description="Log questions and answers, too: they may hold code.")

    @field_validator("trusted_hosts", "cors_origins", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        if not isinstance(names, str):
            return names
        return tuple(part.strip().rstrip("/") for part in names.split(",") if part.strip())

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name that may be anything
            return False

    @property
    def needs_keys(self) -> bool:
        """Whether every client must show a key."""
        return self.require_keys or not self.on_loopback or bool(self.trusted_hosts)
