"""What is indexed: every repository with its refs, for lists on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import IndexingError
from .home import list_names, of_one_generation
from .index_folder import RepositoryFolder
from .manifest import list_refs, read_manifest
from .words import without_half_characters


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
    """One repository and its refs, the latest first. ``problem`` says what to do where it cannot be read.

    ``origin`` is for showing: of a folder whose name is no UTF-8, what can be written of it.
    """

    name: str
    origin: str
    encoder: str
    refs: Sequence[RefState]
    problem: str | None = None


def describe_repositories(home: Path) -> list[RepositoryOverview]:
    """All repositories of ``home`` by name, also those of another version or damaged: nobody loses sight of one."""
    overviews = []
    for name in list_names(home):
        try:
            overview = of_one_generation(home, name, _describe)
        except IndexingError as error:
            overview = RepositoryOverview(name, "", "", (), str(error))
        if overview is not None:
            overviews.append(overview)
    return overviews


def _describe(folder: RepositoryFolder) -> RepositoryOverview | None:
    """One generation of a repository; None if it holds no index: it is being indexed for the first time, or removed."""
    names = list_refs(folder.refs)
    info = folder.read_info() if names else None
    if info is None:
        return None
    manifests = [read_manifest(folder.refs, ref) for ref in names]
    refs = [RefState(m.ref, m.commit, m.indexed_at, len(m.files), len(m.rows)) for m in manifests if m is not None]
    refs.sort(key=lambda state: state.indexed_at, reverse=True)
    return RepositoryOverview(info.name, without_half_characters(info.origin), info.encoder, refs)
