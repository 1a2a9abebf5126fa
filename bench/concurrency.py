"""Four clients at once against one client, through the service and at the engine's own port, in turns.

``new``: questions that were never asked, so their prompts are read; each round has its own, asked by one client or by
four. ``again``: the same ones once more, whose prompts the engine holds, so that generating is all there is to do, by
one client and by four. Which comes first changes from round to round. Rates are generated tokens of all clients by the
seconds from the first request to the last token.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from api.settings import ApiSettings
from assistant.answer import Assistant
from assistant.events import AskRequest
from assistant.models.catalogue import find_model
from assistant.models.embedded import EmbeddedProvider
from assistant.models.engine import EngineOptions
from assistant.records import Message

from .cases import REPO, index_django, pull_to, served
from .conversations import MODEL, read_conversations

N_CLIENTS = 4
_MAX_ANSWER_TOKENS = int(os.environ.get("QUARRY_BENCH_ANSWER_TOKENS", "96"))
_N_ROUNDS = int(os.environ.get("QUARRY_BENCH_ROUNDS", "4"))
_TIMEOUT_SECONDS = 600.0


def measure_concurrency(work: Path) -> dict[str, Any]:
    """Generated tokens/s of one client and of four, and their ratio, through the service and at the engine."""
    rounds = plan_rounds(_N_ROUNDS)
    home = index_django(work)
    threads = os.environ.get("QUARRY_ENGINE_THREADS")
    settings = ApiSettings(home=home, port=0)
    provider = EmbeddedProvider(
        pull_to(MODEL),
        find_model(MODEL),
        window_tokens=settings.window_tokens,
        threads=int(threads) if threads else None,
        options=EngineOptions(n_slots=N_CLIENTS, speculation=settings.engine_speculation),
    )
    rates: dict[str, list[float]] = {}
    try:
        provider.engine.ensure_running()
        provider.warm_up()
        with served(settings, provider) as url, ThreadPoolExecutor(N_CLIENTS) as pool:
            for asked, order in rounds:
                rate = _ask_service(url, asked, order[0], pool)
                rates.setdefault(f"service_new_{order[0]}", []).append(rate)
                for n_clients in order:
                    rate = _ask_service(url, asked, n_clients, pool)
                    rates.setdefault(f"service_again_{n_clients}", []).append(rate)
                prompts = _prompts_of(asked, settings, provider)
                for n_clients in order:
                    rate = _ask_engine(provider, prompts, n_clients, pool)
                    rates.setdefault(f"engine_again_{n_clients}", []).append(rate)
    finally:
        provider.close()
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratios = {
        f"{kind}_ratio": medians[f"{kind}_{N_CLIENTS}"] / medians[f"{kind}_1"]
        for kind in ("service_new", "service_again", "engine_again")
    }
    return {"model": MODEL, "n_clients": N_CLIENTS, "answer_tokens": _MAX_ANSWER_TOKENS, **medians, **ratios}


def plan_rounds(n_rounds: int) -> list[tuple[list[str], tuple[int, int]]]:
    """The questions of each round, none twice, and the numbers of clients in their order."""
    questions = [turns[0] for turns in read_conversations()]
    n_possible = len(questions) // N_CLIENTS
    if not 2 <= n_rounds <= n_possible:
        raise SystemExit(f"QUARRY_BENCH_ROUNDS is {n_rounds}: there are questions for 2 to {n_possible} rounds")
    orders = ((1, N_CLIENTS), (N_CLIENTS, 1))
    return [(questions[n * N_CLIENTS : (n + 1) * N_CLIENTS], orders[n % 2]) for n in range(n_rounds)]


def _prompts_of(questions: Sequence[str], settings: ApiSettings, provider: EmbeddedProvider) -> list[Any]:
    """What the service sends to the engine for these questions."""
    assistant = Assistant(settings, provider)
    prompts = []
    for question in questions:
        request = AskRequest(REPO, [Message("user", question)], max_tokens=1, abstain=False)
        messages = asyncio.run(assistant.answer(request)).messages
        prompts.append([{"role": message.role, "content": message.content} for message in messages])
    return prompts


def _ask_service(url: str, questions: Sequence[str], n_clients: int, pool: ThreadPoolExecutor) -> float:
    """Tokens/s over these questions by that many clients."""

    def ask(question: str) -> int:
        body = {"repo": REPO, "messages": [{"role": "user", "content": question}], "max_tokens": _MAX_ANSWER_TOKENS}
        body |= {"stream": True, "abstain": False}  # as the engine is asked the same prompts
        with httpx.stream("POST", f"{url}/chat", json=body, timeout=_TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            event = ""
            for line in response.iter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event in ("done", "error"):
                    data = json.loads(line.removeprefix("data: "))
                    if event == "error":
                        raise RuntimeError(data.get("detail") or data)
                    return int(data["usage"]["completion_tokens"])
        raise RuntimeError("the stream ended without an answer")

    return _rate(ask, questions, n_clients, pool)


def _ask_engine(provider: EmbeddedProvider, prompts: Sequence[Any], n_clients: int, pool: ThreadPoolExecutor) -> float:
    """Tokens/s over the same prompts, asked directly at the engine's port."""
    headers = {"Authorization": f"Bearer {provider.engine.api_key}"}
    url = f"{provider.engine.url}/chat/completions"

    def ask(prompt: Any) -> int:
        body = {"messages": prompt, "max_tokens": _MAX_ANSWER_TOKENS, "temperature": 0, "seed": 0}
        response = httpx.post(url, json=body, headers=headers, timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
        return int(response.json()["usage"]["completion_tokens"])

    return _rate(ask, prompts, n_clients, pool)


def _rate(ask: Callable[[Any], int], asked: Sequence[Any], n_clients: int, pool: ThreadPoolExecutor) -> float:
    """Tokens of all answers by the seconds that they took; one client asks one after the other."""
    started = time.perf_counter()
    n_tokens = sum(map(ask, asked) if n_clients == 1 else pool.map(ask, asked))
    return n_tokens / (time.perf_counter() - started)
