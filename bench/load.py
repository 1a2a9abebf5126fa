"""Many people at once: streaming clients against a stand-in model, through the service as `quarry serve` runs it.

Stand-in, service and clients are three processes. What is measured is the service: how evenly it passes tokens on,
what it adds to the time to the first one, what a token costs it, and whether its memory grows.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from eval.datasets import fetch_package

from .cases import QUERIES
from .corpus import DJANGO
from .machine import QUARRY, start
from .sizes import bring_up_to_date, prepare_home

_REPO = "django"
_N_CLIENTS = 64
_TOKENS_PER_SECOND = 50
_ANSWER_TOKENS = 256
_FIRST_TOKEN_MS = 50
_SECONDS = 600.0  # what is to be held; QUARRY_BENCH_SECONDS for a shorter look
_WARM_SHARE = 0.1  # of the time, before memory is compared: caches fill first
_N_ALONE = 100


@dataclass(slots=True)
class _Seen:
    """What the clients saw."""

    gaps_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)
    n_tokens: int = 0
    n_answers: int = 0
    failures: list[str] = field(default_factory=list)


def measure_serving(work: Path) -> dict[str, Any]:
    """One client alone, for what the service adds; then 64 of them for ten minutes, or as the environment says."""
    seconds = float(os.environ.get("QUARRY_BENCH_SECONDS", _SECONDS))
    source = fetch_package(DJANGO, work)
    home = prepare_home(work, "package")
    bring_up_to_date([QUARRY, "index", source, "--name", _REPO, "--json"], home)
    with _stand_in() as model_url, _service(home, model_url) as (url, process):
        alone = _Seen()
        asyncio.run(_ask_in_turn(url, alone, 10, 4))  # opens the index, fills caches
        alone = _Seen()
        asyncio.run(_ask_in_turn(url, alone, _N_ALONE, 4))
        crowd, memory = _Seen(), []
        cpu_before, began = _cpu_seconds(process), time.perf_counter()
        asyncio.run(_crowd(url, crowd, seconds, process, memory))
        # Longer than it was to be: what is being answered in the end is answered.
        lasted, cpu_seconds = time.perf_counter() - began, _cpu_seconds(process) - cpu_before
    warm = memory[int(len(memory) * _WARM_SHARE)]
    gaps = sorted(crowd.gaps_ms)
    return {
        "clients": _N_CLIENTS,
        "seconds": seconds,
        "answers": crowd.n_answers,
        "tokens": crowd.n_tokens,
        "failed": len(crowd.failures),
        "failures": crowd.failures[:3],
        "tokens_per_second": crowd.n_tokens / lasted,
        "gap_p50_ms": _quantile(gaps, 0.5),
        "gap_p99_ms": _quantile(gaps, 0.99),
        "gap_max_ms": gaps[-1],
        "first_token_p50_ms": statistics.median(crowd.first_ms),
        "own_p50_ms": statistics.median(alone.own_ms),
        "own_p95_ms": _quantile(sorted(alone.own_ms), 0.95),
        "cpu_us_per_token": cpu_seconds / crowd.n_tokens * 1e6,
        "cores": cpu_seconds / lasted,
        "memory_start_mb": warm / 1e6,
        "memory_end_mb": memory[-1] / 1e6,
        "memory_grown_mb": (memory[-1] - warm) / 1e6,
    }


@contextmanager
def _stand_in() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.standin", str(_TOKENS_PER_SECOND), str(_FIRST_TOKEN_MS)]
    with start(command, {}) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"


@contextmanager
def _service(home: Path, model_url: str) -> Iterator[tuple[str, psutil.Process]]:
    environment = {
        "QUARRY_HOME": str(home),
        "QUARRY_MODEL": "openai",
        "QUARRY_OPENAI_URL": f"{model_url}/v1",
        "QUARRY_MODEL_SLOTS": str(_N_CLIENTS),
        "QUARRY_LOG_LEVEL": "warning",
    }
    with start([QUARRY, "serve", "--port", "0"], environment) as process:
        assert process.stdout is not None
        [url] = re.findall(r"http://[0-9.:]+(?= )", process.stdout.readline())
        yield url, psutil.Process(process.pid)


async def _ask_in_turn(url: str, seen: _Seen, n_questions: int, n_tokens: int) -> None:
    for number in range(n_questions):
        await _ask(url, f"{QUERIES[number % len(QUERIES)]} {number}", n_tokens, seen)


async def _crowd(url: str, seen: _Seen, seconds: float, process: psutil.Process, memory: list[int]) -> None:
    """All clients, each with one question after the other, until the time is over."""
    ends = time.perf_counter() + seconds

    async def client(number: int) -> None:
        turn = 0
        await asyncio.sleep(number * _ANSWER_TOKENS / _TOKENS_PER_SECOND / _N_CLIENTS)  # people do not ask in step
        while time.perf_counter() < ends:
            query = QUERIES[(number + turn) % len(QUERIES)]
            await _ask(url, f"{query} {number} {turn}", _ANSWER_TOKENS, seen)
            turn += 1

    async def watch() -> None:
        while time.perf_counter() < ends:
            memory.append(process.memory_info().rss)
            await asyncio.sleep(1)

    await asyncio.gather(watch(), *(client(number) for number in range(_N_CLIENTS)))


async def _ask(url: str, question: str, n_tokens: int, seen: _Seen) -> None:
    """One streamed answer, read as it comes from the socket."""
    body = {
        "repo": _REPO,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": n_tokens,
        "stream": True,
    }
    data = json.dumps(body).encode()
    host, port = url.removeprefix("http://").split(":")
    head = f"POST /chat HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
    try:
        writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        status = (await reader.readline()).decode().strip()
        last, first, ended, name = began, 0.0, False, b""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip()
            elif line.startswith(b"data: ") and name == b"token":
                now = time.perf_counter()
                if not first:
                    first = now
                else:
                    seen.gaps_ms.append((now - last) * 1000)
                last = now
                seen.n_tokens += 1
            elif line.startswith(b"data: ") and name == b"done":
                ended = True
                timings = json.loads(line[6:])["timings_ms"]
            elif line.startswith(b"data: ") and name == b"error":
                status = line.decode()
        if not ended:
            seen.failures.append(status)
            return
        seen.n_answers += 1
        first_ms = (first - began) * 1000
        seen.first_ms.append(first_ms)
        seen.own_ms.append(first_ms - timings["retrieval"] - _FIRST_TOKEN_MS)
    except OSError as error:
        seen.failures.append(str(error))
    finally:
        writer.close()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
