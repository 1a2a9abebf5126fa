"""The repositories as the page lists them: each with its refs, and whether its source has moved on since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.freshness import FreshnessMonitor
from indexer.home import find_repository, list_repositories, resolve_ref
from indexer.manifest import list_refs, read_manifest
from indexer.records import WORKTREE
from indexer.staleness import Staleness

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
    n_chunks: int
    staleness: Staleness | None

    @property
    def is_stale(self) -> bool:
        """Whether the source is known to have moved on."""
        return bool(self.staleness and self.staleness.stale)

    @property
    def is_worktree(self) -> bool:
        """Whether what is asked by default are uncommitted files, or a folder without git."""
        return self.refs[0].name == WORKTREE


def list_for_page(home: Path, caller: Caller, monitor: FreshnessMonitor | None) -> list[ListedRepository]:
    """What ``caller`` may see, by name. With ``monitor`` each source is looked at, side by side."""
    found = []
    for name in caller.visible([info.name for info in list_repositories(home)]):
        folder, info = find_repository(home, name)
        default = resolve_ref(folder, None)
        manifest = read_manifest(folder.refs, default)
        if manifest is not None:  # removed between the two looks
            others = [ref for ref in list_refs(folder.refs) if ref != default]
            asked = monitor.ask(name, manifest) if monitor else None
            found.append((name, info, [default, *others], manifest, asked))
    return [
        ListedRepository(
            name=name,
            origin=info.origin,
            refs=[ListedRef(ref, "working tree" if ref == WORKTREE else ref) for ref in refs],
            commit=manifest.commit,
            n_files=len(manifest.files),
            n_chunks=len(manifest.rows),
            staleness=asked.result() if asked else None,
        )
        for name, info, refs, manifest, asked in found
    ]
