"""What a request may be: its size, its rate, where its page comes from; and the headers that keep a browser careful.

All as plain ASGI middleware: a wrapper that buffers would break streams.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import BodyTooLarge, Busy, NotAllowed, WrongHost, whole_seconds
from .keys import Key
from .problems import problem_response

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_HEADERS = {
    # No script, style or picture from elsewhere, none within a page; a page of ours in no frame.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Adds the headers to every answer that has none of that name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class TrustedHosts:
    """Refuses requests under a name that is none of ``names``, where ``*.example.org`` is all below it and ``*`` any.

    A page elsewhere that has its own name point here would otherwise be a local client (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self._app, self._names = app, [name.lower() for name in names]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400."""
        if scope["type"] == "http" and not self._allows(host := Headers(scope=scope).get("host", "")):
            error = WrongHost(
                f"This service is not known as {host[:100]!r}: QUARRY_TRUSTED_HOSTS names the hosts under which "
                "clients reach it through a proxy."
            )
            await problem_response(error, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _allows(self, header: str) -> bool:
        try:
            host = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        return any(host == name or (name.startswith("*") and host.endswith(name[1:])) for name in self._names)


class SameSite:
    """Refuses what a page of another site would have a browser do here: it changes things in its user's name.

    Browsers say where a request comes from (Sec-Fetch-Site, or Origin in older ones); other clients do not.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and not self._allows(Headers(scope=scope)):
            error = NotAllowed("A page of another site may not do this: QUARRY_CORS_ORIGINS names those that may.")
            await problem_response(error, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _allows(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is not None and origin in self._origins:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        return origin is None or origin.partition("://")[2] == headers.get("host")


class BodyLimit:
    """Refuses a body of more than ``max_bytes``, whether it says its length before or comes in chunks."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        what = f"The request is larger than {self._max_bytes:,} bytes: send less, or raise QUARRY_MAX_BODY_BYTES."
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > self._max_bytes:
            await problem_response(BodyTooLarge(what), scope["path"])(scope, receive, send)
            return
        n_bytes = 0

        async def receive_counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            if message["type"] == "http.request":
                n_bytes += len(message.get("body", b""))
                if n_bytes > self._max_bytes:
                    raise HTTPException(413, what)  # the one kind that FastAPI lets through when it reads a body
            return message

        await self._app(scope, receive_counted, send)


class RateLimiter:
    """Requests a minute of each key, as a bucket that holds a minute's worth and fills evenly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # requests left, and when that was so

    def take(self, key: Key) -> None:
        """Count a request of ``key``. Raises Busy where its limit is reached."""
        if key.requests_per_minute is None:
            return
        per_second, now = key.requests_per_minute / 60, self._clock()
        left, since = self._buckets.get(key.name, (float(key.requests_per_minute), now))
        left = min(float(key.requests_per_minute), left + (now - since) * per_second)
        if left < 1:
            self._buckets[key.name] = (left, now)
            seconds = (1 - left) / per_second
            what = f"This key may ask {key.requests_per_minute} times a minute: wait {whole_seconds(seconds)} s."
            raise Busy(what, seconds)
        self._buckets[key.name] = (left - 1, now)
