"""Whether the source of an index has moved on since it was indexed, said in a few milliseconds beside a search.

Imports neither GitPython nor Chroma. What is asked of git is one ``status``; what it says is compared with the
manifest file by file, so a change that was taken back, or of a file that is not indexed, does not count.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from .errors import SourceError
from .gitcommand import GitTooSlow, run_git
from .listing import SYMLINK, judge_below, list_paths
from .manifest import Manifest
from .records import WORKTREE
from .selection import MAX_FILE_BYTES, reason_by_name

_K = TypeVar("_K")
_V = TypeVar("_V")

MAX_SECONDS = 0.3  # a search is not kept waiting longer for a huge or slow working tree
_MAX_KEPT = 16  # trees and repositories' tops that are remembered
_MAX_HASHES_KEPT = 50_000
_NO_TOP_SECONDS = 2.0  # a folder may become a repository at any time, and seldom stops to be one
_SETTLED_SECONDS = 3.0  # a file that was written this lately may change again without another time


@dataclass(frozen=True, slots=True)
class Staleness:
    """How the source stands to what is indexed of it.

    ``commit``: what the indexed ref is now (for the working tree, what HEAD is). ``stale`` and ``n_changed_files``
    are None where it is not known: sources by URL, or a working tree that takes too long to look at.
    ``n_changed_files`` counts files that were changed, added or deleted since, and would be indexed.
    """

    commit: str | None
    stale: bool | None
    n_changed_files: int | None


UNKNOWN = Staleness(None, None, None)


def find_staleness(
    manifest: Manifest, max_file_bytes: int = MAX_FILE_BYTES, max_seconds: float = MAX_SECONDS
) -> Staleness:
    """Compare what ``manifest`` holds with its source as it is now. Never raises for what the source is like.

    ``max_file_bytes`` as in the settings; about ``max_seconds`` at most.
    """
    deadline = time.monotonic() + max_seconds
    folder = Path(manifest.origin)
    if not folder.is_absolute() or not folder.is_dir():  # a URL, or gone
        return UNKNOWN
    try:
        top = _find_top(folder, deadline)
        if top is None:
            return _compare_folder(manifest, folder, max_file_bytes, deadline)
        if manifest.ref in ("HEAD", WORKTREE) and top.is_worktree:
            return _compare_worktree(manifest, top, max_file_bytes, deadline)
        return _compare_commits(manifest, top, max_file_bytes, deadline)
    except (SourceError, OSError):
        return UNKNOWN


@dataclass(frozen=True, slots=True)
class _Top:
    """Where git's paths begin for a folder. ``below``: the folder within, empty for all."""

    path: Path
    below: str
    is_worktree: bool


def _compare_worktree(manifest: Manifest, top: _Top, max_file_bytes: int, deadline: float) -> Staleness:
    """One ``git status`` says what differs from HEAD; HEAD's tree, which is remembered, what HEAD itself changed."""
    where = ["--", top.below] if top.below else []
    status = run_git(
        top.path,
        *("status", "--porcelain=v2", "--branch", "--untracked-files=all", "--no-renames", "--ignore-submodules=all"),
        *("-z", *where),
        timeout_seconds=_left(deadline),
    )
    head: str | None = None
    candidates = set()
    for record in status.split("\0"):
        if record.startswith("# branch.oid "):
            head = record.removeprefix("# branch.oid ")
        elif record.startswith("1 "):
            candidates.add(record.split(" ", 8)[8])
        elif record.startswith("u "):
            candidates.add(record.split(" ", 10)[10])
        elif record.startswith("? "):
            candidates.add(record.removeprefix("? "))
    blobs = manifest.blobs
    if head is not None and head != "(initial)" and head != manifest.commit:
        candidates |= _differing(_read_tree(top, head, deadline), blobs, max_file_bytes, top.below)
    changed = _count_changed(blobs, top.path, candidates, max_file_bytes, deadline, top.below)
    moved = manifest.ref == "HEAD" and head != manifest.commit
    return Staleness(head, bool(changed) or moved, changed)


def _compare_commits(manifest: Manifest, top: _Top, max_file_bytes: int, deadline: float) -> Staleness:
    """A ref that is not checked out, or a bare repository: what the ref is now against what it was."""
    asked = run_git(
        top.path,
        "cat-file",
        "--batch-check=%(objectname)",
        given=f"{manifest.ref}^{{commit}}\n",
        timeout_seconds=_left(deadline),
    ).strip()
    if asked.endswith(" missing"):
        return Staleness(None, True, None)
    if asked == manifest.commit:
        return Staleness(asked, False, 0)
    differing = _differing(_read_tree(top, asked, deadline), manifest.blobs, max_file_bytes, top.below)
    # A tree tells no sizes: what was left out for its own is taken to be as large still.
    return Staleness(asked, True, len(differing - {s.path for s in manifest.skipped if not s.blob}))


