"""The indexes that the arms search: of a repository, or of a task's tree in its place, each in a home of its own.

No index of the user's is touched. An index is named like the repository, as users name it, since the name is part of
how a question is read.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.settings import AssistantSettings
from indexer.build import build_index
from indexer.errors import EncoderMismatch
from indexer.home import OpenedIndex, open_index
from indexer.progress import Progress
from indexer.repository import FolderSource, Source
from indexer.secrets import open_scanner
from indexer.selection import reason_by_name

_WHOLE = "repository"


@dataclass(frozen=True, slots=True)
class TaskIndex:
    """An index to ask. ``home`` is its own; ``content`` fingerprints what is indexed."""

    home: Path
    index: OpenedIndex
    content: str


def fingerprint_files(source: Source, max_file_bytes: int) -> str:
    """Changes with the names and contents of the files that would be looked at."""
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes)).files
    names = "\n".join(sorted(f"{file.blob} {file.path}" for file in listing))
    return hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def place_of(origin: str, repo: str) -> str:
    """A folder's name for a repository: repositories of the same name lie in different places."""
    return f"{repo}-{hashlib.sha256(origin.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def ensure_task_index(
    source: Source | None,
    tree: Path | None,
    *,
    repo: str,
    task: str,
    settings: AssistantSettings,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> TaskIndex | None:
    """The index of ``tree``, else of ``source``, brought up to date; None where there is neither. Raises a QuarryError.

    ``settings`` are the user's: what is computed once a home is taken from there.
    """
    indexed: Source | None = FolderSource(tree) if tree is not None else source
    if indexed is None:
        return None
    place = place_of(source.origin if source is not None else task, repo)
    home = settings.home / "evaluations" / "indexes" / place / (task if tree is not None else _WHOLE)
    _share_rules(settings.home, home)
    own = settings.model_copy(update={"home": home})
    for rebuild in (False, True):
        try:
            build_index(
                indexed,
                repo,
                own,
                encoder_name=settings.encoder,
                rebuild=rebuild,
                on_progress=on_progress,
                on_note=on_note,
            )
            break
        except EncoderMismatch:  # of another encoder or version: nobody but evaluations needs the old one
            if rebuild:
                raise
    content = fingerprint_files(indexed, settings.max_file_bytes)
    return TaskIndex(home, open_index(home, repo, indexed.ref), content)


def _share_rules(shared: Path, home: Path) -> None:
    """Compiling the secret scanner's rules takes seconds: once is enough. Copied, since it trusts no link."""
    rules, own = shared / "cache" / "secret-rules", home / "cache" / "secret-rules"
    if own.exists():
        return
    open_scanner(rules)
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(rules, own, dirs_exist_ok=True)
