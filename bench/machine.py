"""What was measured on: processor, cores, memory, versions, commit; and commands measured from outside."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

QUARRY = Path(sys.executable).parent / "quarry"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One command: seconds from start to end, and the largest memory it held."""

    seconds: float
    peak_bytes: int
    stdout: str


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> Run:
    """Run a command to its end. Raises CalledProcessError with its output where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stdout, stderr = process.stdout, process.stderr
    assert stdout is not None and stderr is not None
    output, errors = stdout.read(), stderr.read()
    # wait4 gives the usage of this one child; getrusage would give the largest of all there were.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, output, errors)
    return Run(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), output)


def describe_machine() -> dict[str, str]:
    """The lines that stand under every table."""
    models = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    dirty = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True).stdout
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{pages * page_bytes / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "chromadb": version("chromadb"),
        "xllamacpp": version("xllamacpp"),
        "commit": commit.stdout.strip() + (" with changes" if dirty else ""),
    }


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
