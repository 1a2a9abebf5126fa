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
        ("'12'", "`'12'`", True),
        ("'12'", "`12`", False),
        ("'None'", "```\nNone\n```", False),
        ("'[1]'", "[1]", False),
        ("12", "`'12'`", False),
    ],
)
def test_values_are_compared_not_their_spelling(value: str, said: str, is_right: bool) -> None:
    """Only a string's quotes may be missing, and only where no other type's literal stands."""
    assert (score_value(ask(value), said).verdict == "correct") is is_right


TABLE = "[2]:\n  - [3]: 1,2,3"


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{TABLE}\n```",
        f"```text\n{TABLE}\n```",
        f"```\n{TABLE!r}\n```",
        f"```\n'{TABLE}'\n```",
        f"`{TABLE}`",
        f"`{TABLE!r}`",
        "`[2]:\\n  - [3]: 1,2,3`",
        "[2]:\\n  - [3]: 1,2,3",
        "```\n[2]:\\n  - [3]: 1,2,3\n```",
        TABLE,
        f"The output is:\n{TABLE}",
        f"The output is:\n```\n{TABLE}\n```",
        f"```python\n>>> join(['a', 'b'], sep='-')\n{TABLE!r}\n```",
        f"```python\n>>> print(join(['a', 'b'], sep='-'))\n{TABLE}\n```",
        f"```python\nresult = {TABLE!r}\n```",
        "```python\nprint(join(['a', 'b'], sep='-'))\n# Output:\n# [2]:\n#   - [3]: 1,2,3\n```",
        f'```python\n"""{TABLE}"""\n```',
    ],
)
def test_a_string_of_several_lines_is_found(text: str) -> None:
    """Fenced or in backticks, quoted or not, with its escapes read or as they are written."""
    assert score_value(ask(repr(TABLE)), text).verdict == "correct"


@pytest.mark.parametrize(
    "text",
    [
        "```\n[1, 2, 3]\n```",
        "```\n[\n    1,\n    2,\n    3,\n]\n```",
        "[\n    1,\n    2,\n    3,\n]",
        "`[1,\n 2, 3]`",
        "```python\nresult = [1, 2, 3]\n```",
        "`result = [1, 2, 3]`",
        "```python\nresult: list[int] = [\n    1, 2, 3\n]\n```",
        "```python\n[1, 2, 3]  # the first ones\n```",
        "```python\n# Output\n[1, 2, 3]\n```",
        "```\n[1, 2, 3]\n\nBecause the words are counted.\n```",
        "```python\nprint([1, 2, 3])\n```",
        "```python\nprint(join(['a', 'b'], sep='-'))  # Output: [1, 2, 3]\n```",
        "```python\nwords = join(['a', 'b'], sep='-')\nprint(words)  # [1, 2, 3]\n```",
        "```python\nwords = join(['a', 'b'], sep='-')\nprint(words)\n# [1, 2, 3]\n```",
        "```python\nassert join(['a', 'b'], sep='-') == [1, 2, 3]\n```",
        "```python\n>>> join(['a', 'b'], sep='-')\n[1, 2, 3]\n```",
        "```python\n>>> from m import join\n>>> join(['a', 'b'], sep='-')\n[1, 2, 3]\n>>> join([])\n[]\n```",
        "return [1, 2, 3]",
        "`return [1, 2, 3]`",
        "```python\nreturn [1, 2, 3]\n```",
        "The function returns [1, 2, 3].",
        "The function `join` returns [1, 2, 3].",
        "The function returns the list [1, 2, 3].",
        "The function returns [1, 2, 3].\n\nIt calls `split`.",
        "```[1, 2, 3]\n```",
        "```\n[1, 2, 3]\n```\n\nThis is since `split` counts from `1`.",
        "```python\ndef join(words, sep):\n    return split(words)\n```\n\nIt returns `[1, 2, 3]`.",
        "**[1, 2, 3]**",
    ],
)
def test_a_list_is_found_however_it_is_said(text: str) -> None:
    """Over several lines, behind a name, within ``return`` and ``print``, before and in comments, before words."""
    assert score_value(ask("[1, 2, 3]"), text).verdict == "correct"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'[2]:'", f"```\n{TABLE}\n```"),
        ("'a-b'", "```\na-b\nc-d\n```"),
        ("'a-b'", "```\nc-d\na-b\n```"),
        ("'b'", "`a=b`"),
        ("'b'", "`print(b)`"),
        ("[1, 2, 3]", "```\n[1, 2]\n[1, 2, 3]\n```"),
        ("[1, 2, 3]", "```\n[1, 2]\n```\n\nor\n\n```\n[1, 2, 3]\n```"),
        ("[1, 2, 3]", "The function returns [1, 2].\n\n`[1, 2, 3]` would be with one more."),
        ("[1, 2, 3]", "`[[1, 2, 3]]`"),
        ("3", "It is `[1, 2, 3]`"),
        ("'Ying Shi '", "`Ying Shi`"),
        ("'a\\tb'", "`a b`"),
    ],
)
def test_holding_the_value_is_not_stating_it(value: str, text: str) -> None:
    """A part of what is stated first, or all of what is stated second, is another value."""
    assert score_value(ask(value), text).verdict == "wrong"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'Ying Shi '", "`Ying Shi `"),
        ("'Ying Shi '", "```\nYing Shi \n```"),
        ("'  x'", "```\n  x\n```"),
        ("'import os'", "```python\nimport os\n```"),
        ("'a=b'", "`a=b`"),
        ("'Output: b'", "`Output: b`"),
        ("'a\\\\nb'", "`a\\nb`"),
        ("'it\\'s'", '`"it\'s"`'),
    ],
)
def test_a_string_without_quotes_is_taken_as_it_stands(value: str, text: str) -> None:
    """Spaces at its ends, code and what looks like an assignment are its own."""
    assert score_value(ask(value), text).verdict == "correct"


@pytest.mark.parametrize("text", ["`'-'`", "It is `['a', 'b']`.", "```\n['a', 'b']\n```", "'-'"])
def test_an_argument_alone_is_a_wrong_answer(text: str) -> None:
    """No case returns its argument, but a model may say so."""
    assert score_value(ask("'a-b'"), text).verdict == "wrong"


def test_endless_text_is_read_once() -> None:
    """An answer that repeats itself to its limit is judged by its beginning."""
    assert find_value(ask("1"), "`7`, and then " * 20_000) == "7"
