"""What each of the engine's ways to be quick saves, over real conversations: one engine an arm, side by side.

Every turn goes through the same ``Assistant`` that users get, with the history of the plainest arm, so that all arms
read the same prompts; they take turns, so the machine's moods fall on all alike. What is measured is kept, conversation
by conversation, until all are: a run stops after QUARRY_BENCH_CONVERSATION_SECONDS (700) and goes on there when it is
started again, at the same commit. With the whole QUARRY_CONTEXT_TOKENS (1,600) all twenty take some 40 minutes, with
600 a third of that.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx

from assistant.answer import Assistant
from assistant.events import AskRequest
from assistant.models.catalogue import find_model
from assistant.models.embedded import EmbeddedProvider
from assistant.models.engine import PLAIN, EngineOptions
from assistant.records import Message
from assistant.search import Searcher
from assistant.settings import AssistantSettings, Speculation

from .cases import REPO, index_django, pull_to
from .machine import ROOT, describe_machine

CONVERSATIONS = ROOT / "bench" / "conversations.toml"
MODEL = os.environ.get("QUARRY_BENCH_MODEL", "qwen2.5-coder-0.5b")
_SPECULATION = cast(Speculation, os.environ.get("QUARRY_BENCH_SPECULATION", "ngram-mod"))
ARMS: Mapping[str, EngineOptions] = {
    "nothing": PLAIN,
    "prefix cache": EngineOptions(prefix_cache=True, cache_reuse=False),
    "+ cache reuse": EngineOptions(prefix_cache=True, cache_reuse=True),
    "+ speculation": EngineOptions(prefix_cache=True, cache_reuse=True, speculation=_SPECULATION),
}
_MAX_ANSWER_TOKENS = 120
_N_FIRST_QUESTIONS = 3  # engines that are loaded for the first question with, and without, the head read before


def measure_conversations(work: Path) -> dict[str, Any]:
    """Medians over all turns of each arm, and the first question after a start with and without a warm engine."""
    home = index_django(work)
    kept = work / "conversations.json"
    state = _state()
    whole = json.loads(kept.read_text()) if kept.exists() else {}
    if whole.get("state") != state:
        whole = {"state": state, "n_runs": 0, "measured": {}}
    whole["n_runs"] += 1
    measured: dict[str, dict[str, Any]] = whole["measured"]
    conversations = read_conversations()
    end = time.monotonic() + float(os.environ.get("QUARRY_BENCH_CONVERSATION_SECONDS", "700"))
    todo = [number for number in range(len(conversations)) if str(number) not in measured]
    if todo:
        with ExitStack() as stack:
            providers = {arm: _open(options) for arm, options in ARMS.items()}
            for provider in providers.values():
                stack.callback(provider.close)
                provider.engine.ensure_running()
            for number in todo:
                if time.monotonic() > end:
                    break
                measured[str(number)] = asyncio.run(_converse(home, providers, conversations[number]))
                kept.write_text(json.dumps(whole))
    if "first_question" not in whole:
        whole["first_question"] = _measure_first_questions(home, conversations)
        kept.write_text(json.dumps(whole))
    if len(measured) == len(conversations):
        kept.unlink()  # who measures again means to measure
    return {
        "model": MODEL,
        "speculation": _SPECULATION,
        "n_conversations": len(measured),
        "n_conversations_in_all": len(conversations),
        "n_runs": whole["n_runs"],
        "arms": {
            arm: _summarise([turn[arm] for turns in measured.values() for turn in turns["turns"]]) for arm in ARMS
        },
        "first_question": whole["first_question"],
    }


def _state() -> dict[str, Any]:
    """All that figures of one section have to share, as JSON gives it back."""
    settings = AssistantSettings()
    return {
        "machine": describe_machine(),
        "model": MODEL,
        "speculation": _SPECULATION,
        "context_tokens": settings.context_tokens,
        "window_tokens": settings.window_tokens,
        "threads": os.environ.get("QUARRY_ENGINE_THREADS"),
    }


def read_conversations(path: Path = CONVERSATIONS) -> list[list[str]]:
    """The questions of each conversation, in order."""
    with path.open("rb") as file:
        return [conversation["turns"] for conversation in tomllib.load(file)["conversation"]]


async def _converse(
    home: Path, providers: Mapping[str, EmbeddedProvider], questions: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    settings = AssistantSettings(home=home)
    searcher = Searcher(home)
    history: list[Message] = []
    turns = []
    for n_turn, question in enumerate(questions):
        asked = [*history, Message("user", question)]
        arms: dict[str, dict[str, Any]] = {}
        plain_text = ""
        names = list(ARMS)
        # The plainest first, since its answer is what the others are compared with; the rest in changing order.
        rest = names[1:][n_turn % (len(names) - 1) :] + names[1:][: n_turn % (len(names) - 1)]
        for arm in [names[0], *rest]:
            turn = await _answer(Assistant(settings, providers[arm], searcher), providers[arm], asked)
            plain_text = turn["text"] if arm == names[0] else plain_text
            arms[arm] = turn | {"same_text": turn["text"] == plain_text}
        turns.append(arms)
        history = [*asked, Message("assistant", plain_text)]
    return {"turns": turns}


async def _answer(assistant: Assistant, provider: EmbeddedProvider, asked: Sequence[Message]) -> dict[str, Any]:
    before = _counters(provider)
    answer = await assistant.answer(AskRequest(REPO, asked, max_tokens=_MAX_ANSWER_TOKENS, abstain=False))
    after = _counters(provider)
    spent = {name: after[name] - before[name] for name in after}
    return {
        "first_token_ms": answer.timings_ms["first_token"],
        "n_cached": spent["prompt_tokens_cached_total"],
        "n_read": spent["prompt_tokens_total"],
        "n_generated": spent["tokens_predicted_total"],
        "generated_ms": spent["tokens_predicted_seconds_total"] * 1000,
        "n_drafted": spent["spec_decode_num_draft_tokens_total"],
        "n_accepted": spent["spec_decode_num_accepted_tokens_total"],
        "text": answer.text,
    }


def _counters(provider: EmbeddedProvider) -> dict[str, float]:
    """The engine's own counters, by their names at ``/metrics`` without the prefix."""
    url = provider.engine.url.removesuffix("/v1") + "/metrics"
    text = httpx.get(url, headers={"Authorization": f"Bearer {provider.engine.api_key}"}, trust_env=False).text
    lines = [line.removeprefix("llamacpp:").split() for line in text.splitlines() if line.startswith("llamacpp:")]
    return {name: float(value) for name, value in lines if name.endswith("_total") and "per_pos" not in name}


