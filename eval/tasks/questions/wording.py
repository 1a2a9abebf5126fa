"""How a question is put to a model: alone, or with the form that its answer should have."""

from __future__ import annotations

from .records import KINDS, Kind, Question

# How an answer should look: the same words in every arm, after the question.
_VALUE_FORM = "Answer with the value only, in backticks."
_NAME_FORM = "Answer with the name only, in backticks."
ANSWER_FORMS: dict[Kind, str] = {
    "default": _VALUE_FORM,
    "constant": _VALUE_FORM,
    "raises": _NAME_FORM,
    "base": _NAME_FORM,
    "caller": _NAME_FORM,
}

assert tuple(ANSWER_FORMS) == KINDS


def word_question(question: Question) -> str:
    """The message of the user with the form that its answer should have, for arms that are compared by accuracy."""
    return f"{question.text} {ANSWER_FORMS[question.kind]}"


def word_freely(question: Question) -> str:
    """The question alone, as people ask it: the answer may be a sentence."""
    return question.text
