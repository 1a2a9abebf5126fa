"""Descriptions fit one symbol alone, and tell neither its name nor the answer."""

from __future__ import annotations

import pytest

from eval.tasks.questions.describe import Describer
from eval.tasks.questions.harvest import find_questions
from eval.tasks.questions.kinds import find_code_questions
from eval.tasks.questions.outline import read_outline
from eval.tasks.questions.records import Question
from eval.tasks.questions.syntax import read_codebase


def describe(kind: str, symbol: str, *sources: str, suffix: str = "py") -> str | None:
    """The described question about a symbol of the first file, or None."""
    files = [(f"farm/m{n}.{suffix}", source) for n, source in enumerate(sources)]
    outline = read_outline(files)
    python = find_questions(read_codebase(files)) if suffix == "py" else ()
    questions = [q for q in (*find_code_questions(outline), *python) if (q.kind, q.symbol) == (kind, symbol)]
    assert questions, "the question itself has to be there"
    found = Describer(outline).describe(questions[0])
    return found.text if found is not None else None


DOC = 'def swing(angle, speed=12):\n    """Lets the cows out at dawn."""\n'


def test_by_the_comment() -> None:
    """The first sentence of the docstring stands in for the name."""
    expected = 'of the function that is described as "Lets the cows out at dawn"?'
    assert (describe("default", "swing", DOC) or "").endswith(expected)


@pytest.mark.parametrize(
    "doc",
    [
        "Swings and lets the cows out.",  # the name
        "Takes 12 cows out at dawn.",  # the answer
        "Lets out.",  # too short to tell
        "Lets the `cows` out at dawn.{x}",  # code
    ],
)
def test_a_comment_that_tells_is_not_used(doc: str) -> None:
    """Neither the name, in any form, nor the answer may stand in it."""
    text = describe("default", "swing", DOC.replace("Lets the cows out at dawn.", doc)) or ""
    assert "described as" not in text


def test_a_comment_that_fits_two_is_not_used() -> None:
    """The same sentence elsewhere in the repository makes it ambiguous."""
    other = 'def shut():\n    """Lets the cows out at dawn."""\n'
    assert "described as" not in (describe("default", "swing", DOC, other) or "")


def test_by_what_it_alone_calls_in_its_file() -> None:
    """A call that stands nowhere else in the file; with a second caller the parameters are taken."""
    source = "def swing(angle, speed=12):\n    unlatch(angle)\n"
    assert "in `farm/m0.py` that calls `unlatch`" in (describe("default", "swing", source) or "")
    more = source + "def shut():\n    unlatch(1)\n"
    assert "whose parameters are `angle` and `speed`" in (describe("default", "swing", more) or "")


def test_by_what_it_raises() -> None:
    """A method may be the one that raises a type."""
    source = "class A:\n    def swing(self, speed=12):\n        raise Jammed\n"
    assert "the method in `farm/m0.py` that raises `Jammed`" in (describe("default", "A.swing", source) or "")


def test_by_its_base_or_a_method() -> None:
    """A class by a base that it alone has; asked for the base itself, by a method."""
    source = "enum Wood: Int { case oak, elm, ash }"
    assert "the only enum that inherits from `Int`" in (describe("member", "Wood", source, suffix="swift") or "")
    source = "class Gate(Barrier):\n    def unlatch_it(self): ..."
    assert "the only class that defines the method `unlatch_it`" in (describe("base", "Gate", source) or "")


def test_a_constant_by_the_one_function_that_uses_it() -> None:
    """With a second constant in that function it could be either."""
    source = "HINGES = 7\ndef swing():\n    return HINGES\n"
    assert "the constant in `farm/m0.py` that is used in `swing`" in (describe("constant", "HINGES", source) or "")
    more = "HINGES = 7\nWIDTH = 8\ndef swing():\n    return HINGES + WIDTH\n"
    assert describe("constant", "HINGES", more) is None


def test_a_group_of_constants_shares_no_comment() -> None:
    """A comment above several constants is not the first one's alone."""
    alone = "# How many bolts there are\nHINGES = 7\n"
    assert "How many bolts there are" in (describe("constant", "HINGES", alone) or "")
    assert describe("constant", "HINGES", alone + "WIDTH = 8\n") is None


def test_where_a_thing_is_defined_is_not_told_by_its_file() -> None:
    """A question for the file describes without the file."""
    text = describe("file", "swing", DOC) or ""
    assert "described as" in text and "m0.py" not in text


def test_a_described_question_keeps_its_answer_under_another_id() -> None:
    """Only the words change."""
    files = [("farm/m0.py", DOC)]
    outline = read_outline(files)
    named = next(question for question in find_code_questions(outline) if question.kind == "file")
    described = Describer(outline).describe(named)
    assert isinstance(described, Question)
    assert (described.answer, described.start_line) == (named.answer, named.start_line)
    assert (named.is_named, described.is_named) == (True, False)
    assert named.id != described.id
