"""The repositories as the page lists them: each with its refs, and whether its source has moved on since."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from assistant.freshness import FreshnessMonitor
from indexer.errors import QuarryError, UnknownRepository
from indexer.home import find_repository, list_names, resolve_ref
from indexer.index_folder import RepositoryInfo
from indexer.manifest import Manifest, list_refs, read_manifest
from indexer.records import WORKTREE
from indexer.staleness import Staleness
from indexer.words import without_half_characters

from ..callers import Caller


@dataclass(frozen=True, slots=True)
class ListedRef:
    """One indexed ref. ``name`` is the ref itself, ``title`` what people read."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class ListedRepository:
    """One repository at the ref that is asked by default. ``staleness`` is None where it was not asked for."""

    name: str
    origin: str
    refs: Sequence[ListedRef]
    commit: str | None
    n_files: int
    staleness: Staleness | None

    @property
    def is_stale(self) -> bool:
        """Whether the source is known to have moved on."""
        return bool(self.staleness and self.staleness.stale)

    @property
    def is_worktree(self) -> bool:
        """Whether what is asked by default are uncommitted files, or a folder without git."""
        return self.refs[0].name == WORKTREE


@dataclass(frozen=True, slots=True)
class UnreadableRepository:
    """One that cannot be asked; ``error`` says what to do."""

    name: str
    error: str


def list_for_page(
    home: Path, caller: Caller, monitor: FreshnessMonitor | None
) -> tuple[list[ListedRepository], list[UnreadableRepository]]:
    """What ``caller`` may see, by name. With ``monitor`` each source is looked at, side by side."""
    found: list[tuple[RepositoryInfo, list[str], Manifest, Future[Staleness] | None]] = []
    unreadable = []
    for name in caller.visible(list_names(home)):
        try:
            folder, info = find_repository(home, name)
            default = resolve_ref(folder, None)
            manifest = read_manifest(folder.refs, default)
        except UnknownRepository:  # being indexed for the first time, or removed
            continue
        except QuarryError as error:
            unreadable.append(UnreadableRepository(name, str(error)))
            continue
        if manifest is not None:  # else removed between the two looks
            others = [ref for ref in list_refs(folder.refs) if ref != default]
            found.append((info, [default, *others], manifest, monitor.ask(name, manifest) if monitor else None))
    listed = [
        ListedRepository(
            name=info.name,
            origin=without_half_characters(info.origin),
            refs=[ListedRef(ref, "working tree" if ref == WORKTREE else ref) for ref in refs],
            commit=manifest.commit,
            n_files=len(manifest.files),
            staleness=asked.result() if asked else None,
        )
        for info, refs, manifest, asked in found
    ]
    return listed, unreadable
