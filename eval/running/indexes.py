"""The indexes that the arms search: of a repository, or of a task's tree in its place, each in a home of its own.

No index of the user's is touched. An index is named like the repository, as users name it, since the name is part of
how a question is read.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.settings import AssistantSettings
from indexer.build import build_index
from indexer.errors import EncoderMismatch
from indexer.home import OpenedIndex, open_index
from indexer.listing import LeaveOut
from indexer.progress import Progress
from indexer.repository import FolderSource, Source, open_source
from indexer.secrets import open_scanner
from indexer.selection import reason_by_name

_WHOLE = "repository"


@dataclass(frozen=True, slots=True)
class TaskIndex:
    """An index to ask. ``home`` is its own; ``content`` fingerprints what is indexed. ``ref`` is that of cases without
    one of their own."""

    home: Path
    repo: str
    ref: str
    content: str

    def open(self, ref: str) -> OpenedIndex:
        """The index at a case's ref, or at the common one for an empty string."""
        return open_index(self.home, self.repo, ref or self.ref)


def fingerprint_files(source: Source, max_file_bytes: int) -> str:
    """Changes with the names and contents of the files that would be looked at."""
    return _fingerprint(source, partial(reason_by_name, max_file_bytes=max_file_bytes))


def fingerprint_checkout(source: Source) -> str:
    """Changes with the names and contents of all files: tests may read what no index holds."""
    return _fingerprint(source, lambda path, n_bytes: None)


def _fingerprint(source: Source, leave_out: LeaveOut) -> str:
    listing = source.list_files(leave_out).files
    names = "\n".join(sorted(f"{file.blob} {file.path}" for file in listing))
    return hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def place_of(origin: str, repo: str) -> str:
    """A folder's name for a repository: repositories of the same name lie in different places."""
    return f"{repo}-{hashlib.sha256(origin.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def ensure_task_index(
    source: Source | None,
    tree: Path | None,
    refs: Sequence[str] = (),
    *,
    repo: str,
    task: str,
    settings: AssistantSettings,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> TaskIndex | None:
    """The index of ``tree``, else of ``source``, brought up to date; None where there is neither. Raises a QuarryError.

    With ``refs``, ``tree`` is a git repository, and these of its refs are indexed.

    ``settings`` are the user's: what is computed once a home is taken from there.
    """
    sources = _list_sources(source, tree, refs)
    if not sources:
        return None
    place = place_of(source.origin if source is not None else task, repo)
    home = settings.home / "evaluations" / "indexes" / place / (_WHOLE if tree is None else f"{task}-{_digest(tree)}")
    _share_rules(settings.home, home)
    own = settings.model_copy(update={"home": home})
    for number, each in enumerate(sources):
        # Another encoder's or version's is made anew: nobody but evaluations needs the old one.
        for rebuild in (False, True):
            try:
                build_index(
                    each,
                    repo,
                    own,
                    encoder_name=settings.encoder,
                    rebuild=rebuild and number == 0,
                    on_progress=on_progress,
                    on_note=on_note,
                )
                break
            except EncoderMismatch:
                if rebuild:
                    raise
    if refs:
        content = hashlib.sha256("\n".join(str(each.commit) for each in sources).encode()).hexdigest()[:16]
    else:
        content = fingerprint_files(sources[0], settings.max_file_bytes)
    return TaskIndex(home, repo, sources[0].ref, content)


def _digest(tree: Path) -> str:
    return hashlib.sha256(str(tree).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _list_sources(source: Source | None, tree: Path | None, refs: Sequence[str]) -> list[Source]:
    if tree is None:
        return [] if source is None else [source]
    if not refs:
        return [FolderSource(tree)]
    return [open_source(str(tree), clones=tree, ref=ref) for ref in refs]


def _share_rules(shared: Path, home: Path) -> None:
    """Compiling the secret scanner's rules takes seconds: once is enough. Copied, since it trusts no link."""
    rules, own = shared / "cache" / "secret-rules", home / "cache" / "secret-rules"
    if own.exists():
        return
    open_scanner(rules)
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(rules, own, dirs_exist_ok=True)
