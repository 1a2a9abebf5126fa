"""One package as people meet it: indexed, searched, served, and asked through a model. One function a section.

Each returns figures by name, in the unit of the name; none of them decides anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.settings import ApiSettings
from assistant.answer import Assistant
from assistant.events import AskRequest
from assistant.models.catalogue import find_model
from assistant.models.download import pull_model
from assistant.models.embedded import EmbeddedProvider
from assistant.records import Message
from eval.datasets import fetch_package

from .corpus import DJANGO
from .machine import QUARRY, ROOT, run
from .sizes import bring_up_to_date, prepare_home

QUERIES = (
    "how is a request routed to a view",
    "QuerySet.filter",
    "csrf token validation",
    "where are migrations applied to the database",
    "password hashing",
    "template tag registration",
    "class based view dispatch",
    "session cookie",
    "ForeignKey on_delete",
    "cache backend timeout",
)
REPO = "django"
_N_COLD = 7
_N_WARM = 300
_N_FIRST_TOKENS = 10


def measure_package(work: Path) -> dict[str, Any]:
    """Index a package of a thousand files from nothing, then again with nothing changed; search it, start included."""
    source = fetch_package(DJANGO, work)
    with tempfile.TemporaryDirectory(dir=work) as fresh:
        # The scanner compiles its rules once a home (5 s); kept apart from the rate, which is about the code.
        (one_file := Path(fresh) / "one-file").mkdir()
        (one_file / "one.py").write_text("ONE = 1\n")
        first = run([QUARRY, "index", one_file, "--json"], {"QUARRY_HOME": str(Path(fresh) / "home")})
    home = prepare_home(work, "package")
    environment = {"QUARRY_HOME": str(home)}
    builds = []
    for _ in range(3):
        shutil.rmtree(home / "repositories", ignore_errors=True)
        builds.append(run([QUARRY, "index", source, "--name", REPO, "--json"], environment))
    cold = sorted(builds, key=lambda build: build.seconds)[1]
    report = json.loads(cold.stdout)
    again = [run([QUARRY, "index", source, "--name", REPO, "--json"], environment) for _ in range(3)]
    searches = [run([QUARRY, "search", REPO, QUERIES[i % len(QUERIES)]], environment).seconds for i in range(_N_COLD)]
    with served(ApiSettings(home=home, port=0), None) as url, httpx.Client(base_url=url, timeout=300) as client:
        searched = _time_searches(client)
    return {
        "files": report["n_files"],
        "chunks": report["n_chunks"],
        "index_seconds": cold.seconds,
        "chunks_per_second": report["n_chunks"] / cold.seconds,
        "peak_mb": cold.peak_bytes / 1e6,
        "unchanged_seconds": statistics.median(rerun.seconds for rerun in again),
        "first_index_of_a_home_seconds": first.seconds,
        "cold_search_seconds": statistics.median(searches),
        "cold_search_max_seconds": max(searches),
        **searched,
    }


def index_django(work: Path) -> Path:
    """A home with the index of Django, as fresh as our code makes it; its name there is ``REPO``."""
    source = fetch_package(DJANGO, work)
    home = prepare_home(work, "package")
    bring_up_to_date([QUARRY, "index", source, "--name", REPO, "--json"], home)
    return home


def pull_to(name: str) -> Path:
    """The home that holds the model of that name, fetched if it is not there."""
    home = Path(os.environ.get("QUARRY_TEST_HOME", ROOT / ".cache" / "test-home"))
    pull_model(home, find_model(name))
    return home


def measure_model(work: Path) -> dict[str, Any]:
    """What the service adds to the engine's own time to first token."""
    home = index_django(work)
    model = find_model("qwen2.5-coder-0.5b")
    settings = ApiSettings(home=home, port=0)
    provider = EmbeddedProvider(pull_to(model.name), model, window_tokens=settings.window_tokens)
    try:
        provider.engine.ensure_running()
        provider.warm_up()  # as `quarry serve` does
        with served(settings, provider) as url, httpx.Client(base_url=url, timeout=300) as client:
            _time_searches(client)
            return _time_first_tokens(client, settings, provider)
    finally:
        provider.close()


def _time_searches(client: httpx.Client) -> dict[str, float]:
    milliseconds = []
    for i in range(_N_WARM):
        started = time.perf_counter()
        client.get("/search", params={"repo": REPO, "q": f"{QUERIES[i % len(QUERIES)]} {i}"}).raise_for_status()
        milliseconds.append((time.perf_counter() - started) * 1000)
    warm = sorted(milliseconds[10:])
    return {"http_search_p50_ms": statistics.median(warm), "http_search_p95_ms": warm[int(len(warm) * 0.95)]}


def _time_first_tokens(client: httpx.Client, settings: ApiSettings, provider: EmbeddedProvider) -> dict[str, float]:
    """Prompts that the engine has read already, asked directly and through the service, in turns.

    The service sees each question for the first time, so that it has its passages to count.
    """
    key = {"Authorization": f"Bearer {provider.engine.api_key}"}
    assistant = Assistant(settings, provider)
    direct, through, shares, n_tokens, n_passages = [], [], [], [], []
    for query in QUERIES[:_N_FIRST_TOKENS]:
        question = f"Where in the code is this, and how does it work: {query}?"
        body = {"repo": REPO, "messages": [{"role": "user", "content": question}], "stream": True, "max_tokens": 4}
        request = AskRequest(REPO, [Message("user", question)], max_tokens=4, abstain=False)
        answer = asyncio.run(assistant.answer(request))
        direct_body = {
            "messages": [{"role": message.role, "content": message.content} for message in answer.messages],
            "max_tokens": 4,
            "temperature": 0,
            "seed": 0,
            "stream": True,
        }
        engine_ms, _ = _first_token(client, f"{provider.engine.url}/chat/completions", direct_body, '"content":"', key)
        service_ms, last = _first_token(client, "/chat", body, "event: token", {})
        direct.append(engine_ms)
        through.append(service_ms)
        shares.append(service_ms - engine_ms - json.loads(last)["timings_ms"]["retrieval"])
        n_tokens.append(answer.usage.prompt_tokens)
        n_passages.append(len(answer.passages) + len(answer.trace.left_out))
    return {
        "prompt_tokens": statistics.mean(n_tokens),
        "passages": statistics.mean(n_passages),
        "engine_first_token_ms": statistics.median(direct),
        "service_first_token_ms": statistics.median(through),
        "service_adds_ms": statistics.median(through) - statistics.median(direct),
        "service_share_ms": statistics.median(shares),
    }


def _first_token(client: httpx.Client, url: str, body: object, mark: str, headers: dict[str, str]) -> tuple[float, str]:
    """Milliseconds to the first line with ``mark``, and the data of the stream's last event."""
    started = time.perf_counter()
    elapsed: float | None = None
    last = ""
    with client.stream("POST", url, json=body, headers=headers) as response:
        response.raise_for_status()
        for line in response.iter_lines():  # to the end, so that the next one does not wait for this one
            if elapsed is None and mark in line:
                elapsed = (time.perf_counter() - started) * 1000
            if line.startswith("data: "):
                last = line.removeprefix("data: ")
    if elapsed is None:
        raise RuntimeError(f"{url} gave no token")
    return elapsed, last


@contextmanager
def served(settings: ApiSettings, provider: EmbeddedProvider | None) -> Iterator[str]:
    """The service's address while it runs, on a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings, provider), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
