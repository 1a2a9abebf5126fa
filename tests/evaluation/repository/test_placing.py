"""Code of an answer in its place, and bodies taken out."""

from __future__ import annotations

import ast

import pytest

from eval.tasks.repository.functions import find_functions_in
from eval.tasks.repository.placing import BlankAnswerError, MisfitError, cut_body, cut_functions, place_answer
from eval.tasks.repository.records import Function

TEXT = '''import os


class Tree:
    """A tree."""

    @staticmethod
    def grow(
        height: int,  # in metres: a comment
    ) -> int:
        """Grow it.

        By one.
        """
        # how it is done
        taller = height + 1
        return taller


async def cut(tree):
    return tree
'''


def function(name: str, text: str = TEXT) -> Function:
    """The function of that name."""
    return next(each for each in find_functions_in("tree.py", text) if each.name == name)


def call_grow(text: str) -> object:
    """What the file's ``Tree.grow(4)`` returns."""
    names: dict[str, object] = {}
    exec(compile(text, "tree.py", "exec"), names)
    return names["Tree"].grow(4)  # type: ignore[attr-defined]


def test_a_cut_function_keeps_its_signature_and_docstring_and_nothing_of_its_body() -> None:
    """Comments of the body go with it."""
    cut = cut_body(TEXT, function("Tree.grow"))
    assert "how it is done" not in cut and "taller" not in cut
    assert "a comment" in cut and "By one." in cut and "@staticmethod" in cut
    assert cut.count("...") == 1 and ast.parse(cut)


@pytest.mark.parametrize(
    "code",
    [
        "def grow(height: int) -> int:\n    return height * 2\n",
        '@staticmethod\ndef grow(height):\n    """Other words."""\n    return height * 2\n',
        "class Tree:\n    @staticmethod\n    def grow(height):\n        return height * 2\n",
        "return height * 2",
        "        doubled = height * 2\n        return doubled\n",
        "def grow(height): return height * 2",
        "def grow(\n    height: int,\n) -> int: return height * 2",
        "\tdef grow(height):\n\t\treturn height * 2\n",
        "import math\n\ndef double(x):\n    return math.prod((x, 2))\n\ndef grow(height):\n    return double(height)\n",
        "def grow(height):\n    return height * 2\n\nprint(grow(undefined))\n",
    ],
    ids=[
        "alone",
        "decorated",
        "in its class",
        "bare",
        "bare and indented",
        "one line",
        "on the last line of the signature",
        "tabs",
        "helper",
        "example",
    ],
)
def test_every_form_of_an_answer_finds_its_place(code: str) -> None:
    """Alone, in its class, as a bare body, with a helper: the method doubles, and is still static."""
    placed = place_answer(TEXT, function("Tree.grow"), code)
    assert call_grow(placed) == 8
    assert "By one." in placed and "Other words" not in placed


@pytest.mark.parametrize("first", ["@overload\ndef grow(height: int) -> int: ...", "def grow(height):\n    return 0"])
def test_the_last_definition_of_a_name_counts(first: str) -> None:
    """As in Python: before it stands an overload, or the function as it was."""
    assert call_grow(place_answer(TEXT, function("Tree.grow"), f"{first}\n\ndef grow(height):\n    return 8\n")) == 8


def test_lines_of_a_string_are_not_moved() -> None:
    """A text over several lines is the same after it was indented deeper."""
    code = 'def grow(height):\n    text = """a\n  b\n"""\n    return text\n'
    assert call_grow(place_answer(TEXT, function("Tree.grow"), code)) == "a\n  b\n"


def test_the_signature_stays_the_original_s() -> None:
    """An answer that renames a parameter does not change what callers see."""
    placed = place_answer(TEXT, function("cut"), "def cut(plant, saw=None):\n    return saw\n")
    assert "async def cut(tree):" in placed


