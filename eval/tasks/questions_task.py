"""The questions as a task: made from the repository's syntax trees, scored by exact match after normalising."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from eval.cases import Case, Score, Span
from eval.errors import HarvestError
from eval.sources import read_python_files

from .base import Harvest, Scorer, TaskInput
from .questions.harvest import HARVEST_VERSION, choose_questions
from .questions.records import Question
from .questions.scoring import SCORING_VERSION, score_answer
from .questions.wording import word_question


class QuestionsTask:
    """Checkable facts about a repository."""

    name = "questions"
    version = 10 * HARVEST_VERSION + SCORING_VERSION
    description = "Checkable facts about the repository: defaults, constants, exceptions, base classes, callers."
    needs_repository = True
    runs_code = False
    max_tokens = 48
    default_limit = 60

    def harvest(self, given: TaskInput) -> Harvest:
        """The questions. Raises HarvestError."""
        if given.source is None:
            raise HarvestError("Questions are asked about a repository: give --repo PATH.")
        python = read_python_files(given.source, given.max_file_bytes)
        questions = choose_questions(given.source, python, limit=given.limit, seed=given.seed)
        return Harvest([_to_case(question) for question in questions])

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Exact match after normalising."""
        return _ExactMatch()


class _ExactMatch:
    def score(self, case: Case, text: str) -> Score:
        return score_answer(_to_question(case.data["question"]), text)

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        return None


def _to_case(question: Question) -> Case:
    return Case(
        id=question.id,
        task=QuestionsTask.name,
        kind=question.kind,
        path=question.path,
        prompt=word_question(question),
        query=word_question(question),
        sources=[Span(question.path, question.start_line, question.end_line)],
        language="python",
        purpose="answer",
        data={"question": asdict(question)},
    )


def _to_question(fields: dict[str, Any]) -> Question:
    return Question(**{**fields, "accepted": tuple(fields["accepted"])})


TASK = QuestionsTask()
