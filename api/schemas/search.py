"""``/search`` and ``/symbols``: hits, and where a symbol is defined and called."""

from __future__ import annotations

from pydantic import Field

from .base import Schema


class SearchHit(Schema):
    """One chunk. A higher score is better; ``signals`` say how it came about."""

    repo: str
    ref: str
    commit: str | None
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    language: str
    score: float
    text: str
    signals: dict[str, float]


class SearchedRepository(Schema):
    """One repository that was searched: at which commit, and whether its source has moved on since."""

    repo: str
    ref: str
    commit: str | None = Field(description="Null for files outside a commit.")
    indexed_at: str
    stale: bool | None = Field(description="Whether the source has changed since; null where that is not known.")
    n_changed_files: int | None = Field(description="Files changed, added or deleted since, that would be indexed.")


class SearchAnswer(Schema):
    """Hits, best first, of all repositories that were searched."""

    query: str
    repositories: list[SearchedRepository]
    stale: bool | None = Field(description="Whether any of the sources has changed since it was indexed.")
    hits: list[SearchHit]
    timings_ms: dict[str, float]


class SymbolPlace(Schema):
    """One line: of a definition, or of a call with the definition that it stands in."""

    path: str
    line: int
    symbol: str
    kind: str
    text: str


class SymbolAnswer(Schema):
    """Definitions and calls of one name, by path and line. The numbers count those that are not listed, too."""

    repo: str
    ref: str
    commit: str | None
    symbol: str
    definitions: list[SymbolPlace]
    callers: list[SymbolPlace]
    n_definitions: int
    n_callers: int
