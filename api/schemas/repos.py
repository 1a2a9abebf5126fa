"""``/repos`` and ``/jobs``: what is indexed, and what is being indexed."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from .base import Schema


class RefState(Schema):
    """One indexed ref of a repository."""

    ref: str
    commit: str | None
    indexed_at: str
    n_files: int
    n_chunks: int


class Repository(Schema):
    """An indexed repository with its refs, the latest first."""

    name: str
    origin: str
    encoder: str
    refs: list[RefState]
    problem: str | None = Field(default=None, description="What to do, where the index cannot be read; it has no refs.")


class IndexRequest(Schema):
    """What to index: a path on the server's machine, or a git URL."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"source": "/home/me/projects/click", "name": "click"}]}
    )

    source: str = Field(min_length=1, max_length=4096)
    name: str | None = Field(default=None, description="By default the last part of the source.")
    ref: str | None = Field(default=None, max_length=4096, description="Branch, tag or commit; by default HEAD.")
    worktree: bool = Field(default=False, description="Index the files as they are now, with uncommitted changes.")


class JobProgress(Schema):
    """How far an indexing job is."""

    n_files_done: int
    n_files: int
    n_chunks: int
    chunks_per_second: float
    seconds_left: float | None


class LeftOut(Schema):
    """A file that was not indexed, and why."""

    path: str
    n_bytes: int
    reason: str


class Redacted(Schema):
    """A credential that was redacted before anything was stored."""

    path: str
    line: int
    rule: str


class IndexReport(Schema):
    """What an indexing job did. ``n_embedded`` is 0 when nothing had changed."""

    ref: str
    commit: str | None
    n_files: int
    n_files_read: int
    n_chunks: int
    n_embedded: int
    seconds: float
    skipped: list[LeftOut]
    findings: list[Redacted]
    notes: list[str]


class Job(Schema):
    """An indexing job. ``report`` is there when it is done, ``error`` when it failed."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    repo: str
    source: str
    progress: JobProgress | None
    report: IndexReport | None
    error: str | None
