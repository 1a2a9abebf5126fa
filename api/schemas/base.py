"""What the records of all routes share. Lines are 1-based and inclusive."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

REPO_FORM = "Name of an indexed repository, NAME@REF, several with commas between them, or `all`."

# Both are bounded, also so that half characters, which JSON can hold and UTF-8 cannot, are refused.
RepoText = Annotated[str, Field(max_length=100_000)]
RefText = Annotated[str, Field(max_length=4096)]


class Schema(BaseModel):
    """A record with these fields and no others."""

    model_config = ConfigDict(extra="forbid")
