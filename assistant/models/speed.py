"""How fast an embedded model reads prompts and writes answers on this machine, and whether its arithmetic is sound."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from assistant.errors import ModelUnavailable
from assistant.models.engine import PLAIN, EmbeddedEngine
from assistant.models.machine import free_cores
from assistant.models.timings import ModelTimings, timings_of_llama

WINDOW_TOKENS = 2048
N_PROMPTS = 3
N_GENERATED = 32
_CODE_CHARS, _BEGUN_CHARS, _COPIED_CHARS = 2_000, 120, 40  # some 600 tokens in all
_REQUEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ModelSpeed:
    """Medians over ``N_PROMPTS`` prompts of some 600 tokens of code, which are not in any cache.

    ``is_sound``: the model went on with a text that it had before it, as any of its size does. An engine whose
    arithmetic is broken writes something else.
    """

    prompt_tokens_per_second: float
    generated_tokens_per_second: float
    n_threads: int
    is_sound: bool


def measure_speed(path: Path, *, threads: int | None = None, start_seconds: float = 120.0) -> ModelSpeed:
    """Load the verified model file at ``path`` and measure it, in half a minute or so. Raises ModelUnavailable."""
    n_threads = threads or free_cores()
    engine = EmbeddedEngine(
        path, window_tokens=WINDOW_TOKENS, threads=n_threads, options=PLAIN, start_seconds=start_seconds
    )
    code = Path(json.decoder.__file__).read_text(encoding="utf-8")[:_CODE_CHARS]
    expected = code[_BEGUN_CHARS : _BEGUN_CHARS + _COPIED_CHARS]
    timings, copied = [], []
    with engine, httpx.Client(timeout=_REQUEST_SECONDS, trust_env=False) as client:
        for number in range(N_PROMPTS):
            prompt = f"# Copy {number + 1}\n{code}\n\n# Copy {number + 2}\n{code[:_BEGUN_CHARS]}"
            measured, text = _complete(client, engine, prompt)
            timings.append(measured)
            copied.append(text.startswith(expected))
    return ModelSpeed(
        prompt_tokens_per_second=median(1000 * each.n_read / each.read_ms for each in timings),
        generated_tokens_per_second=median(1000 * each.n_generated / each.generated_ms for each in timings),
        n_threads=n_threads,
        is_sound=all(copied),
    )


def _complete(client: httpx.Client, engine: EmbeddedEngine, prompt: str) -> tuple[ModelTimings, str]:
    try:
        response = client.post(
            engine.url.removesuffix("/v1") + "/completion",
            json={"prompt": prompt, "n_predict": N_GENERATED, "temperature": 0, "ignore_eos": True},
            headers={"Authorization": f"Bearer {engine.api_key}"},
        )
        response.raise_for_status()
    except httpx.TimeoutException as error:
        raise ModelUnavailable(f"the engine did not answer within {_REQUEST_SECONDS:.0f} s") from error
    except httpx.HTTPError as error:
        raise ModelUnavailable(f"the engine stopped while it was measured ({error})") from error
    said = response.json()
    timings = timings_of_llama(said.get("timings"))
    if timings is None or not timings["read_ms"] or not timings["generated_ms"]:
        raise ModelUnavailable("the engine does not say how long it took")
    return ModelTimings(**timings), said["content"]
