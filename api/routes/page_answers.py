"""What the page asks: answers and comparisons as events with HTML, hits, and votes."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from assistant.compare import Arm, Comparison, Vote, random_order, stream_both
from assistant.events import AskRequest
from assistant.preparing import check_question
from assistant.records import Answer, Message
from indexer.errors import InputError
from indexer.records import Hit

from ..asking import ask_in_turn, check_repository
from ..callers import Caller, CurrentCaller
from ..conversations import ask_in_session, with_history
from ..errors import VotesUnavailable
from ..pages.highlighting import highlight_lines
from ..pages.streams import PageEvent, answer_html, blind_event, encode, finished, gather_both, page_events
from ..pages.templating import render, safe
from ..pages.traces import contributions
from ..schemas.base import RefText, RepoText
from ..sse import stream
from ..state import ServiceState, State
from ..votes import cast

router = APIRouter(include_in_schema=False, prefix="/ui")

_N_HITS = 10


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PageQuestion(_Body):
    """A question as the page sends it. ``session_id`` names the conversation that it goes on with; null: a new one."""

    repo: RepoText
    ref: RefText | None = None
    question: str = Field(max_length=1_000_000)
    session_id: Annotated[str, Field(max_length=1000)] | None = None
    mode: Literal["ask", "compare", "blind"] = "ask"
    abstain: bool = True


class PageSearch(_Body):
    """Words to look for."""

    repo: RepoText
    ref: RefText | None = None
    query: str


class PageVote(_Body):
    """Which answer of a ballot was better."""

    ballot: str
    vote: Vote
    keep_question: bool = False


@router.post("/ask")
async def ask_page(body: PageQuestion, state: State, caller: CurrentCaller) -> Response:
    """The answer as server-sent events. A browser that hangs up stops the generation.

    An answer goes into the conversation; a comparison is asked with what was said there, and leaves it as it was.
    """
    messages = [Message("user", body.question)]
    asked = AskRequest(repo=body.repo, messages=messages, ref=body.ref or None, abstain=body.abstain)
    check_question(asked.messages)
    session_id = body.session_id or secrets.token_hex(16)

    if body.mode == "ask":
        events = page_events(ask_in_session(state, asked, caller, session_id), body.question)
    else:
        await check_repository(state, asked, caller)
        asked = await with_history(state, asked, caller, session_id)
        if body.mode == "compare":
            events = page_events(stream_both(ask_in_turn(state, caller), asked), body.question)
        else:
            events = _ask_blind(state, asked, caller)
    first = await anext(events)  # what cannot be asked fails here, while the status can still say so
    return stream(first, events, encode, headers={"X-Session-ID": session_id})


@router.post("/search")
async def search_page(body: PageSearch, state: State, caller: CurrentCaller) -> HTMLResponse:
    """The best hits as HTML; works without a model."""
    repo = caller.narrow(body.repo)
    result = await run_in_threadpool(state.searcher.search, repo, body.query, k=_N_HITS, ref=body.ref or None)
    hits = [(hit, contributions(hit)) for hit in result.hits]
    return HTMLResponse(render("_hits.html", hits=hits, result=result, preview=_preview))


@router.post("/vote")
async def vote_page(body: PageVote, state: State, caller: CurrentCaller) -> JSONResponse:
    """Keep a vote, and tell which answer was which. Where it cannot be kept, it can be cast again."""
    ballot = state.ballots.take(body.ballot, caller.name)
    if ballot is None:
        raise InputError("These answers were voted on already, or the service was started again: compare anew.")
    try:
        await run_in_threadpool(state.votes.add, cast(ballot, body.vote, keep_question=body.keep_question))
    except VotesUnavailable:
        state.ballots.put_back(body.ballot, ballot)
        raise
    tallies = [tally for tally in await run_in_threadpool(state.votes.tally) if tally.repo == ballot.repo]
    return JSONResponse(
        {
            "sides": [_reveal(arm, ballot.comparison.of(arm), ballot.question) for arm in ballot.order],
            "tally": render("_tally.html", tallies=tallies),
        }
    )


async def _ask_blind(state: ServiceState, asked: AskRequest, caller: Caller) -> AsyncGenerator[PageEvent, None]:
    """Both answers, shown together at the end in random order: the wait for the first word would tell them apart.

    Nor may the one with code abstain, which the other one cannot.
    """
    answers: dict[Arm, Answer] = {}
    async with aclosing(stream_both(ask_in_turn(state, caller), replace(asked, abstain=False))) as both:
        await anext(both)  # the passages, which are not shown: what cannot be asked fails here, before anything is sent
        yield "progress", {"n_done": 0}
        async with aclosing(gather_both(both, answers)) as events:
            async for event in events:
                yield event
    comparison, order = Comparison(answers["with"], answers["without"]), random_order()
    ballot = state.ballots.put(asked.repo or "", asked.messages[-1].content, order, comparison, caller.name)
    yield blind_event(ballot, order, comparison)


def _preview(hit: Hit) -> Markup:
    """A hit's code, highlighted."""
    return safe("\n".join(highlight_lines(hit.chunk.text, hit.chunk.path)))


def _reveal(arm: Arm, answer: Answer, question: str) -> dict[str, Any]:
    return {"arm": arm, "html": answer_html(answer), **finished(answer, question)}
