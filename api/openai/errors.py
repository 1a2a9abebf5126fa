"""Errors in OpenAI's own form on ``/v1``: ``{"error": {"message", "type", "param", "code"}}``.

The official client reads the status and these four fields; what an error means is decided in ``problems.py``.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from assistant.errors import PromptTooLong
from indexer.errors import InputError, UnknownRepository

from ..schemas.problems import Problem

_PREFIX = "/v1/"

# What the client of a status sees in ``type`` and, where the error itself says nothing better, in ``code``.
_TYPES: dict[int, tuple[str, str | None]] = {
    HTTPStatus.UNAUTHORIZED: ("authentication_error", "invalid_api_key"),
    HTTPStatus.FORBIDDEN: ("permission_error", None),
    HTTPStatus.TOO_MANY_REQUESTS: ("rate_limit_error", "rate_limit_exceeded"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("server_error", "model_unavailable"),
}


class BadRequest(InputError):
    """A request that cannot be answered: ``param`` names the field, ``code`` is OpenAI's word for the error."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param, self.code = param, code


class ModelNotFound(UnknownRepository):
    """A model, or an encoder, that is not there: where what is asked for is no repository."""


def speaks_openai(path: str) -> bool:
    """Whether errors of this path are told in OpenAI's form."""
    return path.startswith(_PREFIX)


def to_openai(problem: Problem, error: Exception | None = None, param: str | None = None) -> tuple[int, dict[str, Any]]:
    """Status and body for ``problem``, which ``error`` (if known) is behind. OpenAI says 400 where we say 422."""
    status = HTTPStatus.BAD_REQUEST if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY else problem.status
    fallback = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    kind, code = _TYPES.get(status, (fallback, None))
    if isinstance(error, UnknownRepository):
        param, code = "model", "model_not_found"
    elif isinstance(error, PromptTooLong):
        param = "max_tokens" if problem.detail.startswith("max_tokens") else "messages"
        code = "context_length_exceeded"
    elif isinstance(error, BadRequest):
        param, code = error.param, error.code
    return int(status), {"error": {"message": problem.detail, "type": kind, "param": param, "code": code}}


def respond(problem: Problem, error: Exception | None = None, param: str | None = None) -> JSONResponse:
    """The whole response for ``problem``."""
    status, body = to_openai(problem, error, param)
    return JSONResponse(body, status)
