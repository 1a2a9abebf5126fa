"""``Assistant``: prepare, generate, ground, as a stream of events. The one pipeline of CLI, service and eval.

What blocks (search, token counts, an engine that loads) runs on threads, so an event loop that serves many
stays free. Closing the stream closes the request to the model, which then stops generating.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage

from .budget import PromptSpeed, name_speed
from .events import (
    AnswerDone,
    AskRequest,
    CitationFound,
    Event,
    Gate,
    PassagesFound,
    PlaceInLine,
    TokenGenerated,
    last_event,
)
from .grounding.grounder import Grounder, IndexedCode, Verbatim
from .models.counting import ESTIMATE_KEY, keep_exact
from .models.providers import Provider, explain_model_error
from .models.timings import ModelTimings, timings_of
from .models.untraced import stream_untraced
from .preparing import Prepared, Preparer
from .records import Answer, Citation, Message, Trace, Usage
from .search import Searcher
from .settings import AssistantSettings
from .stopwatch import ms_since
from .targets import Target, parse_targets

if TYPE_CHECKING:
    from .completion import Completer

_COUNTS_KEPT = 4096  # texts of 1,500 characters: some 6 MB


class Assistant:
    """Answers questions with one model. Safe to use for several questions at once."""

    def __init__(self, settings: AssistantSettings, provider: Provider, searcher: Searcher | None = None) -> None:
        self._settings, self._provider = settings, provider
        self._searcher = searcher or Searcher(settings.home)
        # A count is a round trip of 2 ms to an engine, and the same passages come back all day.
        self._count_text = keep_exact(provider.count_text, _COUNTS_KEPT)
        self._speed = PromptSpeed(name_speed(provider.model, settings), settings.home / "cache" / "prompt-speed.json")
        self._preparer = Preparer(settings, provider, self._searcher, self._count_text, self._speed)

    def completer(self) -> Completer:
        """What completes code with the same model, settings and open indexes."""
        from .completion import Completer

        return Completer(self._settings, self._provider, self._searcher, self._count_text)

    async def answer(self, request: AskRequest) -> Answer:
        """The whole answer at once. Raises what ``stream`` raises."""
        return (await last_event(self.stream(request), AnswerDone)).answer

    async def stream(self, request: AskRequest, gate: Gate | None = None) -> AsyncGenerator[Event, None]:
        """PassagesFound, PlaceInLine while ``gate`` holds it back, TokenGenerated for each piece and
        CitationFound behind its marker, then AnswerDone.

        Raises InputError and PromptTooLong for what cannot be asked, UnknownRepository, and ModelError.
        """
        started = time.perf_counter()
        max_tokens = request.max_tokens or self._settings.max_answer_tokens
        targets, code = await asyncio.to_thread(self._open, request)
        prepared = await asyncio.to_thread(self._preparer.prepare, request, targets, max_tokens)
        n_tokens = prepared.trace.prompt_tokens.n_tokens // prepared.unit
        yield PassagesFound(prepared.passages, are_read=prepared.refusal is None, prompt_tokens=n_tokens)
        if prepared.refusal is not None:
            yield TokenGenerated(prepared.refusal)
            yield AnswerDone(self._abstain(prepared, prepared.refusal, ms_since(started)))
            return
        if gate is not None:
            async with aclosing(gate.wait()) as places:
                async for place in places:
                    yield PlaceInLine(place)
        chat_model = await asyncio.to_thread(
            self._provider.chat_model, max_tokens=max_tokens, temperature=request.temperature, seed=request.seed
        )
        asked = time.perf_counter()
        first_token_ms: float | None = None
        # What need not be known before the model is asked is found out while it reads the prompt.
        looking_up = asyncio.ensure_future(asyncio.to_thread(self._look_up, code, prepared))
        looking_up.add_done_callback(_note_error)
        asked_about = f"{request.messages[-1].content}\n{prepared.trace.query}"
        grounder = Verbatim() if request.purpose == "code" else Grounder(prepared.passages, asked_about, code.holds)
        usage: dict[str, Any] = {}
        is_estimate = False
        timings: ModelTimings | None = None
        finish_reason = "stop"
        async with aclosing(self._generate(chat_model, prepared.prompt, request.stop)) as chunks:
            async for chunk in chunks:
                usage = chunk.usage_metadata or usage
                is_estimate = is_estimate or ESTIMATE_KEY in chunk.response_metadata
                timings = timings_of(chunk) or timings
                finish_reason = chunk.response_metadata.get("finish_reason") or finish_reason
                text = chunk.text
                if text:
                    if first_token_ms is None:
                        first_token_ms = ms_since(asked)
                    for event in await _ground(grounder, text):
                        yield event
        for event in await _ground(grounder, None):
            yield event
        trace = await looking_up
        unknown_names = await asyncio.to_thread(code.find_unknown_names, grounder.text, request.messages)
        messages = [_to_record(message) for message in prepared.prompt]
        first_token_ms = first_token_ms if first_token_ms is not None else ms_since(asked)
        used = Usage(
            int(usage.get("input_tokens", 0)),
            int(usage.get("output_tokens", 0)),
            usage.get("input_token_details", {}).get("cache_read"),
            is_estimate,
        )
        await asyncio.to_thread(
            self._speed.learn,
            messages,
            trace.prompt_tokens.n_tokens,
            unit=prepared.unit,
            usage=used,
            timings=timings,
            first_token_ms=first_token_ms,
        )
        yield AnswerDone(
            Answer(
                text=grounder.text,
                passages=prepared.passages,
                model=self._provider.model,
                usage=used,
                finish_reason=finish_reason,
                timings_ms={
                    "retrieval": prepared.retrieval_ms,
                    "prompt": prepared.prompt_ms,
                    "first_token": first_token_ms,
                    "total": ms_since(started),
                },
                trace=trace,
                messages=messages,
                citations=grounder.citations,
                n_citations_removed=grounder.n_removed,
                unknown_names=unknown_names,
                confidence=prepared.confidence,
            )
        )

    def _look_up(self, code: IndexedCode, prepared: Prepared) -> Trace:
        """The trace with the prompt's own count, once the names that an answer is held against are at hand."""
        code.prepare_names()
        if prepared.is_counted:
            return prepared.trace
        return replace(prepared.trace, prompt_tokens=self._provider.count_prompt(prepared.prompt))

    async def _generate(
        self, chat_model: Any, prompt: Sequence[BaseMessage], stop: Sequence[str]
    ) -> AsyncGenerator[Any, None]:
        """The model's chunks. Whatever goes wrong with the model is raised as ModelError."""
        try:
            async with aclosing(stream_untraced(chat_model, prompt, stop)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Exception as error:  # every client library has errors of its own; the provider knows what they mean
            raise explain_model_error(error, self._provider) from error

    def _abstain(self, prepared: Prepared, text: str, total_ms: float) -> Answer:
        """The answer that no model gave."""
        times = {"retrieval": prepared.retrieval_ms, "prompt": 0.0, "first_token": 0.0, "total": total_ms}
        return Answer(
            text=text,
            passages=prepared.passages,
            model=self._provider.model,
            usage=Usage(0, 0),
            finish_reason="stop",
            timings_ms=times,
            trace=prepared.trace,
            messages=(),
            confidence=prepared.confidence,
            abstained=True,
        )

    def _open(self, request: AskRequest) -> tuple[Sequence[Target], IndexedCode]:
        """What is asked, and the code there that the answer is held against, also without retrieval; none for code."""
        targets = [] if request.repo is None else parse_targets(self._settings.home, request.repo, request.ref)
        return targets, IndexedCode(self._searcher, [] if request.purpose == "code" else targets)


async def _ground(grounder: Grounder | Verbatim, text: str | None) -> list[TokenGenerated | CitationFound]:
    """The events of a piece of the model's text, or, for None, of its end.

    Where a statement has ended its lines are read in the index, which may have to be opened anew: on a thread.
    """
    items = grounder.scan(text)
    grounded = grounder.ground(items)
    found = list(grounded) if grounder.is_text(items) else await asyncio.to_thread(list, grounded)
    return [CitationFound(each) if isinstance(each, Citation) else TokenGenerated(each) for each in found if each]


def _note_error(looking_up: asyncio.Future[Trace]) -> None:
    """Nobody waits for it where the answer fails before; what went wrong with it is not reported then."""
    if not looking_up.cancelled():
        looking_up.exception()


def _to_record(message: BaseMessage) -> Message:
    roles: dict[str, Any] = {"human": "user", "ai": "assistant", "system": "system"}
    return Message(roles[message.type], str(message.content))
