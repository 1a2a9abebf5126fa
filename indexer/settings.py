"""All settings of the indexer, on one page. Read at the edge (CLI, service), then passed down.

Every field can be set by an environment variable: ``QUARRY_`` and its name in capitals.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .selection import MAX_FILE_BYTES


class IndexerSettings(BaseSettings):
    """What the indexer and the search read. Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="QUARRY_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("quarry"),
        description="The folder under which Quarry keeps everything: indexes, clones, models.",
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    encoder: str = Field(
        default="quarry-static",
        description="Encoder of new indexes: the built-in one, or any sentence-transformers name or path.",
    )
    max_file_bytes: int = Field(
        default=MAX_FILE_BYTES, ge=1, description="Larger files are left out: they are data more often than code."
    )
    lock_wait_seconds: float = Field(
        default=600.0, ge=0, description="How long a writer waits for another writer of the same repository."
    )