def test_a_name_that_the_file_has_is_not_defined_again() -> None:
    """A model that repeats the class's or a helper's code does not replace it."""
    placed = place_answer(TEXT, function("cut"), "class Tree:\n    pass\n\nasync def cut(tree):\n    return 1\n")
    assert placed.count("class Tree") == 1


def test_only_what_the_function_needs_comes_with_it() -> None:
    """An import that would fail and is not used costs nothing; a helper brings what it uses itself."""
    code = (
        "from __future__ import annotations\nfrom typing import _nothing_there, cast\nimport math\nLIMIT = 3\n\n"
        "def double(x):\n    return math.prod((x, LIMIT - 1))\n\n"
        "def grow(height):\n    return cast(int, double(height))\n"
    )
    placed = place_answer(TEXT, function("Tree.grow"), code)
    assert call_grow(placed) == 8
    assert "_nothing_there" not in placed and "__future__" not in placed and "from typing import cast" in placed


CALLED = """\
from datetime import datetime


def slug(text):
    return text


TABLE = {text: slug(text) for text in ("A b",)}
TODAY = datetime(2026, 1, 2)
"""


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ('import re\n\ndef slug(text):\n    return re.sub(" ", "-", text)\n', "A-b"),
        ("import xml.dom\nimport xml.sax\n\ndef slug(text):\n    return xml.dom and xml.sax.__name__\n", "xml.sax"),
        ("import datetime\n\ndef slug(text):\n    return datetime.datetime(2026, 1, 2).year\n", 2026),
        ("from datetime import datetime\n\ndef slug(text):\n    return datetime(2026, 1, 2).year\n", 2026),
        ("import text\n\ndef slug(text):\n    return text.lower()\n", "a b"),
        ("from nowhere import TODAY, lower\n\ndef slug(text):\n    return text.lower()\n", "a b"),
    ],
)  # fmt: skip
def test_imports_that_a_function_brings_are_there_when_it_is_called(code: str, value: object) -> None:
    """Also while its module is imported, and beside another import of that name; a parameter stays what it is."""
    names: dict[str, object] = {}
    exec(compile(place_answer(CALLED, function("slug", CALLED), code), "slugs.py", "exec"), names)
    assert names["TABLE"] == {"A b": value}


def test_a_name_that_is_declared_global_is_imported_beside_the_function() -> None:
    """Within it that would be no Python."""
    code = "import re\n\ndef cut(tree):\n    global re\n    return re.sub\n"
    placed = place_answer(TEXT, function("cut"), code)
    assert placed.endswith("\nimport re\n") and compile(placed, "tree.py", "exec")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def shrink(height):\n    return 1\n", "defines `shrink`"),
        ("def grow(height:\n    return 1\n", "does not parse"),
        ("import os\n", "does not define `grow`"),
    ],
)
def test_code_that_holds_no_such_function_is_refused_with_the_reason(code: str, why: str) -> None:
    """Another name, no Python, only imports."""
    with pytest.raises(MisfitError, match=why):
        place_answer(TEXT, function("Tree.grow"), code)


@pytest.mark.parametrize("body", ["...", "pass", '"""Grow it."""', '"""Grow it."""\n    ...', "# TODO\n    pass"])
def test_a_head_with_nothing_below_it_is_a_blank_answer(body: str) -> None:
    """The model declined, in code."""
    with pytest.raises(BlankAnswerError) as caught:
        place_answer(TEXT, function("Tree.grow"), f"def grow(height: int) -> int:\n    {body}\n")
    assert caught.value.verdict == "unanswered"


def test_functions_are_taken_out_whole_and_what_is_left_is_python() -> None:
    """Docstrings go too; a class that has nothing else keeps a mark."""
    text = TEXT.replace('    """A tree."""\n\n', "")
    cut = cut_functions(text, [function("Tree.grow", text), function("cut", text)])
    assert "grow" not in cut and "Grow" not in cut and "cut" not in cut
    assert "class Tree" in cut and ast.parse(cut)
