"""Whose a run's processes and files are: a user of its own where we are root, and ours again after it.

A limit on processes is counted for a user, and does not hold for root: so as root every run is another user's, one
that no other run on this machine has at the same time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from eval.errors import SandboxError

_FIRST_USER = 1_900_000_000  # above what systems and containers give out
_FIRST_USER_IN_CONTAINER = 62_000  # where only the first 65,536 users exist
_N_USERS = 256
_MAX_DEPTH = 100
_LOCKS = Path("/run/quarry-sandbox")


def first_user() -> int | None:
    """The first of the users that runs may be given; None if we are not root, or there is no other user here."""
    if os.geteuid() != 0:
        return None
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    for first in (_FIRST_USER, _FIRST_USER_IN_CONTAINER):
        if any(start <= first and first + _N_USERS <= start + length for start, _, length in ranges):
            return first
    return None


@contextlib.contextmanager
def lease_user(first: int) -> Iterator[int]:
    """A user id that nobody else is given until the end. Raises SandboxError if all are taken."""
    _LOCKS.mkdir(mode=0o700, parents=True, exist_ok=True)
    for user in range(first, first + _N_USERS):
        with (_LOCKS / str(user)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield user
            return
    raise SandboxError(f"{_N_USERS} sandboxes run at the same time; wait for one of them to end")


@contextlib.contextmanager
def lend(folder: Path, first: int | None) -> Iterator[int | None]:
    """The user that a run in the folder is: one from ``first`` on, who owns the folder until the end; None for us.

    Whoever it is, what the run leaves is ours at the end and can be deleted.
    """
    with contextlib.ExitStack() as stack:
        user = owner = None
        if first is not None:
            user = stack.enter_context(lease_user(first))
            owner = folder.stat()
            give(folder, user)
        stack.callback(take_back, folder, user, owner)
        yield user


def give(folder: Path, user: int) -> None:
    """Make the folder and all in it that user's, but for files that have another name: it may lie outside."""
    os.chown(folder, user, user)
    for entry in _entries(folder):
        found = entry.stat(follow_symlinks=False)
        if found.st_nlink == 1 or not stat.S_ISREG(found.st_mode):
            os.chown(entry.path, user, user, follow_symlinks=False)


def take_back(folder: Path, user: int | None = None, owner: os.stat_result | None = None) -> None:
    """Make all in the folder deletable again: what is ``user``'s becomes ``owner``'s, and no folder stays closed.

    Nothing may run in it any more. What is nested too deep for ordinary tools is deleted.
    """
    if owner is not None:
        os.chown(folder, owner.st_uid, owner.st_gid)
    _open_up(str(folder), stat.S_IMODE(folder.stat().st_mode))
    for entry in _entries(folder):
        found = entry.stat(follow_symlinks=False)
        if owner is not None and found.st_uid == user:
            os.chown(entry.path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            _open_up(entry.path, stat.S_IMODE(found.st_mode))


def _open_up(path: str, mode: int) -> None:
    if mode & 0o700 != 0o700:
        Path(path).chmod(mode | 0o700)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below the folder, a folder before what is in it."""
    waiting = [(str(folder), 0)]
    while waiting:
        name, depth = waiting.pop()
        with os.scandir(name) as entries:
            for entry in list(entries):
                if depth >= _MAX_DEPTH or len(entry.path) > 3000:
                    _delete_deep(Path(name))
                    break
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))


def _delete_deep(folder: Path) -> None:
    """Python's own way of deleting is recursive and ends at some depth; rm does not."""
    rm = shutil.which("rm") or "/bin/rm"
    subprocess.run([rm, "-rf", "--", str(folder)], check=False, capture_output=True)
