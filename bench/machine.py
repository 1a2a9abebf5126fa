"""What was measured on: processor, cores, memory, versions, commit; and commands measured from outside."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from assistant.models.engine_build import read_engine_build
from indexer.index_folder import FORMAT_VERSION

QUARRY = Path(sys.executable).parent / "quarry"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One command: seconds from start to end, and the largest memory it held."""

    seconds: float
    peak_bytes: int
    stdout: str


# A process's largest memory begins with that of the process that started it, so a small one stands in between.
_LAUNCHER = """
import os, sys, time
started = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - started
with open(sys.argv[1], "w") as file:
    print(seconds, usage.ru_maxrss, file=file)
sys.exit(1 if status else 0)
"""


def run(command: Sequence[str | Path], environment: Mapping[str, str], folder: Path | None = None) -> Run:
    """Run a command to its end, in ``folder``. Raises CalledProcessError with its output where it fails."""
    program, *arguments = [str(part) for part in command]
    with tempfile.NamedTemporaryFile() as usage:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, usage.name, program, *arguments]
        done = subprocess.run(
            launcher, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True, check=True
        )
        seconds, max_rss = Path(usage.name).read_text().split()
    return Run(float(seconds), int(max_rss) * (1 if sys.platform == "darwin" else 1024), done.stdout)


@contextmanager
def start(command: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command that lasts, ended at the end. What it prints on standard error is shown."""
    process = subprocess.Popen(
        [str(part) for part in command], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def peak_memory_bytes(pid: int) -> int:
    """The largest memory that a process held so far, mapped files included. Linux only."""
    # Not getrusage: a child's maximum there begins with that of the process that started it.
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {pid} has ended")


def work_folder() -> Path:
    """Where repositories and indexes are kept: QUARRY_BENCH_WORK, by default .cache/bench."""
    work = Path(os.environ.get("QUARRY_BENCH_WORK", ROOT / ".cache" / "bench")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    return work


def time_interpreter() -> float:
    """Seconds for a fixed piece of work, to tell a quick hour of this machine from a slow one."""
    started = time.perf_counter()
    sum(i * i for i in range(10_000_000))
    return time.perf_counter() - started


def describe_machine() -> dict[str, str]:
    """The lines that stand under every table."""
    models = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    # Of what is measured: the figures and pages that a run writes do not make it another commit.
    status = ["git", "status", "--porcelain", "--", "indexer", "assistant", "api", "eval", "bench/*.py"]
    dirty = subprocess.run(status, cwd=ROOT, capture_output=True, text=True).stdout
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{pages * page_bytes / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "chromadb": version("chromadb"),
        "xllamacpp": str(read_engine_build()).removeprefix("xllamacpp "),
        "index format": str(FORMAT_VERSION),
        "commit": commit.stdout.strip() + (" with changes" if dirty else ""),
    }


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
