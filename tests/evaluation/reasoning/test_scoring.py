"""What of an answer is the value."""

from __future__ import annotations

import pytest

from eval.cases import Case
from eval.tasks.reasoning.scoring import find_value, score_value


def ask(value: str, call: str = "join(['a', 'b'], sep='-')", name: str = "join") -> Case:
    """A case of which only what the scorer reads is set."""
    data = {"name": name, "call": call, "value": value, "arguments": ["['a', 'b']", "'-'"]}
    return Case("1", "reasoning", "alone", "m.py", "", "", data=data)


@pytest.mark.parametrize(
    "text",
    [
        "`'a-b'`",
        "`a-b`",
        '`"a-b"`',
        "The call `join(['a', 'b'], sep='-')` returns `'a-b'`.",
        "`join` puts `'-'` between them: `'a-b'`",
        "`join(['a','b'], sep='-') == 'a-b'`",
        "`join(['a', 'b'], sep='-')  # returns 'a-b'`",
        "join(['a', 'b'], sep='-') returns 'a-b'.",
        "'a-b'",
        "It returns 'a-b'.",
        "The output is: 'a-b' [1]",
        "```python\n'a-b'\n```",
        "```python\n>>> join(['a', 'b'], sep='-')\n'a-b'\n```",
        "```\nprint(join(['a', 'b'], sep='-'))  # 'a-b'\n```",
        "``'a-b'``",
    ],
)
def test_the_value_is_found_however_it_is_said(text: str) -> None:
    """Call, names and arguments before it are passed over."""
    assert score_value(ask("'a-b'"), text).verdict == "correct"


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "It returns [1].",
        "`[1]` [2]",
        "join(['a', 'b'], sep='-') returns [1].",
        "join(['a', 'b'], sep='-') == [1]",
    ],
)
def test_a_list_of_one_number_is_no_citation(text: str) -> None:
    """Where nothing else is said it is the value."""
    assert score_value(ask("[1]"), text).verdict == "correct"


@pytest.mark.parametrize(
    "text",
    [
        "`'a-c'`",
        "`'-'`",
        "```\n['a', 'b']\n```",
        "`['a-b']`",
        "`join(['a', 'b'], sep='-')`",
        "`'x'` or `'a-b'`",
        "`a - b`",
        "`None`",
    ],
)
def test_another_value_is_wrong_or_none(text: str) -> None:
    """The first value counts: an answer that lists several is not right by the second."""
    assert score_value(ask("'a-b'"), text).verdict != "correct"


@pytest.mark.parametrize("text", ["", "   \n", "I cannot tell.", "The passages do not show it.", "`join`"])
def test_no_value_is_unanswered(text: str) -> None:
    """Nothing, a plain refusal, or only the function's name."""
    assert score_value(ask("'a-b'"), text).verdict == "unanswered"


@pytest.mark.parametrize(
    ("value", "said", "is_right"),
    [
        ("12", "`12`", True),
        ("12", "`12.0`", True),
        ("True", "`1`", False),
        ("[1, 2]", "`[1,2]`", True),
        ("(1, 2)", "`[1, 2]`", False),
        ("{'b': 1, 'a': 2}", "`{'a': 2, 'b': 1}`", True),
        ("{1, 2}", "`{2, 1}`", True),
        ("-3", "-3", True),
        ("3", "The answer is 3.", True),
        ("'12'", "`12`", True),
        ("12", "`'12'`", False),
    ],
)
def test_values_are_compared_not_their_spelling(value: str, said: str, is_right: bool) -> None:
    """Only a string's quotes may be missing."""
    assert (score_value(ask(value), said).verdict == "correct") is is_right


@pytest.mark.parametrize("text", ["`'-'`", "It is `['a', 'b']`.", "```\n['a', 'b']\n```", "'-'"])
def test_an_argument_alone_is_a_wrong_answer(text: str) -> None:
    """No case returns its argument, but a model may say so."""
    assert score_value(ask("'a-b'"), text).verdict == "wrong"


def test_endless_text_is_read_once() -> None:
    """An answer that repeats itself to its limit is judged by its beginning."""
    assert find_value(ask("1"), "`7`, and then " * 20_000) == "7"
