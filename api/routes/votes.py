"""What people preferred, with retrieval or without, counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from ..callers import CurrentCaller
from ..schemas.votes import VoteTally
from ..state import State

router = APIRouter(tags=["votes"])


@router.get("/votes", response_model=list[VoteTally])
def list_votes(state: State, caller: CurrentCaller) -> list[dict[str, Any]]:
    """The votes on blind comparisons, for each repository and model. They are cast on the page."""
    tallies = state.votes.tally()
    return [{**asdict(tally), "n_votes": tally.n_votes} for tally in tallies if caller.may_see(tally.repo)]
