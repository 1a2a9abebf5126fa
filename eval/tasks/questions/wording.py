"""How a question is put to a model: alone, or with the form that its answer should have."""

from __future__ import annotations

from collections.abc import Mapping

from .records import Form, Question

# How an answer should look: the same words in every arm, after the question.
ANSWER_FORMS: Mapping[Form, str] = {
    "value": "Answer with the value only, in backticks.",
    "name": "Answer with the name only, in backticks.",
    "type": "Answer with the type only, in backticks.",
    "path": "Answer with the path of the file only, in backticks.",
}


def word_question(question: Question) -> str:
    """The message of the user with the form that its answer should have, for arms that are compared by accuracy."""
    return f"{question.text} {ANSWER_FORMS[question.asks_for]}"


def word_freely(question: Question) -> str:
    """The question alone, as people ask it: the answer may be a sentence."""
    return question.text
