"""``/votes``: what people preferred."""

from __future__ import annotations

from pydantic import Field

from .base import Schema


class VoteTally(Schema):
    """Votes on blind comparisons. ``share`` is retrieval's among the votes for one answer, ``low`` to ``high`` its 95 %
    interval; null while there is no such vote."""

    repo: str
    model: str
    n_votes: int
    n_with: int = Field(description="The answer with retrieval was better.")
    n_without: int = Field(description="The answer without retrieval was better.")
    n_tie: int
    n_both_bad: int
    share: float | None
    low: float | None
    high: float | None
