"""The questions as tasks: with the form of the answer, scored by exact match; and alone, scored for grounding too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import PurePosixPath
from typing import Any

from assistant.records import Answer
from eval.cases import Case, Score, Span
from eval.errors import HarvestError
from eval.sources import read_source_files
from eval.tables import count_noun
from eval.tasks.base import Harvest, Scorer, TaskInput

from .collecting import collect_questions
from .grounding import judge_citation, says
from .records import Question
from .scoring import SCORING_VERSION, declines, find_answer, score_answer
from .wording import word_freely, word_question

HARVEST_VERSION = 3  # raised when the same repository gives other questions
DEFAULT_LIMIT = 150


class QuestionsTask:
    """Checkable facts about a repository. ``is_free``: asked as people ask, without the form of the answer."""

    needs_repository = True
    runs_code = False
    default_limit = DEFAULT_LIMIT
    version = 100 * HARVEST_VERSION + SCORING_VERSION

    def __init__(self, name: str, description: str, max_tokens: int, *, is_free: bool) -> None:
        self.name, self.description, self.max_tokens = name, description, max_tokens
        self._is_free = is_free

    def harvest(self, given: TaskInput) -> Harvest:
        """The questions, as many as are wanted or as there are. Raises HarvestError where there is none."""
        if given.source is None:
            raise HarvestError("Questions are asked about a repository: give --repo PATH.")
        files = read_source_files(given.source, given.max_file_bytes)
        given.on_progress(f"reading {len(files)} files for questions")
        found = collect_questions(files, given.seed)
        wanted = given.limit or DEFAULT_LIMIT
        questions = found.questions[:wanted]
        if not questions:
            raise HarvestError(
                f"No question with one certain answer can be made from the {count_noun(len(files), 'file')} of "
                f"{given.source.origin}: give a larger --repo."
            )
        ends = _count_ends([path for path, _ in files])
        cases = [_to_case(_with_ends(question, ends), self.name, is_free=self._is_free) for question in questions]
        notes = _note(questions, found.n_found)
        if len(questions) < wanted:
            notes.append(f"Only {count_noun(len(questions), 'question')} can be asked, of {wanted} that were wanted.")
        return Harvest(cases, notes=notes)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Exact match after normalising; of a free answer, whether it says the right thing."""
        return FreeScorer() if self._is_free else ExactScorer()


class ExactScorer(Scorer):
    """Scores by exact match, and judges the citations beside."""

    is_verbatim = True  # a list such as ``[1]`` may be the answer

    def score(self, case: Case, text: str) -> Score:
        """The verdict by the rules of ``scoring``."""
        return score_answer(read_question(case), text)

    def extras(self, case: Case, answer: Answer) -> Mapping[str, Any]:
        """The citations held against the lines of the answer, and whether the question names its symbol."""
        question = read_question(case)
        return {
            "names_symbol": question.is_named,
            "citations": [asdict(judge_citation(each, answer.passages, question)) for each in answer.citations],
            "n_citations_removed": answer.n_citations_removed,
        }


class FreeScorer(ExactScorer):
    """For answers in sentences: they are right if they say the expected answer, which alone is no proof of it."""

    is_verbatim = False  # the number of a citation that the model wrote would count as said

    def score(self, case: Case, text: str) -> Score:
        """Correct if the answer is said as a word of its own; to be read beside the figures of grounding."""
        question = read_question(case)
        if question.kind == "unanswerable":
            return score_answer(question, text)
        if not text.strip():
            return Score("unanswered", "no answer in the text")
        answers = (question.answer, *question.accepted)
        if any(says(text, answer) for answer in answers) or score_answer(question, text).is_correct:
            return Score("correct", f"says {question.answer}", find_answer(question, text) or "")
        if declines(question, text):
            return Score("unanswered", "declines")
        return Score("wrong", f"does not say {question.answer}", find_answer(question, text) or "")


def read_question(case: Case) -> Question:
    """The question that a case was made of."""
    fields = dict(case.data["question"])
    return Question(**{**fields, "accepted": tuple(fields["accepted"])})


def _to_case(question: Question, task: str, *, is_free: bool) -> Case:
    is_answerable = question.kind != "unanswerable"
    return Case(
        id=question.id,
        task=task,
        kind=question.kind,
        path=question.path,
        prompt=word_freely(question) if is_free else word_question(question),
        query=question.text,
        sources=[Span(question.path, question.start_line, question.end_line)] if is_answerable else [],
        language="" if question.language == "config" else question.language,
        purpose="answer",
        data={"question": asdict(question), "named": question.is_named},
    )


def _count_ends(paths: Sequence[str]) -> Counter[str]:
    """How many files each end of a path at a folder's boundary is of."""
    return Counter(end for path in paths for end in _ends(path))


def _ends(path: str) -> list[str]:
    parts = PurePosixPath(path).parts
    return ["/".join(parts[n:]) for n in range(len(parts))]


def _with_ends(question: Question, ends: Counter[str]) -> Question:
    """A path may be given by any end of it that is of one file alone."""
    if question.asks_for != "path" or not question.answer:
        return question
    return replace(question, accepted=tuple(end for end in _ends(question.answer)[1:] if ends[end] == 1))


def _note(questions: Sequence[Question], n_found: int) -> list[str]:
    answerable = [question for question in questions if question.kind != "unanswerable"]
    n_described = sum(not question.is_named for question in answerable)
    kinds = Counter(question.kind for question in questions)
    listed = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    notes = [
        f"{len(questions)} of {n_found} questions: {listed}; {n_described} of {len(answerable)} describe what they are "
        "about and do not name it."
    ]
    if 3 * n_described < len(answerable):
        notes.append("Fewer than a third could be asked without a name: the code has few comments and distinct calls.")
    return notes


TASK = QuestionsTask(
    "questions",
    "Checkable facts about the repository, and some that it does not hold: defaults, return types, callers, files ...",
    48,
    is_free=False,
)
FREE = QuestionsTask(
    "questions-free",
    "The same questions as people ask them; measures citations and invented names.",
    96,
    is_free=True,
)

__all__ = ["FREE", "TASK", "ExactScorer", "FreeScorer", "QuestionsTask", "read_question"]
