"""What is indexed: every repository with its refs, for lists on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .home import RepositoryFolder, list_repositories
from .manifest import list_refs, read_manifest


@dataclass(frozen=True, slots=True)
class RefState:
    """One indexed ref. ``commit`` is None for files outside a commit."""

    ref: str
    commit: str | None
    indexed_at: str
    n_files: int
    n_chunks: int


@dataclass(frozen=True, slots=True)
class RepositoryOverview:
    """One repository and its refs, the latest first."""

    name: str
    origin: str
    encoder: str
    refs: Sequence[RefState]


def describe_repositories(home: Path) -> list[RepositoryOverview]:
    """All repositories of ``home`` by name."""
    overviews = []
    for info in list_repositories(home):
        folder = RepositoryFolder(home, info.name)
        manifests = (read_manifest(folder.refs, ref) for ref in list_refs(folder.refs))
        refs = [RefState(m.ref, m.commit, m.indexed_at, len(m.files), len(m.rows)) for m in manifests if m is not None]
        overviews.append(RepositoryOverview(info.name, info.origin, info.encoder, refs))
    return overviews
