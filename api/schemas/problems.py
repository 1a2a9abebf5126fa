"""What every route but OpenAI's answers where something is wrong."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """An error after RFC 9457: one line in ``detail`` that says what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "No repository 'clik' is indexed. Did you mean click?",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
