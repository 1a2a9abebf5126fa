"""Which questions the same guess answers, and the order of a kind's questions: no answer exceeds its share of it.

In any head of a kind one answer, and all the trivial ones together, make up at most a quarter (rounded up): who always
says `ValueError` gets no further.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from eval.tasks import ordering

from .literals import canonical
from .records import Question

# What a default or a constant usually is in the other languages and in configuration, and what most functions return.
_TRIVIAL_VALUES = ordering.TRIVIAL | frozenset(
    ("true", "false", "null", "nil", "undefined", "nullptr", "NULL", '""', "-1", "yes", "no", '"true"', '"false"')
)
_TRIVIAL_TYPES = frozenset(
    "None void bool boolean Boolean int Int string String str error Unit () !void char * static".split()
)


def is_trivial_answer(question: Question) -> bool:
    """Whether an answer is what most values or return types are, in the question's language."""
    if question.asks_for == "type":
        return question.answer in _TRIVIAL_TYPES
    return question.answer in (ordering.TRIVIAL if question.language == "python" else _TRIVIAL_VALUES)


def spread(questions: Iterable[Question], seed: str) -> list[Question]:
    """One question of each file, then a second one of each, and so on; files and questions shuffled by ``seed``."""
    ordered = sorted(questions, key=lambda q: (q.path, q.start_line, q.id))
    return ordering.spread(ordered, seed, lambda question: question.path)


def cap(questions: Sequence[Question]) -> list[Question]:
    """As near to the given order as the share of each answer allows."""
    return ordering.cap(questions, answer_group)


def answer_group(question: Question) -> str:
    """Questions that the same guess answers."""
    if is_trivial_answer(question):
        return "trivial"
    if question.asks_for == "value":
        is_python = question.language == "python"
        return repr(ast.literal_eval(question.answer) if is_python else canonical(question.answer))
    return question.answer.rpartition(".")[2] if question.asks_for == "name" else question.answer
