"""``Completer``: code goes on at the cursor, with what the repository holds about it. The pipeline of completions.

Search by the lines around the cursor, pack, fit into the window, generate raw. The end of the code before the cursor
and the beginning of the code behind it are kept; what has no room is counted in the completion.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.errors import InputError
from indexer.records import Hit
from indexer.words import has_half_characters

from .budget import MOST_CHARACTERS_A_TOKEN, count_unit, estimate_counted, room_for_prompt
from .context import PackedContext, pack_context
from .errors import PromptTooLong
from .events import Gate, PassagesFound, PlaceInLine, TokenGenerated
from .infilling import Gap, fills_gaps, find_stops, is_being_edited, write_context, write_prompt, write_query
from .models.providers import Provider, explain_model_error
from .models.services import is_hosted
from .preparing import DEFAULT_K
from .records import Passage, TokenCount, Usage
from .search import Searcher, SearchOptions
from .settings import AssistantSettings
from .stopwatch import ms_since

if TYPE_CHECKING:
    from .models.completion import Sampling

DEFAULT_MAX_TOKENS = 128  # some lines; who writes wants them at once
_CONTEXT_TOKENS = 512  # of retrieved code, for the same reason; a question may wait for more
_ROUNDS = 12  # of halving a text to what fits: to a four-thousandth of it


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """Code to go on with, or a gap to fill. ``repo`` may be None without retrieval."""

    repo: str | None
    gap: Gap
    retrieval: bool = True
    k: int | None = None
    ref: str | None = None
    max_tokens: int | None = None
    temperature: float = 0.0
    seed: int = 0
    stop: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished completion. ``finish_reason`` is ``stop``, or ``length`` where the cap on tokens was reached.

    ``n_prefix_left_out`` and ``n_suffix_left_out`` are the characters of the client's code that had no room, from the
    beginning of the prefix and from the end of the suffix. ``timings_ms`` are those of ``Answer``.
    """

    text: str
    passages: Sequence[Passage]
    left_out: Sequence[tuple[Hit, str]]
    model: str
    usage: Usage
    finish_reason: str
    timings_ms: Mapping[str, float]
    prompt_tokens: TokenCount
    context_tokens: TokenCount
    n_prefix_left_out: int
    n_suffix_left_out: int


@dataclass(frozen=True, slots=True)
class CompletionDone:
    """Last event: the whole completion with its sources, tokens and times."""

    completion: Completion


CompletionEvent = PassagesFound | PlaceInLine | TokenGenerated | CompletionDone


@dataclass(frozen=True, slots=True)
class _Fitted:
    prompt: str
    tokens: TokenCount
    n_prefix_left_out: int
    n_suffix_left_out: int


