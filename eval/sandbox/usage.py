"""What a tree of processes holds and what it wrote, read from /proc and from its folder.

Memory that no process maps any more and no file descriptor names is not seen; the sandbox's filter refuses the calls
that make it, as far as they can be told apart.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path

from eval.errors import SandboxError

from .base import End, Limits

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_FILE_BYTES = 4096  # the least that a file counts: empty ones fill a disk's table of files
_MAX_DEPTH = 100  # folders below that are made to hide something, or to break what walks them
_SHARE_OF_TIME = 0.1  # of a run's time at most is spent on looking at its folder
_RESERVE_BYTES = 192 * 2**20  # of the machine's memory: below it, a run is ended whatever it seems to hold


class Watch:
    """Says which limit a run exceeds: asked again and again while it goes on. ``folder`` may hold files before."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        started = time.monotonic()
        self._bytes_before = folder_bytes(folder)
        self._next_walk = started
        self._plan_walk(started)

    def excess(self, root: int | None) -> End | None:
        """The limit that the processes below ``root``, or the folder, exceed by now; None for none.

        Raises SandboxError where the machine has little memory left: the run has to end, and is not to blame.
        """
        processes = [] if root is None else process_tree(root)
        if holds_more(processes, self._limits.memory_bytes):
            return "out of memory"
        if _free_memory_bytes() < _RESERVE_BYTES:
            raise SandboxError(
                f"the machine has less than {_RESERVE_BYTES // 2**20} MiB of memory left, so what ran was ended: close "
                "other programs, or use a smaller model, and run the same command again"
            )
        allowed = self._limits.disk_bytes
        unlinked = unlinked_bytes(processes)
        if unlinked > allowed or written_bytes(processes) > allowed:
            return "wrote too much"
        started = time.monotonic()
        if started >= self._next_walk:
            grown = folder_bytes(self._folder) - self._bytes_before
            self._plan_walk(started)
            if grown + unlinked > allowed:
                return "wrote too much"
        return None

    def _plan_walk(self, started: float) -> None:
        now = time.monotonic()
        self._next_walk = now + (now - started) / _SHARE_OF_TIME


def process_tree(root: int) -> list[int]:
    """The process and all below it. Those that ended meanwhile are left out."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - a child belongs to the thread that made it
                waiting += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
        except OSError:
            continue
    return found


def holds_more(processes: Sequence[int], limit_bytes: int) -> bool:
    """Whether the processes together hold more memory than that; what they share is counted once."""
    resident = 0
    for pid in processes:
        fields = _read(f"/proc/{pid}/statm").split()
        resident += int(fields[1]) * _PAGE_BYTES if fields else 0
    if resident <= limit_bytes:  # counts shared pages again and again, so it is enough to acquit
        return False
    shares = [_field(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in processes]
    return sum(shares) * 1024 > limit_bytes


def written_bytes(processes: Sequence[int]) -> int:
    """Bytes that live processes, and children that they waited for, gave to a disk, less what was deleted unwritten."""
    return sum(
        _field(f"/proc/{pid}/io", "write_bytes:") - _field(f"/proc/{pid}/io", "cancelled_write_bytes:")
        for pid in processes
    )


def unlinked_bytes(processes: Sequence[int]) -> int:
    """Bytes of files that are open in these processes and have no name any more, or never had one."""
    sizes: dict[tuple[int, int], int] = {}
    for pid in processes:
        try:
            descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                found = descriptor.stat()
            except OSError:
                continue
            if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())


def folder_bytes(folder: Path) -> int:
    """What the folder takes on the disk; 2**62 if it is nested too deep to look through."""
    total, waiting = 0, [(str(folder), 0)]
    while waiting:
        name, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            return 2**62
        try:
            with os.scandir(name) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, depth + 1))
                    total += max(entry.stat(follow_symlinks=False).st_blocks * 512, _FILE_BYTES)
        except OSError:  # gone meanwhile, or closed by its owner: then ``written_bytes`` counts what is in it
            continue
    return total


def _free_memory_bytes() -> int:
    return _field("/proc/meminfo", "MemAvailable:") * 1024 or 2**62


def _field(path: str, name: str) -> int:
    """The number after a name at the start of a line; 0 where there is none."""
    for line in _read(path).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 - read thousands of times
            return file.read()
    except OSError:
        return ""
