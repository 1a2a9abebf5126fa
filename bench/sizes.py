"""The speed table: what indexing, an edit, a search and serving cost at a size. One function a section.

Each returns figures by name, in the unit of the name. Repositories and indexes are kept below ``work``, so that a
section can be run again alone; what a section measures is always done anew.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from .corpus import make_repository, make_small_repository
from .machine import QUARRY, ROOT, peak_memory_bytes, run, start
from .searching import QUERIES

Figures = dict[str, Any]

EDITED_CHUNKS = 100_000
SEARCHED_CHUNKS = (20_000, 500_000)
GROWN_CHUNKS = (5_000, 50_000, 500_000)
_N_EDITS = 11  # the first one apart
_N_COLD = 5


def measure_small(work: Path) -> Figures:
    """A small repository indexed from nothing, as a new process, five times."""
    source = make_small_repository(work)
    home = prepare_home(work, "small")
    processes, builds = [], []
    for _ in range(_N_COLD):
        shutil.rmtree(home / "repositories", ignore_errors=True)
        done = run([QUARRY, "index", source, "--name", "small", "--json"], {"QUARRY_HOME": str(home)})
        report = json.loads(done.stdout)
        processes.append(done.seconds)
        builds.append(report["seconds"])
    return {
        "files": report["n_files"],
        "chunks": report["n_chunks"],
        "seconds": statistics.median(builds),
        "max_seconds": max(builds),
        "process_seconds": statistics.median(processes),
    }


def measure_edit(work: Path) -> Figures:
    """One file edited and indexed again: as a new process, through a service, and by ``quarry watch``."""
    source, home, name = _indexed(work, EDITED_CHUNKS)
    edits = _edits(source)
    by_process = []
    for _ in range(_N_EDITS):
        next(edits)
        done = run(_index_command(source, name), {"QUARRY_HOME": str(home)})
        _check_embedded(json.loads(done.stdout))
        by_process.append(done.seconds)
    with _served(home) as (client, _):
        by_service = []
        for _ in range(_N_EDITS):
            next(edits)
            by_service.append(_index_through(client, source, name))
    with _watched(home, name) as wait_for_update:
        by_watch = []
        for _ in range(_N_EDITS):
            next(edits)
            by_watch.append(wait_for_update())
            time.sleep(0.3)
    _undo_edits(source)
    figures: Figures = {"chunks": _count_chunks(home, name), "edits": _N_EDITS - 1}
    for way, seconds in (("process", by_process), ("service", by_service), ("watch", by_watch)):
        figures[f"{way}_first_seconds"] = seconds[0]
        figures[f"{way}_seconds"] = statistics.median(seconds[1:])
        figures[f"{way}_max_seconds"] = max(seconds[1:])
    return figures


def measure_memory(work: Path) -> Figures:
    """What a service holds at most that has answered searches and indexed edits. The model engine is not started."""
    source, home, name = _indexed(work, EDITED_CHUNKS)
    edits = _edits(source)
    with _served(home) as (client, pid):
        started_bytes = peak_memory_bytes(pid)
        for query in QUERIES:
            client.get("/search", params={"repo": name, "q": query}).raise_for_status()
        searched_bytes = peak_memory_bytes(pid)
        for _ in range(5):
            next(edits)
            _index_through(client, source, name)
            for query in QUERIES[:10]:
                client.get("/search", params={"repo": name, "q": query}).raise_for_status()
        edited_bytes = peak_memory_bytes(pid)
    _undo_edits(source)
    return {
        "chunks": _count_chunks(home, name),
        "started_peak_mb": started_bytes / 1e6,
        "searched_peak_mb": searched_bytes / 1e6,
        "edited_peak_mb": edited_bytes / 1e6,
    }


def measure_search(work: Path) -> Figures:
    """Warm searches in process, at two sizes."""
    figures: Figures = {}
    for n_chunks in SEARCHED_CHUNKS:
        _, home, name = _indexed(work, n_chunks)
        done = run([sys.executable, "-m", "bench.searching", name], {"QUARRY_HOME": str(home)}, ROOT)
        measured = json.loads(done.stdout)
        figures[str(n_chunks)] = measured | {"chunks": _count_chunks(home, name), "peak_mb": done.peak_bytes / 1e6}
    return figures


def measure_growth(work: Path) -> Figures:
    """Whole builds at three sizes, each from nothing; of the largest one, how its chunks came to be on disk."""
    figures: Figures = {}
    for n_chunks in GROWN_CHUNKS:
        source, name = make_repository(work, n_chunks), f"chunks-{n_chunks}"
        home = prepare_home(work, name)
        shutil.rmtree(home / "repositories", ignore_errors=True)
        done = run([sys.executable, "-m", "bench.growing", source, name], {"QUARRY_HOME": str(home)}, ROOT)
        figures[str(n_chunks)] = json.loads(done.stdout) | {"peak_mb": done.peak_bytes / 1e6}
    return figures


def prepare_home(work: Path, name: str) -> Path:
    """A home with the scanner's rules compiled, which is done once a home and is measured apart."""
    home = work / "homes" / name
    if not (home / "cache" / "secret-rules").exists():
        one_file = work / "one-file"
        one_file.mkdir(parents=True, exist_ok=True)
        (one_file / "one.py").write_text("ONE = 1\n")
        run([QUARRY, "index", one_file, "--json"], {"QUARRY_HOME": str(home)})
        shutil.rmtree(home / "repositories")
    return home


