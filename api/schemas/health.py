"""``/health``: whether the service can answer."""

from __future__ import annotations

from typing import Literal

from .base import Schema


class Health(Schema):
    """Whether the service lives, or can answer. ``reason`` says what is missing."""

    status: Literal["ok", "unavailable"]
    model: str | None = None
    reason: str | None = None
