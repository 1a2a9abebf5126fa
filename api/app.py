"""``create_app``: the service, put together from its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from assistant.models.providers import Provider

from . import auth, mcp_http, problems, reference
from .limits import BodyLimit, SameSite, SecurityHeaders, TrustedHosts
from .logs import RequestLog
from .routes import (
    chat,
    health,
    metrics,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_models,
    page_answers,
    pages,
    repos,
    search,
    sessions,
    votes,
)
from .settings import ApiSettings
from .state import ServiceState

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

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
    app = FastAPI(
        title="Quarry",
        version=version("quarry-code"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # they load from elsewhere; ``reference`` has a page of our own
        redoc_url=None,
    )
    app.state.quarry = state
    problems.install(app)
    _add_middleware(app, settings, state)
    openai = (openai_models, openai_chat, openai_completions, openai_embeddings)
    apis = (chat, sessions, search, repos, votes, health, metrics, *openai)
    for routes in (*apis, auth, reference, pages, page_answers):
        app.include_router(routes.router)
    pages.install(app)
    mcp = mcp_http.install(app, state)
    app.openapi = lambda: problems.describe(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _add_middleware(app: FastAPI, settings: ApiSettings, state: ServiceState) -> None:
    """From the innermost to the outermost: each wraps those before it."""
    app.add_middleware(auth.Authentication, state=state)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(SameSite, origins=settings.cors_origins)
    app.add_middleware(problems.UnexpectedErrors)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],  # clients' libraries add their own; no cookie is let through
            expose_headers=["Location", "Retry-After", "X-Request-ID"],
        )
    if settings.on_loopback:
        app.add_middleware(TrustedHosts, names=(*_LOOPBACK, settings.host, *settings.trusted_hosts))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog, metrics=state.metrics)