def _indexed(work: Path, n_chunks: int) -> tuple[Path, Path, str]:
    """A repository of that size, a home with its index, as fresh as its files, and the index's name."""
    source, name = make_repository(work, n_chunks), f"chunks-{n_chunks}"
    home = prepare_home(work, name)
    if n_chunks == EDITED_CHUNKS:
        _undo_edits(source)
        bring_up_to_date(_index_command(source, name), home)
    else:
        bring_up_to_date([QUARRY, "index", source, "--name", name, "--json"], home)
    return source, home, name


def bring_up_to_date(command: Sequence[str | Path], home: Path) -> None:
    """Index, and anew if what is kept was made with another encoder or chunker."""
    environment = {"QUARRY_HOME": str(home)}
    try:
        run(command, environment)
    except subprocess.CalledProcessError as error:
        if "--rebuild" not in error.stderr:
            raise
        run([*command, "--rebuild"], environment)


def _index_command(source: Path, name: str) -> list[str | Path]:
    return [QUARRY, "index", source, "--name", name, "--worktree", "--json"]


def _count_chunks(home: Path, name: str) -> int:
    listed = json.loads(run([QUARRY, "list", "--json"], {"QUARRY_HOME": str(home)}).stdout)
    [index] = [each for each in listed if each["name"] == name]
    return int(index["refs"][0]["n_chunks"])


def _edits(source: Path) -> Iterator[Path]:
    """At each step one file, each time another, has a new function at its end."""
    files = sorted(path for path in source.rglob("*.py") if path.stat().st_size > 5_000)
    number = 0
    while True:
        number += 1
        path = files[number * 97 % len(files)]
        with path.open("a") as file:
            file.write(f"\n\ndef added_{time.time_ns()}(value):\n    return value + {number}\n")
        yield path


def _undo_edits(source: Path) -> None:
    subprocess.run(["git", "checkout", "--quiet", "--", "."], cwd=source, check=True)


def _check_embedded(report: dict[str, Any]) -> None:
    if not 1 <= report["n_embedded"] <= 100 or report["n_files_read"] != 1:
        raise RuntimeError(f"One edit read {report['n_files_read']} files and embedded {report['n_embedded']} chunks.")


def _index_through(client: httpx.Client, source: Path, name: str) -> float:
    """Seconds from asking the service to index until its job is done."""
    started = time.perf_counter()
    asked = client.post("/repos", json={"source": str(source), "name": name, "worktree": True}).raise_for_status()
    while True:
        job = client.get(f"/jobs/{asked.json()['id']}").json()
        if job["state"] == "done":
            seconds = time.perf_counter() - started
            _check_embedded(job["report"])
            return seconds
        if job["state"] == "failed":
            raise RuntimeError(job["error"])
        time.sleep(0.005)


@contextmanager
def _served(home: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A service without a model over ``home``: a client for it, and its process id."""
    command: list[str | Path] = [QUARRY, "serve", "--port", "0", "--model", "embedded/qwen2.5-coder-0.5b"]
    with start(command, {"QUARRY_HOME": str(home)}) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[3]
        with httpx.Client(base_url=address, timeout=300) as client:
            yield client, process.pid


@contextmanager
def _watched(home: Path, name: str) -> Iterator[Callable[[], float]]:
    """A watch of the index; what is given waits for its next update, and says after how many seconds it came."""
    with start([QUARRY, "watch", name], {"QUARRY_HOME": str(home)}) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(5)  # until it watches: it says nothing when all is fresh already

        def wait_for_update() -> float:
            started = time.perf_counter()
            line = process.stdout.readline()  # type: ignore[union-attr]
            if "1 files changed" not in line:
                raise RuntimeError(f"quarry watch printed {line!r}")
            return time.perf_counter() - started

        yield wait_for_update
