"""Search one repository, several, or all; and look symbols up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from assistant.records import REF_FORM
from assistant.search import MAX_K
from assistant.serialise import search_as_json
from assistant.symbols import find_symbol
from assistant.targets import parse_target

from ..callers import CurrentCaller
from ..problems import problem_responses
from ..schemas.base import REPO_FORM
from ..schemas.search import SearchAnswer, SymbolAnswer
from ..state import State

router = APIRouter(tags=["search"])


@router.get("/search", response_model=SearchAnswer, responses=problem_responses(404, 409, 422))
def search(
    state: State,
    caller: CurrentCaller,
    repo: Annotated[str, Query(description=REPO_FORM, examples=["click"])],
    q: Annotated[str, Query(description="Words, a question, or a symbol.", examples=["how are options parsed"])],
    k: Annotated[int, Query(ge=1, le=MAX_K, description="Number of hits.")] = 10,
    ref: Annotated[str | None, Query(description=REF_FORM)] = None,
) -> dict[str, Any]:
    """The best chunks for a query, with scores and signals."""
    return search_as_json(state.searcher.search(caller.narrow(repo), q, k=k, ref=ref))


@router.get("/symbols", response_model=SymbolAnswer, responses=problem_responses(404, 409, 422))
def symbols(
    state: State,
    caller: CurrentCaller,
    repo: Annotated[str, Query(description="Name of an indexed repository, or NAME@REF.", examples=["click"])],
    symbol: Annotated[str, Query(description="A name, or a qualified one.", examples=["Context.invoke"])],
    ref: Annotated[str | None, Query(description=REF_FORM)] = None,
) -> dict[str, Any]:
    """Where a symbol is defined, and who calls it."""
    target = parse_target(state.settings.home, caller.narrow(repo), ref)
    return asdict(find_symbol(state.searcher.open(target).index, symbol))
