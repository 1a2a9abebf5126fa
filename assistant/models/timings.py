"""What a model's server says about one answer: tokens found in its cache, read and written, and how long each took.

It travels as a plain dictionary in ``response_metadata["timings"]`` of the last piece of a stream (or of the whole
answer): llama.cpp sends it with every answer, Ollama as counts and durations, other servers not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

TIMINGS_KEY = "timings"
_NS_PER_MS = 1e6  # Ollama's durations are nanoseconds


@dataclass(frozen=True, slots=True)
class ModelTimings:
    """Tokens and milliseconds of one answer, as the server measured them.

    The prompt had ``n_cached + n_read`` tokens, of which only the latter cost ``read_ms``. ``n_cached`` is None where
    the server does not say (Ollama): then ``n_read`` is the whole prompt, and the speed an upper bound.
    ``n_drafted`` tokens were guessed by speculation, ``n_accepted`` of them rightly.
    """

    n_cached: int | None
    n_read: int
    read_ms: float
    n_generated: int
    generated_ms: float
    n_drafted: int = 0
    n_accepted: int = 0


def timings_of(message: BaseMessage) -> ModelTimings | None:
    """The timings that ``message`` (a piece of a stream, or a whole answer) carries, or None."""
    timings = message.response_metadata.get(TIMINGS_KEY)
    return ModelTimings(**timings) if timings else None


def timings_of_llama(said: object) -> dict[str, Any] | None:
    """llama.cpp's ``timings`` as the dictionary that travels; None for anything else under that name."""
    if not isinstance(said, Mapping) or "prompt_n" not in said:
        return None
    timings = ModelTimings(
        n_cached=int(said.get("cache_n", 0)),
        n_read=int(said["prompt_n"]),
        read_ms=float(said.get("prompt_ms", 0.0)),
        n_generated=int(said.get("predicted_n", 0)),
        generated_ms=float(said.get("predicted_ms", 0.0)),
        n_drafted=int(said.get("draft_n", 0)),
        n_accepted=int(said.get("draft_n_accepted", 0)),
    )
    return asdict(timings)


def timings_of_ollama(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """The counts and durations of Ollama's last line as the dictionary that travels; None where it has none."""
    n_read, n_generated = said.get("prompt_eval_count"), said.get("eval_count")
    if n_read is None and n_generated is None:
        return None
    timings = ModelTimings(
        n_cached=None,
        n_read=int(n_read or 0),
        read_ms=float(said.get("prompt_eval_duration") or 0) / _NS_PER_MS,
        n_generated=int(n_generated or 0),
        generated_ms=float(said.get("eval_duration") or 0) / _NS_PER_MS,
    )
    return asdict(timings)
