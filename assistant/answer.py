"""``Assistant``: retrieve, pack, prompt, generate, as a stream of events. The one pipeline of CLI, service and eval.

What blocks (search, token counts, an engine that loads) runs on threads, so an event loop that serves many
stays free. Closing the stream closes the request to the model, which then stops generating.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage

from indexer.errors import InputError
from indexer.words import has_half_characters

from .budget import PromptSpeed, choose_budget
from .context import PackedContext, pack_context
from .conversations.followups import make_standalone
from .errors import PromptTooLong
from .events import AnswerDone, AskRequest, CitationFound, Event, Gate, PassagesFound, PlaceInLine, TokenGenerated
from .grounding.grounder import Grounder, IndexedCode, Verbatim
from .models.providers import Provider, explain_model_error
from .models.timings import ModelTimings, timings_of
from .prompts import CODE_PROMPT_VERSION, PROMPT_VERSION, build_prompt
from .records import Answer, Citation, Message, Passage, TokenCount, Trace, Usage
from .retrieval import Retrieved, as_sources, find_nearest, retrieve, word_refusal
from .search import Searcher
from .settings import AssistantSettings
from .surroundings import IndexSurroundings, Surroundings
from .targets import parse_targets

if TYPE_CHECKING:
    from .completion import Completer

_COUNTS_KEPT = 4096  # texts of 1,500 characters: some 6 MB
_MOST_CHARACTERS_A_TOKEN = 12  # turns beyond this many times the room are left out without being counted
# The tokens of a text are those of its parts, give or take some at the seams.
_SEAMS, _SEAM_TOKENS = 1.05, 32
DEFAULT_K = 10  # more than fit the default budget, so that a small chunk can fill what is left


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is decided before the model is asked. Unless ``is_counted``, the trace has a bound of the prompt's
    tokens, far enough below the room."""

    prompt: Sequence[BaseMessage]
    passages: Sequence[Passage]
    trace: Trace
    retrieval_ms: float
    prompt_ms: float
    confidence: float | None
    refusal: str | None = None  # said in place of an answer
    is_counted: bool = True


