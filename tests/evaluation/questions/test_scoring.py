"""Scoring: exact match after normalising, table-driven."""

from __future__ import annotations

import pytest

from eval.tasks.questions.records import Kind, Question
from eval.tasks.questions.scoring import score_answer


def ask(kind: Kind, answer: str, *accepted: str, symbol: str = "Gate.open", detail: str = "") -> Question:
    """A question with these answers."""
    return Question("id", kind, "text", answer, accepted, "gate.py", 1, 1, symbol, detail)


VALUE = ask("default", "1000", detail="size")
TEXT = ask("default", "'creak'", detail="sound")
NAME = ask("raises", "LockedError")
DOTTED = ask("raises", "web.Gone")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (VALUE, "`1000`"),
        (VALUE, "1000"),
        (VALUE, "`1_000`"),
        (VALUE, "`1000.0`"),
        (VALUE, "The answer is 1000."),
        (VALUE, "The default value is `1000` [1]."),
        (VALUE, "1000 [2]"),
        (VALUE, "1000 [1][2]."),
        (VALUE, "\n\n  `1000`\nbecause of line 3"),
        (VALUE, "```python\n1000\n```"),
        (VALUE, "```\nsize=1000\n```"),
        (VALUE, "```1000```"),
        (VALUE, "`size: int = 1000`"),
        (VALUE, "The default of `size` of `Gate.open` is `1000`."),
        (TEXT, "`'creak'`"),
        (TEXT, '`"creak"`'),
        (TEXT, "`creak`"),
        (TEXT, '"creak".'),
        (ask("default", "'2.0'", detail="version"), "`2.0`"),
        (ask("default", "(1, 2)", detail="size"), "`(1,2)`"),
        (ask("default", "{'a': 1}", detail="size"), '`{"a": 1}`'),
        (ask("default", "None", detail="size"), "None"),
        (ask("constant", "0.5", symbol="RATE"), "`RATE = 0.5`"),
        (ask("default", "['a', 'b']", detail="names"), "`names=['a', 'b']`"),
        (NAME, "`LockedError`"),
        (NAME, "`LockedError()`"),
        (NAME, '`raise LockedError("no key")`'),
        (NAME, "`errors.LockedError`"),
        (NAME, "`Gate.open` raises `LockedError`."),
        (DOTTED, "`Gone`"),
        (DOTTED, "`http.web.Gone`"),
        (ask("raises", "Locked", "LockedError"), "`LockedError`"),
        (ask("caller", "Server.run", symbol="start"), "`run()`"),
    ],
)
def test_right_answers_are_correct_in_any_form(question: Question, text: str) -> None:
    """The same answer in another spelling, wrapping or qualification is correct."""
    assert score_answer(question, text).verdict == "correct"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (VALUE, "`100`"),
        (VALUE, "`'1000'`"),
        (VALUE, "`100` or `1000`"),
        (VALUE, "It could be 1000 or 100."),
        (VALUE, "`size`"),
        (VALUE, "`width = 1000`"),
        (ask("default", "1", detail="size"), "`True`"),
        (ask("default", "True", detail="size"), "`1`"),
        (ask("default", "[1]", detail="size"), "`[True]`"),
        (ask("default", "[1]", detail="size"), "`(1,)`"),
        (ask("default", "'creak'", detail="sound"), "`creaks`"),
        (NAME, "`Error`"),
        (NAME, "`ClockedError`"),
        (NAME, "`lockederror`"),
        (NAME, "`Gate.open`"),
        (NAME, "LockedError is raised here"),
        (ask("caller", "Server.run", symbol="start"), "`Client.run`"),
    ],
)
def test_other_answers_are_wrong(question: Question, text: str) -> None:
    """Another value or type, a name that only contains the right one, or a list of guesses is wrong."""
    assert score_answer(question, text).verdict == "wrong"


@pytest.mark.parametrize(
    "text",
    ["", "  \n", "```\n```", "I do not know.", "I don't know the default of `size`.", "Sorry, I cannot tell.",
     "The passages do not hold the answer.", "Not specified."],
)  # fmt: skip
def test_no_answer_is_unanswered_and_not_wrong(text: str) -> None:
    """Silence and a plain refusal are kept apart from a wrong answer."""
    assert score_answer(VALUE, text).verdict == "unanswered"


def test_a_score_says_what_was_compared() -> None:
    """The normalised answer and the expected one are kept, so that a verdict can be checked by hand."""
    score = score_answer(NAME, "`raise KeyError(1)`")
    assert (score.normalised, score.explanation) == ("KeyError", "expected LockedError")
