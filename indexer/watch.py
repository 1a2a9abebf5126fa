"""Keep an index fresh: whenever the source's files or its HEAD change, what changed is indexed.

watchfiles is imported here only. The loop is a plain function, for the command line and for services alike.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from .build import build_index
from .errors import InputError, QuarryError, SourceError, UnknownRepository
from .gitcommand import run_git
from .home import find_repository, of_one_generation
from .manifest import list_refs
from .records import WORKTREE
from .repository import open_source
from .settings import IndexerSettings

_QUIET_MS = 50  # of no further change, and what has changed is taken: an editor writes a file in several steps
_LONGEST_MS = 1_000  # until changes that do not end, such as a checkout's, are taken all the same
_LOOK_AGAIN_SECONDS = 1.0  # at a folder that is gone, or cannot be watched


@dataclass(frozen=True, slots=True)
class WatchUpdate:
    """One time that an index was brought up to date. ``n_files_changed``: changed, new or deleted ones."""

    ref: str
    commit: str | None
    n_files_changed: int
    n_embedded: int
    ms: float


def find_watchable(name: str, settings: IndexerSettings) -> tuple[Path, Sequence[str]]:
    """The folder that the index ``name`` is of, and which of its refs can be kept fresh: HEAD and the working tree.

    Raises UnknownRepository, or InputError where there is nothing to watch.
    """
    _, info = find_repository(settings.home, name)
    origin = Path(info.origin)
    if not origin.is_absolute():
        raise InputError(
            f"{name!r} was indexed from {info.origin}, which cannot be watched: run `quarry index {info.origin} --name "
            f"{name}` for what is new there."
        )
    indexed = of_one_generation(settings.home, name, lambda folder: list_refs(folder.refs))
    refs = [ref for ref in (WORKTREE, "HEAD") if ref in indexed]
    if not refs:
        raise InputError(
            f"{name!r} is indexed at {', '.join(indexed)} alone, which is not followed: run `quarry "
            f"index {origin} --name {name}` for HEAD, or with --worktree for the files as they are."
        )
    return origin, refs


def watch_index(
    name: str,
    settings: IndexerSettings,
    stop: threading.Event,
    *,
    on_update: Callable[[WatchUpdate], None],
    on_error: Callable[[str], None],
) -> None:
    """Keep the index ``name`` fresh until ``stop`` is set; it is brought up to date once at the start.

    What goes wrong on the way is told through ``on_error``, a line each, and tried again at the next change. Raises
    as ``find_watchable`` does, also once the index is removed, and KeyboardInterrupt. A ref that is removed is left
    alone from then on, and one that is indexed meanwhile is followed, too.
    """
    import watchfiles

    origin, refs = find_watchable(name, settings)
    while not stop.is_set():
        try:
            git_folders = _git_folders(origin)
            outside = [folder for folder in git_folders if not folder.is_relative_to(origin)]
            changes = watchfiles.watch(
                origin,
                *outside,
                watch_filter=lambda _, path, gits=git_folders: _matters(path, gits),  # type: ignore[misc]
                step=_QUIET_MS,
                debounce=_LONGEST_MS,
                rust_timeout=500,
                yield_on_timeout=True,
                stop_event=stop,
            )
            next(changes, None)  # it watches from here on, so nothing between the look and the watch is missed
            _update(name, origin, refs, settings, on_update, on_error)
            for changed in changes:
                if changed:
                    _, refs = find_watchable(name, settings)
                due = _refs_to_update([path for _, path in changed], refs, git_folders)
                if due:
                    _update(name, origin, due, settings, on_update, on_error)
                if not origin.is_dir():
                    raise SourceError(f"{origin} is gone: waiting for it to come back.")
        except (UnknownRepository, InputError):  # the index was removed, or all of it that can be followed
            raise
        except (QuarryError, OSError) as error:
            on_error(str(error))
            while not stop.wait(_LOOK_AGAIN_SECONDS) and not origin.is_dir():
                pass


def _update(
    name: str,
    origin: Path,
    refs: Sequence[str],
    settings: IndexerSettings,
    on_update: Callable[[WatchUpdate], None],
    on_error: Callable[[str], None],
) -> None:
    for ref in refs:
        started = time.perf_counter()
        try:
            source = open_source(str(origin), clones=settings.home / "clones", worktree=ref == WORKTREE)
            # Nobody said to drop what --keep-refs has kept, nor to make again what is being removed.
            report = build_index(source, name, settings, keep_refs=True, only_known=True)
        except QuarryError as error:
            on_error(f"{ref}: {error}")
        except Exception as error:  # whatever it is, the next change may go well
            on_error(f"{ref}: {type(error).__name__}: {str(error).strip().splitlines()[:1]}")
        else:
            if report.n_files_changed or report.has_moved:
                ms = (time.perf_counter() - started) * 1000
                on_update(WatchUpdate(ref, report.commit, report.n_files_changed, report.n_embedded, ms))


def _git_folders(origin: Path) -> Sequence[Path]:
    """Where git keeps HEAD and the branches of ``origin``; none for a plain folder."""
    try:
        printed = run_git(origin, "rev-parse", "--absolute-git-dir", "--path-format=absolute", "--git-common-dir")
    except SourceError:
        return ()
    return sorted({Path(line) for line in printed.splitlines()})


def _matters(path: str, git_folders: Sequence[Path]) -> bool:
    """Whether a change at ``path`` may change what is indexed: of git's own files, only HEAD and the branches do."""
    parts = PurePath(path).parts
    if ".git" not in parts and not _is_gits(path, git_folders):
        return True
    return not path.endswith(".lock") and (parts[-1] in ("HEAD", "packed-refs") or "refs" in parts)


def _is_gits(path: str, git_folders: Sequence[Path]) -> bool:
    return any(PurePath(path).is_relative_to(folder) for folder in git_folders)


def _refs_to_update(paths: Iterable[str], refs: Sequence[str], git_folders: Sequence[Path]) -> Sequence[str]:
    of_git = [_is_gits(path, git_folders) for path in paths]
    due = []
    if WORKTREE in refs and not all(of_git):
        due.append(WORKTREE)
    if "HEAD" in refs and any(of_git):
        due.append("HEAD")
    return due
