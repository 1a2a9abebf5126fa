"""Scoring: exact match after normalising, table-driven."""

from __future__ import annotations

import pytest

from eval.tasks.questions.records import Form, Kind, Question
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
        (ask("constant", "' '", symbol="SPACE"), "` `"),
        (ask("constant", "'- '", symbol="PREFIX"), "`PREFIX` is `- `."),
        (ask("constant", "'-'", symbol="MARK"), "It is ` - `."),
        (ask("constant", "'\"'", symbol="QUOTE"), '`"`'),
        (ask("constant", "\"a'b'\"", symbol="QUOTED"), "`a'b'`"),
        (ask("constant", "' '", symbol="SPACE"), "```\n' '`"),
        (ask("constant", "'not found'", symbol="GONE"), "`not found`"),
        (ask("constant", "'no such file'", symbol="GONE"), "'no such file'"),
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
    ("answer", "text", "verdict"),
    [
        ("[1]", "[1]", "correct"),
        ("[1, 2]", "[1, 2]", "correct"),
        ("[1, 2]", "The default is [1, 2].", "correct"),
        ("[1, 2]", "[1, 2] [1]", "correct"),
        ("[1]", "It is [2].", "wrong"),
        ("1", "It is [1].", "wrong"),
        ("30", "[1] 30", "correct"),
        ("30", "30 (see passage 2), [1]", "correct"),
        ("30", "[2]\n30", "correct"),
        ("30", "[1] I do not know.", "unanswered"),
        ("30", "I do not know. Perhaps it is `30`.", "unanswered"),
        ("[1]", "I do not know [1].", "unanswered"),
    ],
)
def test_a_list_of_small_numbers_is_an_answer_and_a_citation_is_none(answer: str, text: str, verdict: str) -> None:
    """What the model wrote is judged: citations are left out, unless nothing else is said."""
    assert score_answer(ask("default", answer, detail="size"), text).verdict == verdict


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


def ask_in(form: Form, answer: str, *accepted: str, language: str = "typescript", kind: Kind = "returns") -> Question:
    """A question of another language."""
    text = "What is it of `Gate.open`?"
    return Question("id", kind, text, answer, accepted, "gate.ts", 1, 1, "Gate.open", "", language, form)


@pytest.mark.parametrize(
    ("question", "text", "verdict"),
    [
        (ask_in("value", "1_000"), "`1000`", "correct"),
        (ask_in("value", "0x10"), "16", "correct"),
        (ask_in("value", "30L"), "`30`", "correct"),
        (ask_in("value", '"oak"'), "`'oak'`", "correct"),
        (ask_in("value", '"oak"'), "`oak`", "correct"),
        (ask_in("value", "nil"), "`null`", "correct"),
        (ask_in("value", "false"), "False", "correct"),
        (ask_in("value", "1"), "`true`", "wrong"),
        (ask_in("value", '"1"'), "`2`", "wrong"),
        (ask_in("type", "Promise<string>"), "`Promise< string >`", "correct"),
        (ask_in("type", "std::vector<int> &"), "`vector<int>&`", "correct"),
        (ask_in("type", "const char *"), "`const char*`", "correct"),
        (ask_in("type", "(int, error)"), "The return type is `(int, error)`.", "correct"),
        (ask_in("type", "Option<String>"), "`String`", "wrong"),
        (ask_in("type", "string"), "`String`", "wrong"),
        (ask_in("name", "Rack.Utils"), "`Rack::Utils`", "correct"),
        (ask_in("name", "Gate.swing"), "`Gate#swing()`", "correct"),
        (ask_in("name", "Jammed"), "`throw new Jammed('x')`", "correct"),
        (ask_in("name", "angle"), "`$angle`", "correct"),
        (ask_in("name", "deps.@farm/gate"), "`@farm/gate`", "correct"),
        (ask_in("path", "src/a/gate.ts", "gate.ts"), "`gate.ts`", "correct"),
        (ask_in("path", "src/a/gate.ts", "a/gate.ts"), "It is defined in src/a/gate.ts.", "correct"),
        (ask_in("path", "src/a/gate.ts", "a/gate.ts"), "`./src/a/gate.ts:12`", "correct"),
        (ask_in("path", "src/a/gate.ts", "a/gate.ts"), "`gate.ts`", "wrong"),
        (ask_in("path", "src/a/gate.ts"), "`src/a/other.ts`", "wrong"),
    ],
)
def test_other_languages_and_forms(question: Question, text: str, verdict: str) -> None:
    """Values by what they are, types letter by letter but for spaces and qualifiers, paths by an end that is unique."""
    assert score_answer(question, text).verdict == verdict


NOTHING = Question(
    "id", "unanswerable", "What is the default value of the parameter `wide` of `Gate.open`?", "", (), "gate.py", 0, 0,
    "Gate.open", "wide", "python", "value",
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "`Gate.open` has no parameter `wide`.",
        "The parameter `wide` does not exist.",
        "There is no such parameter.",
        "The passages do not show a parameter `wide` of `Gate.open`. It takes `key`.",
        "I do not know.",
        "`not found`",
        "Not specified.",
        "`wide` is not defined in `Gate.open` [1].",
        "The provided code doesn't contain this information.",
        "This repository does not show this.\n\nThe nearest places are:\n\n- `gate.py:1-20`",
        "N/A",
    ],
)
def test_declining_is_right_where_there_is_no_answer(text: str) -> None:
    """Saying in the first sentence that it is not there, or not known, and nothing in its place."""
    assert score_answer(NOTHING, text).verdict == "correct"
    assert score_answer(VALUE, text.replace("wide", "size")).verdict == "unanswered"


@pytest.mark.parametrize(
    "text",
    [
        "`None`",
        "`False`",
        "`0`",
        "None",
        "The default value is `30`.",
        "`30`. It is not defined elsewhere.",
        "The default is 5.",
        "It is `30`, since no default is given.",
        "`wide` is not defined, so it is `None`.",
        "```\nNone\n```",
    ],
)
def test_stating_something_is_wrong_where_there_is_no_answer(text: str) -> None:
    """A value is a statement, also where doubts follow; `None` is a value."""
    assert score_answer(NOTHING, text).verdict == "wrong"


def test_silence_declines_nothing() -> None:
    """No answer at all says nothing of what is there."""
    assert score_answer(NOTHING, " \n").verdict == "unanswered"
