"""``create_app``: the service, put together from its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from assistant.models.providers import Provider

from . import mcp_http, problems
from .routes import chat, health, openai_chat, openai_models, repos, search
from .settings import ApiSettings
from .state import ServiceState

_LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")

_DESCRIPTION = """
Answers questions about codebases on your own machine. Index a repository with `POST /repos`, ask with `POST /chat`,
look things up with `GET /search`. Every error is problem JSON (RFC 9457) with one line that says what to do.
"""


def create_app(settings: ApiSettings, provider: Provider | None = None) -> FastAPI:
    """The service for ``settings``. ``provider`` replaces the model that the settings name."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with mcp_http.running(mcp):
            yield
        state.close()

    state = ServiceState(settings, provider)
    app = FastAPI(title="Quarry", version=version("quarry-code"), description=_DESCRIPTION, lifespan=lifespan)
    app.state.quarry = state
    problems.install(app)
    if settings.host in _LOOPBACK:
        # A page elsewhere that has its own name point here would otherwise be a local client (DNS rebinding).
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOOPBACK])
    for routes in (chat, search, repos, health, openai_models, openai_chat):
        app.include_router(routes.router)
    mcp = mcp_http.install(app, state)
    app.openapi = lambda: problems.describe(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app