class Assistant:
    """Answers questions with one model. Safe to use for several questions at once."""

    def __init__(self, settings: AssistantSettings, provider: Provider, searcher: Searcher | None = None) -> None:
        self._settings, self._provider = settings, provider
        self._searcher = searcher or Searcher(settings.home)
        # A count is a round trip of 2 ms to an engine, and the same passages come back all day.
        self._count_text = lru_cache(maxsize=_COUNTS_KEPT)(provider.count_text)
        self._speed = PromptSpeed(provider.model, settings.home / "cache" / "prompt-speed.json")

    def completer(self) -> Completer:
        """What completes code with the same model, settings and open indexes."""
        from .completion import Completer

        return Completer(self._settings, self._provider, self._searcher, self._count_text)

    async def answer(self, request: AskRequest) -> Answer:
        """The whole answer at once. Raises what ``stream`` raises."""
        async with aclosing(self.stream(request)) as events:
            async for event in events:
                if isinstance(event, AnswerDone):
                    return event.answer
        raise AssertionError("a stream ends with AnswerDone or an error")

    async def stream(self, request: AskRequest, gate: Gate | None = None) -> AsyncGenerator[Event, None]:
        """PassagesFound, PlaceInLine while ``gate`` holds it back, TokenGenerated for each piece and
        CitationFound behind its marker, then AnswerDone.

        Raises InputError and PromptTooLong for what cannot be asked, UnknownRepository, and ModelError.
        """
        started = time.perf_counter()
        max_tokens = request.max_tokens or self._settings.max_answer_tokens
        code = await asyncio.to_thread(self._open_code, request)
        prepared = await asyncio.to_thread(self._prepare, request, max_tokens)
        yield PassagesFound(prepared.passages)
        if prepared.refusal is not None:
            yield TokenGenerated(prepared.refusal)
            yield AnswerDone(self._abstain(prepared, prepared.refusal, _ms_since(started)))
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
        timings: ModelTimings | None = None
        finish_reason = "stop"
        async with aclosing(self._generate(chat_model, prepared.prompt, request.stop)) as chunks:
            async for chunk in chunks:
                usage = chunk.usage_metadata or usage
                timings = timings_of(chunk) or timings
                finish_reason = chunk.response_metadata.get("finish_reason") or finish_reason
                text = chunk.text
                if text:
                    if first_token_ms is None:
                        first_token_ms = _ms_since(asked)
                    for event in await _ground(grounder, text):
                        yield event
        for event in await _ground(grounder, None):
            yield event
        trace = await looking_up
        unknown_names = await asyncio.to_thread(code.find_unknown_names, grounder.text, request.messages)
        messages = [_to_record(message) for message in prepared.prompt]
        first_token_ms = first_token_ms if first_token_ms is not None else _ms_since(asked)
        await asyncio.to_thread(
            self._speed.learn,
            messages,
            trace.prompt_tokens,
            n_cached=usage.get("input_token_details", {}).get("cache_read"),
            timings=timings,
            first_token_ms=first_token_ms,
        )
        yield AnswerDone(
            Answer(
                text=grounder.text,
                passages=prepared.passages,
                model=self._provider.model,
                usage=Usage(
                    int(usage.get("input_tokens", 0)),
                    int(usage.get("output_tokens", 0)),
                    usage.get("input_token_details", {}).get("cache_read"),
                ),
                finish_reason=finish_reason,
                timings_ms={
                    "retrieval": prepared.retrieval_ms,
                    "prompt": prepared.prompt_ms,
                    "first_token": first_token_ms,
                    "total": _ms_since(started),
                },
                trace=trace,
                messages=messages,
                citations=grounder.citations,
                n_citations_removed=grounder.n_removed,
                unknown_names=unknown_names,
                confidence=prepared.confidence,
            )
        )

    def _look_up(self, code: IndexedCode, prepared: _Prepared) -> Trace:
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
            async with aclosing(chat_model.astream(prompt, stop=list(stop) or None)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Exception as error:  # every client library has errors of its own; the provider knows what they mean
            raise explain_model_error(error, self._provider) from error

    def _abstain(self, prepared: _Prepared, text: str, total_ms: float) -> Answer:
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

    def _open_code(self, request: AskRequest) -> IndexedCode:
        """The code that the answer is held against, also without retrieval; none without a repository or for code."""
        if request.repo is None or request.purpose == "code":
            return IndexedCode(self._searcher, [])
        targets = parse_targets(self._settings.home, request.repo, request.ref)
        return IndexedCode(self._searcher, targets)

    def _prepare(self, request: AskRequest, max_tokens: int) -> _Prepared:
        started = time.perf_counter()
        question, history = _split_conversation(request.messages)
        if has_half_characters(request.instructions):
            raise InputError("The instructions are not UTF-8 text: write them again.")
        room = self._provider.window_tokens - max_tokens
        if room <= 0:
            raise PromptTooLong(
                f"max_tokens is {max_tokens}, but the window of {self._provider.model} is "
                f"{self._provider.window_tokens} tokens: ask for fewer, or raise QUARRY_WINDOW_TOKENS."
            )
        found = self._retrieve(request, question, history) if request.retrieval and request.given is None else None
        retrieval_ms = _ms_since(started)
        if found is not None and found.is_too_weak:
            return _refuse(found, retrieval_ms)
        started = time.perf_counter()
        n_hopeless = _count_hopeless(history, room)
        history = history[n_hopeless:]
        bare = self._provider.count_prompt(
            build_prompt(question, history, [] if request.retrieval else None, request.instructions, request.purpose)
        )
        budget = choose_budget(
            context_tokens=self._settings.context_tokens if request.context_tokens is None else request.context_tokens,
            first_token_seconds=self._settings.first_token_seconds,
            speed=self._speed.tokens_per_second,
            prompt_tokens=bare,
            room_tokens=room,
        )
        context = pack_context(
            found.hits if found is not None else request.given or (),
            budget.n_tokens,
            self._count_text,
            question=question if request.query is None else request.query,
            surroundings=found.surroundings if found is not None else self._find_surroundings(request),
        )
        n_most = int((bare.n_tokens + context.tokens.n_tokens) * _SEAMS) + _SEAM_TOKENS
        is_counted = n_most > room
        if is_counted:
            prompt, context, n_turns_left_out, tokens = self._fit(question, history, context, request, room)
        else:
            passages = context.passages if request.retrieval else None
            prompt = build_prompt(question, history, passages, request.instructions, request.purpose)
            n_turns_left_out, tokens = 0, TokenCount(n_most, exact=False)
        trace = Trace(
            prompt_version=PROMPT_VERSION if request.purpose == "answer" else f"code-{CODE_PROMPT_VERSION}",
            packed=context.hits,
            left_out=context.left_out,
            n_turns_left_out=n_hopeless + n_turns_left_out,
            context_tokens=context.tokens,
            prompt_tokens=tokens,
            passages=context.packed,
            budget=budget if request.retrieval else None,
            query=found.query if found is not None else "",
        )
        confidence = found.confidence if found is not None else None
        prompt_ms = _ms_since(started)
        return _Prepared(prompt, context.passages, trace, retrieval_ms, prompt_ms, confidence, is_counted=is_counted)

    def _find_surroundings(self, request: AskRequest) -> Surroundings | None:
        """Those of the hits that the caller gave, so that they are shown as found ones are."""
        if not request.given or request.repo is None:
            return None
        targets = parse_targets(self._settings.home, request.repo, request.ref)
        return IndexSurroundings([self._searcher.open(target).index for target in targets], request.given)

    def _retrieve(self, request: AskRequest, question: str, history: Sequence[Message]) -> Retrieved:
        if request.repo is None:
            raise InputError("Name the repository to ask, or switch retrieval off.")
        query = request.query
        if query is None:
            query = make_standalone(question, history, partial(self._searcher.defines, request.repo, ref=request.ref))
        return retrieve(
            self._searcher,
            parse_targets(self._settings.home, request.repo, request.ref),
            request.repo,
            question,
            query=query,
            k=DEFAULT_K if request.k is None else request.k,
            ref=request.ref,
            min_confidence=self._settings.min_confidence if request.abstain else 0.0,
            is_follow_up=bool(history),
            options=request.search,
        )

    def _fit(
        self, question: str, history: Sequence[Message], context: PackedContext, request: AskRequest, room: int
    ) -> tuple[Sequence[BaseMessage], PackedContext, int, TokenCount]:
        """The prompt within ``room`` tokens: the oldest turns are left out first, then the last passages."""
        # A question goes with its answer. Each count reads the whole prompt, so that the number is searched for.
        steps = [*range(0, len(history), 2), len(history)]

        def build(n_left_out: int) -> tuple[Sequence[BaseMessage], TokenCount]:
            passages = context.passages if request.retrieval else None
            prompt = build_prompt(question, history[n_left_out:], passages, request.instructions, request.purpose)
            return prompt, self._provider.count_prompt(prompt)

        prompt, tokens = build(0)
        n_left_out = 0
        if tokens.n_tokens > room:
            last = len(steps) - 1
            step = bisect_left(steps, True, min(1, last), last, key=lambda n: build(n)[1].n_tokens <= room)
            n_left_out = steps[step]
            prompt, tokens = build(n_left_out)
        while tokens.n_tokens > room:
            if not context.passages:
                raise PromptTooLong(
                    f"The question alone takes {tokens.n_tokens} tokens, and {room} fit beside the answer: shorten it, "
                    "ask for fewer max_tokens, or raise QUARRY_WINDOW_TOKENS."
                )
            context = context.without_last("the window has no room beside the question")
            prompt, tokens = build(n_left_out)
        return prompt, context, n_left_out, tokens


def _refuse(found: Retrieved, retrieval_ms: float) -> _Prepared:
    """What is shown where the hits are too weak: the nearest of them, and no question to the model."""
    left_out = [(hit, "the model was not asked") for hit in found.hits]
    nothing = TokenCount(0, exact=True)
    trace = Trace(PROMPT_VERSION, (), left_out, 0, nothing, nothing, query=found.query)
    sources = as_sources(find_nearest(found.hits))
    return _Prepared((), sources, trace, retrieval_ms, 0.0, found.confidence, word_refusal(found))


def check_question(messages: Sequence[Message]) -> None:
    """Raise InputError if the last of ``messages`` is no question; for callers who load a model first."""
    _split_conversation(messages)


def _split_conversation(messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """The question, which is the last message, and the turns before it; InputError if that is no question."""
    if not messages or messages[-1].role != "user":
        raise InputError("The last message must be the user's question.")
    question = messages[-1].content.strip()
    if not question:
        raise InputError("The question is empty: say what you want to know.")
    for number, message in enumerate(messages, 1):
        if has_half_characters(message.content):
            raise InputError(f"Message {number} is not UTF-8 text: write it again.")
    return question, messages[:-1]


def _count_hopeless(history: Sequence[Message], room_tokens: int) -> int:
    """How many of the oldest turns are so far back that the room cannot hold them. A question goes with its answer."""
    n_characters = 0
    for n_kept, turn in enumerate(reversed(history)):
        n_characters += len(turn.content)
        if n_characters > room_tokens * _MOST_CHARACTERS_A_TOKEN:
            n_left_out = len(history) - n_kept
            return min(len(history), n_left_out + n_left_out % 2)
    return 0


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


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
