"""What this machine offers a model: cores and memory, as the process may use them (containers included), and whether an
address is its own."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

_CGROUP = Path("/sys/fs/cgroup")  # version 2, as seen from inside a container
_MEMINFO = Path("/proc/meminfo")
_STAT = Path("/proc/stat")

_SAMPLE_SECONDS = 0.2  # 20 ticks of the kernel's clock a core: enough to tell an idle core from a busy one


def usable_cores() -> int:
    """Cores this process may run on: its affinity, cut to the container's CPU quota. At least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def free_cores() -> int:
    """Usable cores that nothing else keeps busy, at least 1. Takes 0.2 s to look.

    A thread more than there are free cores is not a little slower but a disaster: beside one busy process on two
    cores, two threads made 0.7 tokens a second and one thread 14.7 (0.5B). A core counts as taken if it is busy
    now and was so over the last minute, so a short burst costs nothing for the engine's whole life.
    """
    before = _cpu_ticks()
    if before is None or not hasattr(os, "getloadavg"):
        return usable_cores()
    time.sleep(_SAMPLE_SECONDS)
    after = _cpu_ticks() or before
    n_cores = os.cpu_count() or 1
    n_ticks = after[1] - before[1]
    busy_now = n_cores * (after[0] - before[0]) / n_ticks if n_ticks else 0.0
    n_busy = round(min(busy_now, os.getloadavg()[0]))
    return max(1, min(usable_cores(), n_cores - n_busy))


def _cpu_ticks() -> tuple[int, int] | None:
    """Busy and total ticks of all cores since boot, or None where the kernel does not tell."""
    first = _read(_STAT).partition("\n")[0].split()
    if len(first) < 8 or first[0] != "cpu":
        return None
    ticks = [int(field) for field in first[1:9]]  # user nice system idle iowait irq softirq steal
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def memory_bytes() -> int | None:
    """Memory of the machine, or of the container if that is less; None where the system does not say."""
    sizes: list[int] = []
    for line in _read(_MEMINFO).splitlines():
        if line.startswith("MemTotal:"):
            sizes.append(int(line.split()[1]) * 1024)  # the kernel counts in KiB
    limit = _read(_CGROUP / "memory.max").strip()
    if limit.isdigit():
        sizes.append(int(limit))
    return min(sizes) if sizes else None


def is_loopback(url: str) -> bool:
    """Whether ``url`` is an address of this machine, which no proxy can reach."""
    try:
        return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:  # no address at all, which whoever asks it will say
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
