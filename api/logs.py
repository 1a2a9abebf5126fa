"""One line of log a request, as JSON or text: what it was and what it took, never what was asked or answered.

``RequestLog`` gives every request an id, a record that the routes fill, its line in the end, and its count in the
metrics. Also here: how this process logs at all. Tracebacks keep their places and lose their messages, which may hold
code; QUARRY_LOG_CONTENT=true switches all of that off.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
import uuid
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from pythonjsonlogger.json import JsonFormatter
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import ApiSettings

if TYPE_CHECKING:
    from .metrics import Metrics

_LOG = logging.getLogger("quarry.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_QUIET_PATHS = ("/health/", "/metrics", "/static/")  # asked for by machines all day: logged at debug only
_ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


@dataclass(slots=True)
class RequestRecord:
    """What is known of one request; its log line. Milliseconds are those of the request's own part, but for ``ms``.

    ``question`` and ``answer`` are filled only where content is to be logged.
    """

    request_id: str
    method: str = ""
    route: str | None = None
    status: int | None = None
    ms: float = 0.0
    key: str | None = None
    queue_ms: float | None = None
    retrieval_ms: float | None = None
    first_token_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    outcome: str | None = None
    error: str | None = None
    question: str | None = None
    answer: str | None = None


_current: ContextVar[RequestRecord | None] = ContextVar("quarry_request", default=None)


def current_request() -> RequestRecord:
    """The record of the request that is being answered; outside of one a record that nobody reads."""
    return _current.get() or RequestRecord("")


class RequestLog:
    """ASGI middleware, the outermost of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with an id, and write its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        record = RequestRecord(given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex, scope["method"])
        _current.set(record)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = record.request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            record.error = type(error).__name__
            raise
        finally:
            record.route = _route_of(scope)
            record.ms = round((time.perf_counter() - started) * 1000, 1)
            self._metrics.count_request(record.route or "unmatched", record.method, record.status or 499)
            quiet = scope["path"].startswith(_QUIET_PATHS) and (record.status or 500) < 400
            _LOG.log(logging.DEBUG if quiet else logging.INFO, "request", extra={"request": record})


def configure_logging(settings: ApiSettings) -> None:
    """Log to standard error as the settings say: ours at their level, other libraries' warnings only."""
    formatter: _WithoutContent
    if settings.log_format == "json":
        formatter = _JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=_RENAMED)
    else:
        formatter = _TextFormatter("%(asctime)s %(levelname)-7s %(name)s %(message)s")
    formatter.with_content = settings.log_content
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_fill)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("quarry").setLevel(settings.log_level.upper())
    if not settings.log_content:
        logging.getLogger("quarry.engine").setLevel(max(logging.INFO, logging.getLogger("quarry").level))


_RENAMED = {"asctime": "time", "levelname": "level", "name": "logger"}


def _fill(entry: logging.LogRecord) -> bool:
    """Spread a request's record over the entry; give every other entry the id of the request that it belongs to."""
    record = entry.__dict__.pop("request", None)
    if isinstance(record, RequestRecord):
        entry.__dict__.update({name: value for name, value in asdict(record).items() if value is not None})
    elif (current := _current.get()) is not None:
        entry.__dict__["request_id"] = current.request_id
    return True


class _WithoutContent(logging.Formatter):
    with_content = False

    def formatException(self, ei: _ErrorInfo) -> str:
        """Where it happened, and the kinds of the errors; with content the usual traceback."""
        if self.with_content:
            return super().formatException(ei)
        lines = []
        error = ei[1]
        while error is not None:
            lines += [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip()


class _JsonFormatter(_WithoutContent, JsonFormatter):
    pass


class _TextFormatter(_WithoutContent):
    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, with the fields of a request after it."""
        names = [name for name in RequestRecord.__dataclass_fields__ if name in record.__dict__]
        return " ".join([super().formatMessage(record), *(f"{name}={record.__dict__[name]!s}" for name in names)])


def _route_of(scope: Scope) -> str | None:
    """The route's template, such as /repos/{name}: what was in the path may be a secret, and is no label."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path is not None else None
