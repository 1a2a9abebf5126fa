"""The page's views: asking, one file, signing in. None of them is in the OpenAPI description."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, FastAPI, Query
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from assistant.grounding.statements import without_citations
from indexer.errors import QuarryError

from ..callers import CurrentCaller
from ..pages.files import view_file
from ..pages.rendering import render_blocks
from ..pages.repos import list_for_page
from ..pages.templating import STATIC, render, safe
from ..problems import to_problem
from ..state import State

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class _CheckedFiles(StaticFiles):
    """The page's style and scripts. Browsers ask each time whether they changed, so an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def install(app: FastAPI) -> None:
    """Make ``app`` serve the page's style and scripts."""
    app.mount("/static", _CheckedFiles(directory=STATIC), name="static")


@router.get("/")
def home(state: State, caller: CurrentCaller) -> HTMLResponse:
    """The page to ask on."""
    repositories, unreadable = list_for_page(state.settings.home, caller, None)
    return HTMLResponse(render("home.html", repositories=repositories, unreadable=unreadable))


@router.get("/ui/repos")
def repos(state: State, caller: CurrentCaller) -> HTMLResponse:
    """The list of repositories, with what is known of their sources now."""
    repositories, unreadable = list_for_page(state.settings.home, caller, state.freshness)
    return HTMLResponse(render("_repos.html", repositories=repositories, unreadable=unreadable))


@router.get("/ui/sessions")
def sessions(state: State, caller: CurrentCaller) -> HTMLResponse:
    """The caller's conversations, the last one first."""
    return HTMLResponse(render("_sessions.html", sessions=state.sessions.list_sessions(caller.name)))


@router.get("/ui/sessions/{session_id}")
def session(state: State, caller: CurrentCaller, session_id: str) -> HTMLResponse:
    """A conversation as it was. Its sources were not kept, so the answers' markers are not shown."""
    info, messages = state.sessions.read(caller.name, session_id)
    turns = [
        (message, None if message.role == "user" else safe("".join(render_blocks(without_citations(message.content)))))
        for message in messages
    ]
    return HTMLResponse(render("_session.html", session=info, turns=turns))


@router.get("/ui/votes")
def votes(state: State, caller: CurrentCaller) -> HTMLResponse:
    """The tally of votes on blind comparisons."""
    tallies = [tally for tally in state.votes.tally() if caller.may_see(tally.repo)]
    return HTMLResponse(render("_tally.html", tallies=tallies))


@router.get("/files/{repo}/{path:path}")
def file(
    state: State,
    caller: CurrentCaller,
    repo: str,
    path: str,
    ref: str | None = None,
    commit: str | None = None,
    lines: str | None = None,
    part: Annotated[bool, Query(description="Only what the side panel shows.")] = False,
) -> HTMLResponse:
    """An indexed file as it was indexed, with the lines that were asked for marked."""
    try:
        caller.require(repo)
        view = view_file(state.searcher, state.settings.home, repo, path, ref=ref, commit=commit, lines=lines)
    except QuarryError as error:
        if part:
            raise  # as a problem, which the panel shows
        problem = to_problem(error)
        return HTMLResponse(render("error.html", problem=problem), problem.status)
    return HTMLResponse(render("_file.html" if part else "file.html", file=view, safe=safe))


@router.get("/login")
def login(refused: bool = False, to: str = "/") -> HTMLResponse:
    """Where a key is given to a service that needs one; it leads to ``to`` then."""
    return HTMLResponse(render("login.html", refused=refused, to=to))