class Completer:
    """Completes code with one model. Safe to use for several completions at once."""

    def __init__(
        self,
        settings: AssistantSettings,
        provider: Provider,
        searcher: Searcher,
        count_text: Callable[[str], TokenCount] | None = None,
    ) -> None:
        self._settings, self._provider, self._searcher = settings, provider, searcher
        self._count_text = count_text or provider.count_text

    async def stream(
        self, request: CompletionRequest, gate: Gate | None = None
    ) -> AsyncGenerator[CompletionEvent, None]:
        """PassagesFound, PlaceInLine while ``gate`` holds it back, TokenGenerated for each piece, then CompletionDone.

        Closing it stops the model.

        Raises InputError and PromptTooLong for what cannot be completed, UnknownRepository, and ModelError.
        """
        started = time.perf_counter()
        max_tokens = request.max_tokens or DEFAULT_MAX_TOKENS
        room = self._check(request, max_tokens)
        context = await asyncio.to_thread(self._retrieve, request, room)
        retrieval_ms = ms_since(started)
        preparing = time.perf_counter()
        fitted = await asyncio.to_thread(self._fit, request.gap, context, room)
        sampling = await asyncio.to_thread(self._sample, request, max_tokens)
        prompt_ms = ms_since(preparing)
        # What cannot be completed has failed before: a status can still say so.
        yield PassagesFound(context.passages, prompt_tokens=estimate_counted(fitted.tokens))
        if gate is not None:
            async with aclosing(gate.wait()) as places:
                async for place in places:
                    yield PlaceInLine(place)
        asked = time.perf_counter()
        first_token_ms: float | None = None
        pieces: list[str] = []
        usage, finish_reason = Usage(0, 0), "stop"
        try:
            async with aclosing(self._provider.complete(fitted.prompt, sampling)) as stream:
                async for piece in stream:
                    usage = piece.usage or usage
                    finish_reason = piece.finish_reason or finish_reason
                    if piece.text:
                        if first_token_ms is None:
                            first_token_ms = ms_since(asked)
                        pieces.append(piece.text)
                        yield TokenGenerated(piece.text)
        except Exception as error:  # every client library has errors of its own; the provider knows what they mean
            raise explain_model_error(error, self._provider) from error
        yield CompletionDone(
            Completion(
                text="".join(pieces),
                passages=context.passages,
                left_out=context.left_out,
                model=self._provider.model,
                usage=usage,
                finish_reason=finish_reason,
                timings_ms={
                    "retrieval": retrieval_ms,
                    "prompt": prompt_ms,
                    "first_token": first_token_ms if first_token_ms is not None else ms_since(asked),
                    "total": ms_since(started),
                },
                prompt_tokens=fitted.tokens,
                context_tokens=context.tokens,
                n_prefix_left_out=fitted.n_prefix_left_out,
                n_suffix_left_out=fitted.n_suffix_left_out,
            )
        )

    def _check(self, request: CompletionRequest, max_tokens: int) -> int:
        """The tokens that a prompt may take. Raises what cannot be completed."""
        gap = request.gap
        if not gap.prefix.strip() and not (gap.suffix or "").strip():
            raise InputError("There is no code to complete: send some before the cursor, or behind it.")
        if any(map(has_half_characters, (gap.prefix, gap.suffix or "", gap.path or ""))):
            raise InputError("The code is not UTF-8 text: send it again.")
        if is_hosted(self._provider.model):
            raise InputError(
                f"{self._provider.model} answers but completes no code: choose a Qwen coder model with QUARRY_MODEL."
            )
        if gap.suffix is not None and not fills_gaps(self._provider.model):
            raise InputError(
                f"{self._provider.model} cannot fill in a middle: choose a Qwen coder model with QUARRY_MODEL, or "
                "leave the suffix out."
            )
        if request.retrieval and request.repo is None:
            raise InputError("Name the repository to complete from, or switch retrieval off.")
        return room_for_prompt(self._provider, max_tokens)

    def _retrieve(self, request: CompletionRequest, room: int) -> PackedContext:
        """Code of the repository that bears on the cursor, but what is in the edited file before the model anyway."""
        query = write_query(request.gap)
        if not request.retrieval or request.repo is None or not query.strip():
            return PackedContext([], [], [], [])
        k = DEFAULT_K if request.k is None else request.k
        options = SearchOptions(for_context=True)
        hits = self._searcher.search(request.repo, query, k=k, ref=request.ref, options=options).hits
        edited = {id(hit) for hit in hits if is_being_edited(hit.chunk.text, request.gap)}
        others = [hit for hit in hits if id(hit) not in edited]
        n_tokens = (self._settings.context_tokens or _CONTEXT_TOKENS) * count_unit(self._count_text)
        budget = min(n_tokens, room // 3)
        packed = pack_context(others, budget, self._count_text)
        left_out = [*packed.left_out, *((hit, "it is being edited") for hit in hits if id(hit) in edited)]
        return PackedContext(packed.passages, packed.packed, packed.counts, left_out)

    def _fit(self, gap: Gap, context: PackedContext, room: int) -> _Fitted:
        """The prompt within ``room`` tokens: the suffix may have a quarter of what the context leaves, more if it can.

        Raises PromptTooLong where not even some of the code fits.
        """
        head = write_context(context.passages, gap, with_tokens=fills_gaps(self._provider.model))
        frame = self._count(write_prompt(head, "", None if gap.suffix is None else ""))
        left = room - frame
        suffix = gap.suffix
        prefix = gap.prefix
        if suffix is not None:
            n_prefix = self._count(prefix[-left * MOST_CHARACTERS_A_TOKEN :]) if left > 0 else 0
            suffix = self._cut(suffix, max(left // 4, left - n_prefix), keep_head=True)
            left -= self._count(suffix)
        prefix = self._cut(prefix, left, keep_head=False)
        while True:
            prompt = write_prompt(head, prefix, suffix)
            tokens = self._provider.count_text(prompt)
            if tokens.n_tokens <= room:
                break
            if len(prefix) < 2:  # counts of parts do not add up to that of the whole, but nearly
                raise PromptTooLong(
                    f"{room} tokens are left for the code beside the completion, and not even its end fits: ask for "
                    "fewer max_tokens, or raise QUARRY_WINDOW_TOKENS."
                )
            prefix = prefix[len(prefix) // 8 + 1 :]
        n_suffix_left_out = 0 if gap.suffix is None or suffix is None else len(gap.suffix) - len(suffix)
        return _Fitted(prompt, tokens, len(gap.prefix) - len(prefix), n_suffix_left_out)

    def _sample(self, request: CompletionRequest, max_tokens: int) -> Sampling:
        """How to generate. On a thread: the clients take seconds to import, for which no stream may wait."""
        from .models.completion import Sampling

        stops = find_stops(request.gap, with_tokens=fills_gaps(self._provider.model))
        return Sampling(max_tokens, request.temperature, request.seed, tuple(dict.fromkeys([*request.stop, *stops])))

    def _cut(self, text: str, room: int, *, keep_head: bool) -> str:
        """The longest head, or tail, of ``text`` that fits, in whole lines where it has any."""
        if room <= 0:
            return ""
        most = room * MOST_CHARACTERS_A_TOKEN
        if len(text) <= most and self._count(text) <= room:
            return text

        def part(n: int) -> str:
            return text[:n] if keep_head else text[len(text) - n :]

        fits, too_many = 0, min(len(text), most) + 1
        for _ in range(_ROUNDS):
            middle = (fits + too_many) // 2
            if self._count(part(middle)) <= room:
                fits = middle
            else:
                too_many = middle
        kept = part(fits)
        if keep_head:
            whole, newline, _ = kept.rpartition("\n")
            return whole + newline if newline else kept
        _, newline, whole = kept.partition("\n")
        return whole if newline and whole else kept

    def _count(self, text: str) -> int:
        return self._provider.count_text(text).n_tokens if text else 0
