"""Questions about a repository's Python files alone, which ``probes`` and ``abstention`` ask.

The tasks ask about any language, in an order of their own: see ``eval.tasks.questions.collecting``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eval.errors import HarvestError
from eval.tables import count_noun
from eval.tasks.ordering import take_turns
from eval.tasks.questions.harvest import find_questions
from eval.tasks.questions.records import KINDS, Question
from eval.tasks.questions.sampling import cap, spread
from eval.tasks.questions.syntax import read_codebase

DEFAULT_N_QUESTIONS = 60  # half an hour with the smallest model on two cores


def harvest_questions(files: Iterable[tuple[str, str]], seed: int) -> list[Question]:
    """All questions that ``(path, text)`` of a repository's Python files give, but for what exceeds an answer's share.

    The order is a function of the files and ``seed``; any head of it is balanced over kinds and files.
    """
    found = list(find_questions(read_codebase(files)))
    of_kinds = [(kind, [question for question in found if question.kind == kind]) for kind in KINDS]
    return list(take_turns([cap(spread(questions, f"{seed}/{kind}")) for kind, questions in of_kinds]))


def choose_questions(files: Sequence[tuple[str, str]], origin: str, *, limit: int | None, seed: int) -> list[Question]:
    """The first ``limit`` questions, ``DEFAULT_N_QUESTIONS`` for None, or as many as there are. Raises HarvestError.

    ``files`` are the Python files of the repository at ``origin``.
    """
    if not files:
        raise HarvestError(
            f"{origin} holds no Python files that are indexed, and this measurement asks about Python files alone: "
            "give another --repo."
        )
    questions = harvest_questions(files, seed)
    if not questions:
        raise HarvestError(
            f"No question with one certain answer can be made from the {count_noun(len(files), 'Python file')} of "
            f"{origin}: give a larger --repo."
        )
    return questions[: limit or DEFAULT_N_QUESTIONS]