def _measure_first_questions(home: Path, conversations: Sequence[Sequence[str]]) -> dict[str, float]:
    """The first question after a start, with the head read while nobody waited and without. Engines take turns."""
    settings = AssistantSettings(home=home)
    milliseconds: dict[str, list[float]] = {"cold": [], "warm": []}
    read: dict[str, list[float]] = {"cold": [], "warm": []}
    for n in range(_N_FIRST_QUESTIONS):
        asked = [Message("user", conversations[n][0])]
        for state in ("cold", "warm"):
            provider = _open(ARMS["+ cache reuse"])
            try:
                provider.engine.ensure_running()
                if state == "warm":
                    provider.warm_up()
                turn = asyncio.run(_answer(Assistant(settings, provider), provider, asked))
            finally:
                provider.close()
            milliseconds[state].append(turn["first_token_ms"])
            read[state].append(turn["n_read"])
    return {f"{state}_ms": statistics.median(milliseconds[state]) for state in milliseconds} | {
        f"{state}_read_tokens": statistics.median(read[state]) for state in read
    }


def _open(options: EngineOptions) -> EmbeddedProvider:
    threads = os.environ.get("QUARRY_ENGINE_THREADS")
    return EmbeddedProvider(
        pull_to(MODEL),
        find_model(MODEL),
        window_tokens=AssistantSettings().window_tokens,
        threads=int(threads) if threads else None,
        options=options,
    )


def _summarise(turns: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Medians a turn, rates and shares over all turns."""
    n_prompt = sum(turn["n_cached"] + turn["n_read"] for turn in turns)
    n_generated, generated_ms = sum(turn["n_generated"] for turn in turns), sum(turn["generated_ms"] for turn in turns)
    n_drafted = sum(turn["n_drafted"] for turn in turns)
    return {
        "n_turns": len(turns),
        "prompt_tokens": n_prompt / len(turns),
        "first_token_ms": statistics.median(turn["first_token_ms"] for turn in turns),
        "cached_share": sum(turn["n_cached"] for turn in turns) / n_prompt,
        "tokens_per_second": n_generated / generated_ms * 1000,
        "accepted_share": sum(turn["n_accepted"] for turn in turns) / n_drafted if n_drafted else 0.0,
        "same_text_share": sum(turn["same_text"] for turn in turns) / len(turns),
    }
