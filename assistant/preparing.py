"""All that is decided before the model is asked: what is searched, how much code, which turns, and the prompt of it."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from langchain_core.messages import BaseMessage

from indexer.errors import InputError
from indexer.words import has_half_characters

from .budget import MOST_CHARACTERS_A_TOKEN, PromptSpeed, choose_budget, count_unit, room_for_prompt
from .context import PackedContext, pack_context
from .conversations.followups import make_standalone
from .errors import PromptTooLong
from .events import AskRequest
from .models.providers import Provider
from .prompts import CODE_PROMPT_VERSION, PROMPT_VERSION, build_prompt
from .records import Message, Passage, TokenCount, Trace
from .retrieval import Retrieved, as_sources, find_nearest, retrieve, word_refusal
from .search import Searcher
from .settings import AssistantSettings
from .stopwatch import ms_since
from .surroundings import IndexSurroundings, Surroundings
from .targets import Target

# The tokens of a text are those of its parts, give or take some at the seams.
_SEAMS, _SEAM_TOKENS = 1.05, 32
DEFAULT_K = 10  # more than fit the default budget, so that a small chunk can fill what is left


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is decided before the model is asked. Unless ``is_counted``, the trace has a bound of the prompt's
    tokens, far enough below the room. ``unit`` is that of ``count_unit``."""

    prompt: Sequence[BaseMessage]
    passages: Sequence[Passage]
    trace: Trace
    retrieval_ms: float
    prompt_ms: float
    confidence: float | None
    refusal: str | None = None  # said in place of an answer
    is_counted: bool = True
    unit: int = 1


class Preparer:
    """Prepares the prompts of one model. Safe to use for several questions at once."""

    def __init__(
        self,
        settings: AssistantSettings,
        provider: Provider,
        searcher: Searcher,
        count_text: Callable[[str], TokenCount],
        speed: PromptSpeed,
    ) -> None:
        self._settings, self._provider, self._searcher = settings, provider, searcher
        self._count_text, self._speed = count_text, speed

    def prepare(self, request: AskRequest, targets: Sequence[Target], max_tokens: int) -> Prepared:
        """Search, choose how much code, pack it, and fit the prompt into the window beside ``max_tokens`` of answer.

        ``targets`` are those of ``request.repo``, none without one. Raises InputError and PromptTooLong for what cannot
        be asked, and UnknownRepository.
        """
        started = time.perf_counter()
        question, history = _split_conversation(request.messages)
        if has_half_characters(request.instructions):
            raise InputError("The instructions are not UTF-8 text: write them again.")
        room = room_for_prompt(self._provider, max_tokens)
        searches = request.retrieval and request.given is None
        found = self._retrieve(request, targets, question, history) if searches else None
        retrieval_ms = ms_since(started)
        if found is not None and found.is_too_weak:
            return _refuse(found, retrieval_ms)
        started = time.perf_counter()
        n_hopeless = _count_hopeless(history, room)
        history = history[n_hopeless:]
        n_bare = self._count_bare(question, history, request)
        n_alone = self._count_bare(question, (), request) if history else n_bare
        unit = count_unit(self._count_text)
        set_tokens = self._settings.context_tokens and self._settings.context_tokens * unit
        budget = choose_budget(
            context_tokens=set_tokens if request.context_tokens is None else request.context_tokens,
            first_token_seconds=self._settings.first_token_seconds,
            speed=self._speed.tokens_per_second,
            prompt_tokens=n_bare,
            room_tokens=room,
            left_tokens=room - n_alone - _SEAM_TOKENS,
            unit=unit,
        )
        context = pack_context(
            found.hits if found is not None else request.given or (),
            budget.n_tokens,
            self._count_text,
            question=question if request.query is None else request.query,
            surroundings=found.surroundings if found is not None else self._find_surroundings(request, targets),
        )
        n_most = int((n_bare + context.tokens.n_tokens) * _SEAMS) + _SEAM_TOKENS
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
        prompt_ms = ms_since(started)
        return Prepared(
            prompt=prompt,
            passages=context.passages,
            trace=trace,
            retrieval_ms=retrieval_ms,
            prompt_ms=prompt_ms,
            confidence=confidence,
            is_counted=is_counted,
            unit=unit,
        )

    def _count_bare(self, question: str, history: Sequence[Message], request: AskRequest) -> int:
        """The prompt's tokens without any code."""
        passages: Sequence[Passage] | None = [] if request.retrieval else None
        prompt = build_prompt(question, history, passages, request.instructions, request.purpose)
        return self._provider.count_prompt(prompt).n_tokens

    def _find_surroundings(self, request: AskRequest, targets: Sequence[Target]) -> Surroundings | None:
        """Those of the hits that the caller gave, so that they are shown as found ones are."""
        if not request.given or not targets:
            return None
        return IndexSurroundings([self._searcher.open(target).index for target in targets], request.given)

    def _retrieve(
        self, request: AskRequest, targets: Sequence[Target], question: str, history: Sequence[Message]
    ) -> Retrieved:
        if not targets:
            raise InputError("Name the repository to ask, or switch retrieval off.")
        query = request.query
        if query is None:
            query = make_standalone(question, history, partial(self._searcher.defines, targets))
        return retrieve(
            self._searcher,
            targets,
            question,
            query=query,
            k=DEFAULT_K if request.k is None else request.k,
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


def _refuse(found: Retrieved, retrieval_ms: float) -> Prepared:
    """What is shown where the hits are too weak: the nearest of them, and no question to the model."""
    left_out = [(hit, "the model was not asked") for hit in found.hits]
    nothing = TokenCount(0, exact=True)
    trace = Trace(
        prompt_version=PROMPT_VERSION,
        packed=(),
        left_out=left_out,
        n_turns_left_out=0,
        context_tokens=nothing,
        prompt_tokens=nothing,
        query=found.query,
    )
    return Prepared(
        prompt=(),
        passages=as_sources(find_nearest(found.hits)),
        trace=trace,
        retrieval_ms=retrieval_ms,
        prompt_ms=0.0,
        confidence=found.confidence,
        refusal=word_refusal(found),
    )


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
    """How many of the oldest turns are so far back that the room cannot hold them: they need not be counted.

    A question goes with its answer.
    """
    n_characters = 0
    for n_kept, turn in enumerate(reversed(history)):
        n_characters += len(turn.content)
        if n_characters > room_tokens * MOST_CHARACTERS_A_TOKEN:
            n_left_out = len(history) - n_kept
            return min(len(history), n_left_out + n_left_out % 2)
    return 0
