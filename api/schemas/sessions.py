"""``/sessions``: conversations that the server keeps."""

from __future__ import annotations

from typing import Literal

from .base import Schema


class Session(Schema):
    """A conversation that the server keeps. ``title`` is the head of its first question.

    ``repo`` is what was asked last, with its ref where the request named one (`click@8.1`); null where
    that is too long to keep. Times are UTC, as ISO 8601.
    """

    id: str
    title: str
    repo: str | None
    created_at: str
    updated_at: str
    n_messages: int


class SessionMessage(Schema):
    """One message of a session, and when it was stored."""

    role: Literal["user", "assistant"]
    content: str
    repo: str | None
    at: str


class SessionWithMessages(Session):
    """A session with its messages, oldest first; of very long sessions the last ones."""

    messages: list[SessionMessage]
