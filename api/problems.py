"""Errors as problem JSON (RFC 9457): which status each family has. No traceback reaches a client."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import ModelError, SessionsUnavailable, UnknownSession
from indexer.errors import EncoderError, IndexingError, InputError, QuarryError, SourceError, UnknownRepository
from indexer.words import without_half_characters

from .errors import BodyTooLarge, Busy, KeyRefused, NotAllowed, Refused, Stopping, VotesUnavailable, WrongHost
from .logs import current_request
from .openai import errors as openai_errors
from .schemas.problems import Problem

_LOG = logging.getLogger("quarry.api")

# The first family that fits decides.
_STATUS: tuple[tuple[type[QuarryError], HTTPStatus], ...] = (
    (KeyRefused, HTTPStatus.UNAUTHORIZED),
    (WrongHost, HTTPStatus.BAD_REQUEST),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (BodyTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Busy, HTTPStatus.TOO_MANY_REQUESTS),
    (Stopping, HTTPStatus.SERVICE_UNAVAILABLE),
    (UnknownRepository, HTTPStatus.NOT_FOUND),
    (UnknownSession, HTTPStatus.NOT_FOUND),
    (SessionsUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (VotesUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (SourceError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (IndexingError, HTTPStatus.CONFLICT),
    (ModelError, HTTPStatus.SERVICE_UNAVAILABLE),
    (EncoderError, HTTPStatus.SERVICE_UNAVAILABLE),
    (QuarryError, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def to_problem(error: Exception) -> Problem:
    """What a client is told of ``error``."""
    if isinstance(error, QuarryError):
        return _problem(next(status for family, status in _STATUS if isinstance(error, family)), str(error))
    _LOG.exception("unexpected error", exc_info=error)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong in the service: see its log.")


def problem_response(error: Exception, path: str) -> JSONResponse:
    """The answer to a request of ``path`` that ended with ``error``, with the headers that belong to it."""
    response = _respond(path, to_problem(error), error)
    if isinstance(error, Refused):
        response.headers.update(error.headers)
    return response


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The part of a route's OpenAPI description that names its errors."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


class UnexpectedErrors:
    """ASGI middleware: an error that nothing handles is a 500 problem, and its kind is in the log of the request.

    Inside of what gives answers their headers: FastAPI's own place for this is outside of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 500. An error within an answer is raised, so that the connection breaks."""
        is_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if scope["type"] != "http" or is_begun:
                raise
            current_request().error = type(error).__name__
            await problem_response(error, scope["path"])(scope, receive, send)


def install(app: FastAPI) -> None:
    """Make the errors that routes raise problems; the rest is for ``UnexpectedErrors``."""

    @app.exception_handler(QuarryError)
    async def on_quarry_error(request: Request, error: QuarryError) -> JSONResponse:
        return problem_response(error, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        problem = _problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {said}")
        return _respond(request.url.path, problem, param=where.removeprefix("body."))

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        response = _respond(request.url.path, _problem(HTTPStatus(error.status_code), str(error.detail)))
        response.headers.update(error.headers or {})
        return response


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description of ``app``, with the schema of problems, which no route has as its answer."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = schema["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        _describe_access(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _describe_access(schema: dict[str, Any]) -> None:
    """Keys, and the answers of those who stand before the routes (``auth``, ``limits``)."""
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    schema["security"] = [{}, {"bearer": []}, {"header": []}]  # {}: on loopback none is needed
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            changes = method not in ("get", "head", "options")
            statuses = (400, 401, 403, 413, 429) if changes else (400, 401, 429)
            if openai_errors.speaks_openai(path) or path.startswith("/health"):
                continue
            for status, response in problem_responses(*statuses).items():
                operation["responses"].setdefault(str(status), response)


def _problem(status: HTTPStatus, detail: str) -> Problem:
    # A detail may name what a client has sent, or a file: what cannot be written must not become another error.
    return Problem(title=status.phrase, status=status.value, detail=without_half_characters(detail))


def _respond(path: str, problem: Problem, error: Exception | None = None, param: str | None = None) -> JSONResponse:
    if openai_errors.speaks_openai(path):
        return openai_errors.respond(problem, error, param)
    return JSONResponse(problem.model_dump(), problem.status, media_type="application/problem+json")