def _compare_folder(manifest: Manifest, folder: Path, max_file_bytes: int, deadline: float) -> Staleness:
    """Without git: files that are new, gone, or changed by size or time and then by content."""
    from .folders import walk  # pathspec is not needed anywhere else on the way of a search

    blobs = manifest.blobs
    sizes = {file.path: file.n_bytes for file in manifest.files}
    sizes.update((s.path, s.n_bytes) for s in manifest.skipped if s.blob)
    indexed_at = datetime.fromisoformat(manifest.indexed_at).timestamp()
    candidates, seen = set(), set()
    for path in walk(folder, []):
        if time.monotonic() > deadline:
            raise GitTooSlow(f"{folder} is too large to look through beside a search.")
        seen.add(path)
        state = os.lstat(folder / path)
        # File systems keep coarse times, and the listing was read some time before the manifest was written.
        if sizes.get(path) != state.st_size or state.st_mtime > indexed_at - 3600:
            candidates.add(path)
    changed = _count_changed(blobs, folder, candidates | (blobs.keys() - seen), max_file_bytes, deadline)
    return Staleness(None, changed > 0, changed)


def _count_changed(
    blobs: dict[str, str], top: Path, candidates: Iterable[str], max_file_bytes: int, deadline: float, below: str = ""
) -> int:
    """How many of ``candidates`` are on disk not what the manifest has of them."""
    n_digits = len(next(iter(blobs.values()), "")) or 40
    n_changed = 0
    for path in candidates:
        if time.monotonic() > deadline:
            raise GitTooSlow(f"{top} has too many changes to compare beside a search.")
        n_changed += _hash_now(top, path, n_digits, max_file_bytes, below) != blobs.get(path)
    return n_changed


def _hash_now(top: Path, path: str, n_digits: int, max_file_bytes: int, below: str) -> str | None:
    """The blob id of a file as it is now, None if it is not there or left out. Remembered while its times stay."""
    full = top / path
    try:
        state = full.lstat()
    except OSError:
        return None
    key = str(full)
    mark = (state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino, max_file_bytes, len(below))
    with _lock:
        known = _hashes.get(key)
    if known is not None and known[0] == mark:
        return known[1]
    leave_out = judge_below(below, partial(reason_by_name, max_file_bytes=max_file_bytes))
    listing = list_paths(top, [path], leave_out, n_digits)
    blob = listing.files[0].blob if listing.files else None
    if time.time() - state.st_ctime > _SETTLED_SECONDS:
        _remember(_hashes, key, (mark, blob), _MAX_HASHES_KEPT)
    return blob


def _differing(tree: dict[str, str], blobs: dict[str, str], max_file_bytes: int, below: str) -> set[str]:
    """Paths whose blob in ``tree`` is not the manifest's, but for those that are left out by name."""
    leave_out = judge_below(below, partial(reason_by_name, max_file_bytes=max_file_bytes))
    differing = {path for path, _ in tree.items() ^ blobs.items()}
    return {path for path in differing if path in blobs or leave_out(path, 0) is None}


_lock = threading.Lock()
_tops: OrderedDict[Path, _Top] = OrderedDict()
_no_tops: OrderedDict[Path, float] = OrderedDict()  # folders without one, and until when that is believed
_hashes: OrderedDict[str, tuple[tuple[int, ...], str | None]] = OrderedDict()
_trees: OrderedDict[tuple[_Top, str], dict[str, str]] = OrderedDict()


def _read_tree(top: _Top, commit: str, deadline: float) -> dict[str, str]:
    """Blob of every file of a commit, by path. It never changes, so it is remembered."""
    with _lock:
        known = _trees.get((top, commit))
    if known is not None:
        return known
    where = ["--", top.below] if top.below else []
    records = run_git(top.path, "ls-tree", "-r", "-z", "--full-tree", commit, *where, timeout_seconds=_left(deadline))
    tree = {}
    for record in records.split("\0"):
        details, _, path = record.partition("\t")
        if path:
            mode, kind, blob = details.split(" ")
            if kind == "blob" and mode != SYMLINK:
                tree[path] = blob
    _remember(_trees, (top, commit), tree)
    return tree


def _find_top(folder: Path, deadline: float) -> _Top | None:
    """The repository that ``folder`` belongs to, None if to none or if it is ignored there. Raises GitTooSlow."""
    with _lock:
        if folder in _tops:
            return _tops[folder]
        if time.monotonic() < _no_tops.get(folder, 0.0):
            return None
    top: _Top | None
    try:
        asked = ("rev-parse", "--is-inside-work-tree", "--show-prefix")
        inside, *prefix = run_git(folder, *asked, timeout_seconds=_left(deadline)).splitlines()
        below = prefix[0].rstrip("/") if prefix else ""
        path = folder if not below else folder.parents[below.count("/")]
        top = _Top(path, below, inside == "true")
    except GitTooSlow:
        raise
    except SourceError:  # git knows no repository there
        top = None
    if top is not None and top.below and _is_ignored(top, deadline):
        top = None
    if top is not None:
        _remember(_tops, folder, top)
    else:
        _remember(_no_tops, folder, time.monotonic() + _NO_TOP_SECONDS)
    return top


def _is_ignored(top: _Top, deadline: float) -> bool:
    # The command takes no literal pathspecs, which are the default here; the dot keeps a colon from being magic.
    asked = ("--no-literal-pathspecs", "check-ignore", "--quiet", f"./{top.below}")
    try:
        run_git(top.path, *asked, timeout_seconds=_left(deadline))
    except GitTooSlow:
        raise
    except SourceError:
        return False
    return True


def _remember(kept: OrderedDict[_K, _V], key: _K, value: _V, n_most: int = _MAX_KEPT) -> None:
    with _lock:
        kept[key] = value
        while len(kept) > n_most:
            kept.popitem(last=False)


def _left(deadline: float) -> float:
    return max(0.01, deadline - time.monotonic())
