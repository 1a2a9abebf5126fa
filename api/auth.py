"""Who is asking: a key in a header, or a browser that was signed in with one. Runs before every route.

Deny by default: where keys are required, only the paths named here are open without one.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from indexer.errors import InputError

from .callers import Caller
from .errors import KeyRefused, Refused
from .keys import Key
from .logs import current_request
from .problems import problem_response
from .settings import ApiSettings
from .state import ServiceState, State

_LOG = logging.getLogger("quarry.api")

COOKIE = "quarry_login"
_COOKIE_SECONDS = 30 * 24 * 3600
_MAX_FORM_BYTES = 1000  # a key has 46
_OPEN_PATHS = ("/health", "/login", "/static", "/docs", "/openapi.json", "/favicon.ico")
_NOBODY = Caller(repos=frozenset())

router = APIRouter(include_in_schema=False)


class Authentication:
    """ASGI middleware: puts the ``Caller`` where ``CurrentCaller`` finds it, or answers 401 or 429."""

    def __init__(self, app: ASGIApp, state: ServiceState) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its caller, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            try:
                caller = await self._identify(headers, scope["path"])
            except KeyRefused as error:
                if scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
                    wanted = b"?".join(filter(None, (scope["raw_path"], scope["query_string"]))).decode("latin-1")
                    await RedirectResponse(_form_address(wanted), 303)(scope, receive, send)
                else:
                    await problem_response(error, scope["path"])(scope, receive, send)
                return
            except Refused as error:
                self._state.metrics.count_rejected("rate")
                await problem_response(error, scope["path"])(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
            current_request().key = caller.name
        await self._app(scope, receive, send)

    async def _identify(self, headers: Headers, path: str) -> Caller:
        if not self._state.settings.needs_keys:
            return Caller()
        is_open = any(path == start or path.startswith(f"{start}/") for start in _OPEN_PATHS)
        key = self._find_key(headers)
        if key is None:
            if is_open:
                return _NOBODY
            raise KeyRefused(
                "This service asks for a key, and there was none that it knows: send `Authorization: Bearer KEY`."
            )
        if not is_open:
            self._state.rates.take(key)
        if self._state.keys.must_touch(key):
            await asyncio.to_thread(self._touch, key)
        return Caller(key.name, key.repos, self._state.settings.home, key.max_tokens_per_day, key.hash)

    def _find_key(self, headers: Headers) -> Key | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if kind.lower() == "bearer" else headers.get("x-api-key")
        if given:
            return self._state.keys.find(given)
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        return self._state.keys.find_signed_in(cookie) if cookie else None

    def _touch(self, key: Key) -> None:
        try:
            self._state.keys.touch(key)
        except sqlite3.Error as error:  # worth a line, not a refused question
            _LOG.warning("the last use of key %s was not written: %s", key.name, type(error).__name__)


@router.post("/login")
async def sign_in(request: Request, state: State, to: str = "/") -> Response:
    """Sign a browser in with a key: form field ``key``. Leads to the address ``to`` of ours, or back to the form."""
    form = (await request.body())[:_MAX_FORM_BYTES]  # of who has no key yet: a long one takes a second to take apart
    given = parse_qs(form.decode("utf-8", "replace")).get("key", [""])[0].strip()
    key = state.keys.find(given) if given else None
    if key is None:
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(_form_address(to, refused="1"), 303)
        raise KeyRefused("This key is not known: ask for another one.")
    response = RedirectResponse(to if _is_ours(to) else "/", 303)
    response.set_cookie(
        COOKIE,
        await asyncio.to_thread(state.keys.sign_in, key),
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="lax",  # links to citations from elsewhere are followed; what changes things, ``SameSite`` guards
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
async def sign_out() -> Response:
    """Forget that a browser was signed in."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def _form_address(to: str, **query: str) -> str:
    """The form that leads to ``to`` when a key was given."""
    query |= {"to": to} if to != "/" else {}
    return f"/login?{urlencode(query)}" if query else "/login"


def _is_ours(address: str) -> bool:
    """Whether ``address`` is a path of this service, and not another one's, as //example.org is."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))


def check_keys(settings: ApiSettings, state: ServiceState) -> None:
    """Raise InputError where clients need a key and there is none that they could have."""
    if settings.needs_keys and not state.keys.list_keys():
        where = "" if settings.on_loopback else f" on {settings.host}"
        raise InputError(f"Serving{where} needs a key, and there is none: make one with `quarry keys create NAME`.")
