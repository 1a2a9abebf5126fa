"""How many tokens of code a prompt may hold: as many as the model reads within a target time to its first token.

The speed is measured with every answer, in tokens that were really read: those that the server had in its cache cost
nothing. Tokens are counted as the provider counts them, so a provider whose counts are bounds is measured in bounds.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from .errors import PromptTooLong
from .models.machine import usable_cores
from .models.providers import Provider
from .models.services import is_hosted
from .models.timings import ModelTimings
from .records import ContextBudget, Message, TokenCount, Usage
from .settings import AssistantSettings

# The 1.5B model on two cores, so that the first question of all waits no longer than was asked for.
UNMEASURED_TOKENS_PER_SECOND = 80.0
MIN_TOKENS = 600  # less holds the answer too seldom (docs/log.md): then the wait is longer than the target
MAX_TOKENS = 6000  # more does not make answers of such models better, however fast they are read
MOST_CHARACTERS_A_TOKEN = 12  # of a text: what is longer than this many times the room need not be counted
_STEP_TOKENS = 100  # so that small changes of speed leave the prompt, and what engines cache of it, as it was
_BOUND_PER_TOKEN = 3  # a bound counts bytes: code has 3 to 4 of them a token
_N_KEPT = 9  # answers whose median is the speed
_MIN_READ_TOKENS = 100  # a shorter prompt measures the round trip
_N_PROMPTS = 4  # former prompts that a server may still hold


def name_speed(model: str, settings: AssistantSettings) -> str:
    """What the speed of ``model`` is kept under: its name, and the server or the number of threads that it runs on.

    A hosted model's machine is nobody's to know: its name says all.
    """
    if is_hosted(model):
        return model
    kind = model.partition("/")[0]
    server = {"ollama": settings.ollama_url, "openai": settings.openai_url}.get(kind)
    return f"{model} at {server or f'{settings.engine_threads or usable_cores()} threads'}"


class PromptSpeed:
    """The prompt tokens a second of one model: the median of recent answers, kept in ``file`` for the next process.

    Thread-safe. Without ``file``, or where it cannot be written, the speed is forgotten with the process.
    """

    def __init__(self, model: str, file: Path | None = None) -> None:
        self._model, self._file = model, file
        self._lock = threading.Lock()
        self._measured: deque[float] = deque(maxlen=_N_KEPT)
        self._prompts: deque[str] = deque(maxlen=_N_PROMPTS)
        kept = _read_speeds(file).get(model)
        if kept is not None:
            self._measured.append(kept)

    @property
    def tokens_per_second(self) -> float | None:
        """None before anything was measured."""
        with self._lock:
            return median(self._measured) if self._measured else None

    def learn(
        self,
        prompt: Sequence[Message],
        n_tokens: int,
        *,
        unit: int,
        usage: Usage,
        timings: ModelTimings | None,
        first_token_ms: float,
    ) -> None:
        """Take in one answer: its prompt, of ``n_tokens`` as the provider counts, and what the server says.

        ``unit`` is that of ``count_unit``. ``usage`` and ``timings`` are in the server's own tokens. Where neither says
        what was cached, the part that the prompt has in common with a former one counts as cached.
        """
        text = "\0".join(f"{message.role}\0{message.content}" for message in prompt)
        with self._lock:
            former = list(self._prompts)
            self._prompts.append(text)
        if timings is not None and timings.n_cached is not None:
            read_share = timings.n_read / max(1, timings.n_cached + timings.n_read)
        elif usage.cached_tokens is not None and usage.prompt_tokens:
            read_share = max(0.0, 1 - usage.cached_tokens / usage.prompt_tokens)
        else:
            read_share = 1 - max((_count_shared(text, each) for each in former), default=0) / max(1, len(text))
        seconds = (timings.read_ms if timings is not None and timings.read_ms > 0 else first_token_ms) / 1000
        n_read = n_tokens * read_share
        if n_read < _MIN_READ_TOKENS * unit or seconds <= 0:
            return
        with self._lock:
            self._measured.append(n_read / seconds)
            speed = median(self._measured)
        _write_speed(self._file, self._model, speed)


def room_for_prompt(provider: Provider, max_tokens: int) -> int:
    """The tokens of the model's window beside ``max_tokens`` of answer. Raises PromptTooLong where there are none."""
    room = provider.window_tokens - max_tokens
    if room <= 0:
        raise PromptTooLong(
            f"max_tokens is {max_tokens}, but the window of {provider.model} is {provider.window_tokens} tokens: ask "
            "for fewer, or raise QUARRY_WINDOW_TOKENS."
        )
    return room


