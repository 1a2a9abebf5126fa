"""What the records of all routes share. Lines are 1-based and inclusive."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

REPO_FORM = "Name of an indexed repository, NAME@REF, several with commas between them, or `all`."


class Schema(BaseModel):
    """A record with these fields and no others."""

    model_config = ConfigDict(extra="forbid")
