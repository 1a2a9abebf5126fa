"""What a source lists, and files on disk: each with git's blob id of its content, hashed here.

``list_worktree`` hashes only what git does not know: the index of a git working tree tells which files are
unchanged, and their ids.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from .errors import SourceError
from .gitcommand import finish_git, run_git, start_git
from .records import Skipped, SourceFile

# Path and size in bytes of a file -> why to leave it out, or None.
LeaveOut = Callable[[str, int], str | None]

_SHA1_DIGITS = 40  # of an object id; SHA-256 has 64
_CLOCK_STEP_NS = 20_000_000  # a file system's clock goes in steps of up to 10 ms
SYMLINK, SUBMODULE = "120000", "160000"  # modes of a tree's or an index's entries
_NOT_SET = frozenset(("unspecified", "unset"))  # values of attributes that ask nothing of git


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of a source at one moment, and those that are left out with the reasons."""

    files: Sequence[SourceFile]
    skipped: Sequence[Skipped]


def list_worktree(top: Path, below: str, leave_out: LeaveOut, known_bytes: Mapping[str, int]) -> Listing:
    """Tracked and new files of the working tree ``top`` as they are now, without what git ignores.

    ``below`` is a folder in it, or empty for all. A file that git calls unchanged has the id that git's index has
    for it; only changed, new and filtered ones are read. ``known_bytes``: sizes of blobs that the caller has.
    Raises SourceError.
    """
    where = ["--", below] if below else []
    commands = (
        ("ls-files", "-v", "--stage", "-z", *where),
        ("diff-files", "--name-only", "--ignore-submodules=all", "-z", *where),
        ("ls-files", "--others", "--exclude-standard", "-z", *where),
    )
    running = [start_git(top, *command) for command in commands]
    entries, changed, new = ([r for r in finish_git(each, top).split("\0") if r] for each in running)
    to_hash = {*changed, *new, *_find_filtered(top, [entry.partition("\t")[2] for entry in entries])}
    files: list[SourceFile] = []
    skipped: list[Skipped] = []
    prefix = f"{top}/"
    n_digits = _SHA1_DIGITS
    for entry in entries:
        details, _, path = entry.partition("\t")
        tag, mode, blob, stage = details.split(" ")
        n_digits = len(blob)
        # Other tags say that git was told not to look; other stages, that a merge is not done.
        if path in to_hash or tag != "H" or stage != "0":
            to_hash.add(path)
        elif mode == SUBMODULE:
            skipped.append(Skipped(path, 0, "submodule"))
        elif mode == SYMLINK:
            skipped.append(Skipped(path, 0, "symbolic link"))
        else:
            n_bytes = known_bytes.get(blob, -1)
            if n_bytes < 0:
                try:
                    n_bytes = os.lstat(prefix + path).st_size
                except OSError:  # gone since git looked
                    continue
            reason = leave_out(path, n_bytes)
            if reason is None:
                files.append(SourceFile(path, blob, n_bytes))
            else:
                skipped.append(Skipped(path, n_bytes, reason))
    hashed = list_paths(top, sorted(to_hash), leave_out, n_digits)
    return Listing(
        sorted([*files, *hashed.files], key=attrgetter("path")),
        sorted([*skipped, *hashed.skipped], key=attrgetter("path")),
    )


def _find_filtered(top: Path, paths: Sequence[str]) -> set[str]:
    """Those of ``paths`` that git keeps as something else than they are: by LFS, encrypted, in another encoding.

    Their ids in git's index are of what git keeps. Other line ends alone make no other file.
    """
    given = "".join(f"{path}\0" for path in paths)
    fields = run_git(top, "check-attr", "--stdin", "-z", "filter", "working-tree-encoding", given=given).split("\0")
    return {path for path, value in zip(fields[::3], fields[2::3], strict=False) if value not in _NOT_SET}


def list_paths(top: Path, paths: Sequence[str], leave_out: LeaveOut, n_digits: int = _SHA1_DIGITS) -> Listing:
    """The files at ``paths`` below ``top``, read and hashed; links and folders are left out, missing ones not there."""
    files: list[SourceFile] = []
    skipped: list[Skipped] = []
    for path in paths:
        full = top / path
        try:
            status = full.lstat()
        except OSError:  # tracked but deleted
            continue
        n_bytes = status.st_size
        if stat.S_ISLNK(status.st_mode):
            skipped.append(Skipped(path, 0, "symbolic link"))
        elif stat.S_ISDIR(status.st_mode):
            skipped.append(Skipped(path, 0, "submodule"))
        elif not stat.S_ISREG(status.st_mode):  # a socket or a device
            continue
        elif (reason := leave_out(path, n_bytes)) is not None:
            skipped.append(Skipped(path, n_bytes, reason))
        else:
            try:
                content = full.read_bytes()
            except OSError as error:
                skipped.append(Skipped(path, n_bytes, f"cannot be read ({error.strerror})"))
                continue
            files.append(SourceFile(path, blob_id(content, n_digits), len(content)))
    return Listing(files, skipped)


def judge_below(below: str, leave_out: LeaveOut) -> LeaveOut:
    """``leave_out`` for the files in ``below``, a folder that the user names: where it lies is no reason against them.

    Unless its name is no text, since every file's path holds that.
    """
    if not below or not below.isprintable():
        return leave_out
    start = len(below) + 1
    return lambda path, n_bytes: leave_out(path[start:], n_bytes)


def blob_id(content: bytes, n_digits: int = _SHA1_DIGITS) -> str:
    """Git's object id of a file's content, in the object format whose ids have ``n_digits``."""
    hashed = hashlib.sha1(usedforsecurity=False) if n_digits == _SHA1_DIGITS else hashlib.sha256()
    hashed.update(b"blob %d\0" % len(content) + content)
    return hashed.hexdigest()


def read_file(path: Path) -> bytes:
    """The file's content as it is now. Raises SourceError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror}.") from error


def read_each(top: Path, files: Sequence[SourceFile], listed_ns: int) -> Iterator[tuple[SourceFile, bytes | None]]:
    """Each of ``files`` below ``top`` with its content, None for one that has gone. Raises SourceError for others.

    One that was written since ``listed_ns``, nanoseconds of the clock before the listing, has the id of what is read:
    rows of another content than its id says would be taken over into other refs.
    """
    for file in files:
        path = top / file.path
        try:
            content = read_file(path)
            status = path.stat()
        except (SourceError, FileNotFoundError):
            if path.exists():
                raise
            yield file, None
            continue
        # Not always by content: where git changes line ends, its id is not that of the file on disk.
        if max(status.st_mtime_ns, status.st_ctime_ns) >= listed_ns - _CLOCK_STEP_NS:
            file = SourceFile(file.path, blob_id(content, len(file.blob)), len(content))
        yield file, content