def count_unit(count_text: Callable[[str], TokenCount]) -> int:
    """How many of the provider's counts a token of code is: code is packed by ``count_text``.

    A prompt's count does not tell: where the template is the server's it is a bound, however exact each text's is.
    """
    return 1 if count_text("x").exact else _BOUND_PER_TOKEN


def estimate_counted(count: TokenCount) -> int:
    """About how many tokens a text of this count has: as many, or by its bytes where the count is a bound."""
    return count.n_tokens if count.exact else count.n_tokens // _BOUND_PER_TOKEN


def choose_budget(
    *,
    context_tokens: int | None,
    first_token_seconds: float,
    speed: float | None,
    prompt_tokens: int,
    room_tokens: int,
    left_tokens: int,
    unit: int,
) -> ContextBudget:
    """The budget for code beside a prompt of ``prompt_tokens``. The window holds ``room_tokens`` of both together, and
    ``left_tokens`` of code beside the question alone: earlier turns go before code does.

    ``context_tokens``, if it is set, decides alone, up to the room. ``speed`` is in prompt tokens a second, None before
    it was measured. All are as the provider counts, of which a token is ``unit`` (see ``count_unit``).
    """
    if context_tokens is not None:
        return _within(ContextBudget(context_tokens, "as QUARRY_CONTEXT_TOKENS says"), room_tokens)
    per_second = UNMEASURED_TOKENS_PER_SECOND * unit if speed is None else speed
    n_tokens = int(per_second * first_token_seconds) - prompt_tokens
    n_tokens -= n_tokens % _STEP_TOKENS
    said = "measured" if speed is not None else "assumed until one is measured"
    reason = f"{first_token_seconds:g} s to the first token at {per_second:.0f} prompt tokens/s ({said})"
    if n_tokens < MIN_TOKENS * unit:
        n_tokens, reason = MIN_TOKENS * unit, f"the least that is worth asking with; {reason} would allow less"
    elif n_tokens > MAX_TOKENS * unit:
        n_tokens, reason = MAX_TOKENS * unit, f"the most that is of use; {reason} would allow more"
    return _within(ContextBudget(n_tokens, reason, round(per_second, 1), first_token_seconds), left_tokens)


def _within(budget: ContextBudget, room_tokens: int) -> ContextBudget:
    if budget.n_tokens <= room_tokens:
        return budget
    return ContextBudget(
        max(0, room_tokens),
        f"what the window has left; {budget.reason} would allow {budget.n_tokens}",
        budget.prompt_tokens_per_second,
        budget.first_token_seconds,
    )


def _count_shared(text: str, former: str) -> int:
    """Number of characters that both begin with."""
    n = min(len(text), len(former))
    return next((i for i in range(n) if text[i] != former[i]), n)


def _read_speeds(file: Path | None) -> dict[str, float]:
    """The kept speeds by model; none where the file is missing or damaged: it is measured again."""
    if file is None:
        return {}
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {str(model): float(speed) for model, speed in kept.items() if isinstance(speed, int | float) and speed > 0}


def _write_speed(file: Path | None, model: str, speed: float) -> None:
    if file is None:
        return
    with contextlib.suppress(OSError):  # a home that cannot be written costs a measurement, not the answer
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        temporary.write_text(json.dumps(_read_speeds(file) | {model: round(speed, 1)}, indent=1) + "\n", "utf-8")
        temporary.replace(file)
