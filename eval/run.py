"""Asks every question under every arm and stores each answer at once, so that a run can stop and go on anywhere.

Arms take turns within a question: whatever part is done is paired, and the machine's moods fall on all arms alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from assistant.events import AskRequest
from assistant.records import Answer, Passage
from eval.cases import Score
from eval.tasks.questions.grounding import judge_citation
from eval.tasks.questions.records import Question
from eval.tasks.questions.scoring import score_answer
from indexer.errors import QuarryError

from .arms import Arm, Target
from .errors import RunStopped
from .records import ArmAnswer, RetrievedPassage
from .store import RunFolder

MAX_ERRORS_IN_A_ROW = 3  # a model that is gone fails at once and always; a question that is too long fails alone


class Answerer(Protocol):
    """What is measured: ``assistant.answer.Assistant``, or a stand-in."""

    async def answer(self, request: AskRequest) -> Answer:
        """The whole answer. Raises a QuarryError where there is none."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is, in answers. ``n_before`` of them were there when it started."""

    n_done: int
    n: int
    n_before: int
    elapsed_seconds: float

    @property
    def seconds_left(self) -> float | None:
        """By the mean of the answers so far; None before there is one."""
        n_now = self.n_done - self.n_before
        return self.elapsed_seconds * (self.n - self.n_done) / n_now if n_now else None


async def ask_questions(
    questions: Sequence[Question],
    arms: Sequence[Arm],
    target: Target,
    answerer: Answerer,
    folder: RunFolder,
    on_progress: Callable[[RunProgress], None] | None = None,
) -> None:
    """Ask what has no answer in ``folder`` yet; answers that were errors are asked again.

    An error of the model is stored with its question, and the run goes on. Raises RunStopped after
    ``MAX_ERRORS_IN_A_ROW`` of them.
    """
    done = {(answer.question_id, answer.arm) for answer in folder.read_answers() if answer.verdict != "error"}
    todo = [(question, arm) for question in questions for arm in arms if (question.id, arm.name) not in done]
    n = len(questions) * len(arms)
    n_before = n - len(todo)
    started = time.perf_counter()
    n_errors_in_a_row = 0
    with folder.appending() as writer:
        for n_now, (question, arm) in enumerate(todo, 1):
            answer = await _ask(question, arm, target, answerer)
            writer.add(answer)
            n_errors_in_a_row = n_errors_in_a_row + 1 if answer.verdict == "error" else 0
            if n_errors_in_a_row == MAX_ERRORS_IN_A_ROW:
                raise RunStopped(
                    f"Stopped after {n_errors_in_a_row} errors in a row, the last: {answer.error} The answers before "
                    f"are kept in {folder.path}: run the same command again to go on."
                )
            if on_progress is not None:
                on_progress(RunProgress(n_before + n_now, n, n_before, time.perf_counter() - started))


async def _ask(question: Question, arm: Arm, target: Target, answerer: Answerer) -> ArmAnswer:
    started = time.perf_counter()
    try:
        answer = await answerer.answer(arm.make_request(question, target))
    except QuarryError as error:
        return _record_error(question, arm, error)
    seconds = time.perf_counter() - started
    if answer.abstained:
        score = Score("unanswered", "the model was not asked: the hits were too weak")
    else:
        score = score_answer(question, answer.text)
    passages = [RetrievedPassage(p.path, p.start_line, p.end_line) for p in answer.passages]
    return ArmAnswer(
        question_id=question.id,
        arm=arm.name,
        kind=question.kind,
        path=question.path,
        question=arm.word(question),
        expected=question.answer,
        messages=[asdict(message) for message in answer.messages],
        passages=passages,
        text=answer.text,
        normalised=score.normalised,
        verdict=score.verdict,
        explanation=score.explanation,
        retrieved_answer=any(holds_answer(passage, question) for passage in answer.passages),
        prompt_tokens=answer.usage.prompt_tokens,
        completion_tokens=answer.usage.completion_tokens,
        seconds=round(seconds, 3),
        timings_ms=dict(answer.timings_ms),
        finish_reason=answer.finish_reason,
        confidence=answer.confidence,
        abstained=answer.abstained,
        citations=[judge_citation(citation, answer.passages, question) for citation in answer.citations],
        n_citations_removed=answer.n_citations_removed,
        unknown_names=list(answer.unknown_names),
    )


def holds_answer(passage: Passage, question: Question) -> bool:
    """Whether a passage shows one of the lines that hold the answer."""
    if passage.path != question.path:
        return False
    shown = passage.lines if passage.lines is not None else range(passage.start_line, passage.end_line + 1)
    return any(line is not None and question.start_line <= line <= question.end_line for line in shown)


def _record_error(question: Question, arm: Arm, error: QuarryError) -> ArmAnswer:
    return ArmAnswer(
        question_id=question.id,
        arm=arm.name,
        kind=question.kind,
        path=question.path,
        question=arm.word(question),
        expected=question.answer,
        messages=[],
        passages=[],
        text="",
        normalised="",
        verdict="error",
        explanation="the model gave no answer",
        retrieved_answer=False,
        prompt_tokens=0,
        completion_tokens=0,
        seconds=0.0,
        timings_ms={},
        finish_reason="error",
        error=str(error),
    )
