"""One case under one arm: ask the same ``Assistant`` as users do, score, follow up, and record everything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from assistant.events import AskRequest
from assistant.records import Answer, Message
from eval.arms import Arm
from eval.cases import FOLLOW_UP_ERROR, PLACEBO_PASS, PLACEBO_TARGET, Attempt, Case, Result, Score
from eval.tasks.base import Scorer
from indexer.errors import QuarryError

from .answers import Asked
from .contexts import ContextMaker, Given, shows, to_shown

TURNS_LEFT_OUT = "n_turns_left_out"  # of Result.extra: turns of a follow-up that the window had no room for
_MAX_ATTEMPTS = 2  # the first, and one after a follow-up


class Answerer(Protocol):
    """What is measured: ``assistant.answer.Assistant``, or a stand-in."""

    async def answer(self, request: AskRequest) -> Answer:
        """The whole answer. Raises a QuarryError where there is none."""


class Clock(Protocol):
    """Knows what the model's latest answer took: ``answers.KeepingProvider``."""

    last: Asked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked: the index, None without one, and the caps that are the same in every arm.

    ``context_tokens`` is in the provider's own counts, of which ``counts_a_token`` make a token. Each case is asked
    ``n_samples`` times, with the seeds that follow ``seed``.
    """

    repo: str | None
    ref: str | None
    max_tokens: int
    context_tokens: int
    counts_a_token: int = 1
    seed: int = 0
    temperature: float = 0.0
    n_samples: int = 1


@dataclass(frozen=True, slots=True)
class Labels:
    """What a result is filed under."""

    repo: str
    task: str
    model: str


class Asker:
    """Asks the cases of one task on one repository. ``contexts`` makes those of a case's ref, None without an index."""

    def __init__(
        self,
        labels: Labels,
        answerer: Answerer,
        clock: Clock,
        scorer: Scorer,
        target: Target,
        contexts: Callable[[str], ContextMaker] | None,
    ) -> None:
        self._labels, self._answerer, self._clock, self._scorer = labels, answerer, clock, scorer
        self._target, self._contexts = target, contexts

    async def ask(self, case: Case, arm: Arm) -> Result:
        """The result. What fails with a QuarryError, or within the scorer, is a result with the verdict ``error``."""
        try:
            request, given = await self._make_request(case, arm)
            answer = await self._answerer.answer(request)
        except QuarryError as error:
            return self._record_error(case, arm, f"no answer: {error}")
        extra = self._describe_placebo(given, answer) if given is not None and arm.base == "placebo" else {}
        budget = answer.trace.budget
        if budget is not None and budget.n_tokens < (request.context_tokens or 0):
            extra["budget"] = budget.reason  # the window had no room for what was asked for
        attempts = [await self._score(case, answer)]
        found = answer
        while len(attempts) < _MAX_ATTEMPTS:
            try:
                more = await self._follow_up(case, attempts[-1])
            except Exception as error:  # of a scorer: as with a score, the others must not be lost
                extra[FOLLOW_UP_ERROR] = f"no follow-up could be made: {_in_one_line(error)}"
                break
            if more is None:
                break
            turns = [*request.messages, Message("assistant", attempts[-1].text), Message("user", more)]
            request = replace(request, messages=turns)
            try:
                answer = await self._answerer.answer(request)
            except QuarryError as error:  # the first attempt is a result all the same
                extra[FOLLOW_UP_ERROR] = str(error)
                break
            extra[TURNS_LEFT_OUT] = answer.trace.n_turns_left_out
            if answer.trace.n_turns_left_out:  # the oldest go first, and the oldest is the task
                extra[FOLLOW_UP_ERROR] = "the window had no room for the task beside the follow-up"
                break
            attempts.append(await self._score(case, answer))
        if self._target.n_samples > 1:
            extra["samples"] = await self._sample(case, replace(request, messages=request.messages[:1]), attempts[0])
        return self._record(case, arm, found, attempts, extra)

    async def _sample(self, case: Case, request: AskRequest, first: Attempt) -> list[dict[str, Any]]:
        """The first answer and further ones to the same prompt, as far as the model gives any."""
        samples = [{"seed": request.seed, "text": first.text, "verdict": first.score.verdict}]
        for number in range(1, self._target.n_samples):
            again = replace(request, seed=request.seed + number)
            try:
                answer = await self._answerer.answer(again)
            except QuarryError as error:
                samples.append({"seed": again.seed, "text": "", "verdict": "error", "error": str(error)})
                continue
            attempt = await self._score(case, answer)
            samples.append({"seed": again.seed, "text": attempt.text, "verdict": attempt.score.verdict})
        return samples

    async def _make_request(self, case: Case, arm: Arm) -> tuple[AskRequest, Given | None]:
        """The request, and what is given in it in place of what would be found."""
        given: Given | None = None
        if arm.budget is not None:
            arm = replace(arm, budget=arm.budget * self._target.counts_a_token)
        if arm.needs_index and self._contexts is None:
            raise AssertionError("an arm with code needs an index")
        if arm.base == "oracle" and self._contexts is not None:
            given = await asyncio.to_thread(self._contexts(case.ref).oracle, case, arm)
        elif arm.base == "placebo" and self._contexts is not None:
            given = await self._contexts(case.ref).placebo(case, arm)
        cap = given.context_tokens if given is not None else arm.budget or self._target.context_tokens
        request = AskRequest(
            self._target.repo,
            [Message("user", case.prompt)],
            retrieval=arm.needs_index,
            k=arm.k,
            max_tokens=self._target.max_tokens,
            ref=case.ref or self._target.ref,
            abstain=False,  # every arm answers; the confidence is recorded for the curve of risk against coverage
            purpose=case.purpose,
            query=case.query,
            given=given.hits if given is not None else None,
            context_tokens=cap,
            search=arm.search,
            temperature=self._target.temperature,
            seed=self._target.seed if self._target.temperature > 0 else 0,  # it decides nothing of a greedy answer
        )
        return request, given

    def _describe_placebo(self, given: Given, answer: Answer) -> dict[str, Any]:
        """How long it should be, and how far from the case the code is that was shown in the end."""
        target = given.context_tokens // self._target.counts_a_token
        return {PLACEBO_TARGET: target, PLACEBO_PASS: given.find_pass(answer.trace.packed)}

    async def _score(self, case: Case, answer: Answer) -> Attempt:
        asked = self._clock.last
        text = asked.text if self._scorer.is_verbatim and asked is not None else answer.text
        started = time.perf_counter()
        score = await asyncio.to_thread(self._score_text, case, text)
        scoring_seconds = time.perf_counter() - started
        total = answer.timings_ms.get("total", 0.0) / 1000
        return Attempt(
            messages=[asdict(message) for message in answer.messages],
            text=text,
            score=score,
            finish_reason=answer.finish_reason,
            prompt_tokens=answer.usage.prompt_tokens,
            completion_tokens=answer.usage.completion_tokens,
            seconds=asked.seconds if asked is not None else total,
            prompt_seconds=asked.prompt_seconds
            if asked is not None
            else answer.timings_ms.get("first_token", 0) / 1000,
            scoring_seconds=round(scoring_seconds, 4),
            is_cached=asked is not None and asked.is_cached,
            is_estimate=answer.usage.is_estimate,
        )

    def _score_text(self, case: Case, text: str) -> Score:
        try:
            return self._scorer.score(case, text)
        except Exception as error:  # of a scorer, about what a model wrote: nine hours of others must not be lost
            return Score("error", f"scoring failed: {_in_one_line(error)}")

    async def _follow_up(self, case: Case, attempt: Attempt) -> str | None:
        if attempt.score.verdict in ("correct", "error"):
            return None
        return await asyncio.to_thread(self._scorer.follow_up, case, attempt.text, attempt.score)

    def _record(
        self, case: Case, arm: Arm, answer: Answer, attempts: Sequence[Attempt], extra: dict[str, Any]
    ) -> Result:
        extra |= self._scorer.extras(case, answer)
        return Result(
            **asdict(self._labels),
            arm=arm.name,
            case_id=case.id,
            kind=case.kind,
            path=case.path,
            language=case.language,
            score=attempts[0].score,
            attempts=attempts,
            passages=[to_shown(passage) for passage in answer.passages],
            found_sources=any(shows(p, case.sources) for p in answer.passages) if case.sources else None,
            context_tokens=answer.trace.context_tokens.n_tokens // self._target.counts_a_token,
            retrieval_ms=answer.timings_ms.get("retrieval", 0.0),
            confidence=answer.confidence,
            abstained=answer.abstained,
            unknown_names=list(answer.unknown_names),
            extra=extra,
        )

    def _record_error(self, case: Case, arm: Arm, reason: str) -> Result:
        return Result(
            **asdict(self._labels),
            arm=arm.name,
            case_id=case.id,
            kind=case.kind,
            path=case.path,
            language=case.language,
            score=Score("error", reason),
            attempts=[],
            passages=[],
            found_sources=None,
            context_tokens=0,
            retrieval_ms=0.0,
        )


def _in_one_line(error: Exception) -> str:
    said = str(error).strip().split("\n")[0]
    return said if isinstance(error, QuarryError) else f"{type(error).__name__}: {said}"
