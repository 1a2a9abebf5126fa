"""Which calls become cases, and in which order."""

from __future__ import annotations

from collections import Counter

import pytest

from eval.tasks.excerpts import find_function
from eval.tasks.python_source import parse_python
from eval.tasks.reasoning.choosing import (
    ALONE,
    WITH_HELPERS,
    Candidate,
    answer_group,
    is_near_copy,
    kind_of_target,
    order_candidates,
    reason_against,
)
from eval.tasks.reasoning.recorder import spell
from eval.tasks.reasoning.recording import Call
from eval.tasks.repository.functions import find_functions_in

SOURCE = "".join(f"def f{n}(a):\n    return a * {n}\n\n\n" for n in range(8))


def call(expression: str = "f0('spring')", value: str = "'autumn'", *arguments: str) -> Call:
    """A recorded call."""
    return Call("m.py", "f0", "m", expression, arguments or ("'spring'",), value, "test_m.py::test")


def candidates(values: list[str], *, n_functions: int = 8, uses_others: bool = False) -> list[Candidate]:
    """One call a value, of the functions in turns, each in a file of its own."""
    tree = parse_python(SOURCE)
    assert tree is not None
    made = []
    for number, value in enumerate(values):
        function = find_functions_in(f"m{number % n_functions}.py", SOURCE)[number % n_functions]
        found = find_function(tree, function.def_line)
        assert found is not None
        made.append(Candidate(function, found, call(f"f({number})", value), uses_others))
    return made


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("def f(a):\n    return a", "function"),
        ("def f(a):\n    yield a", None),
        ("async def f(a):\n    return a", None),
        ("def f(a):\n    return open(a).read()", None),
        ("def f(a):\n    return datetime.now() - a", None),
        ("def f(a):\n    global n\n    n = a\n    return n", None),
        ("class A:\n    def f(self):\n        return 1", None),
        ("class A:\n    @staticmethod\n    def f(a):\n        return a", "staticmethod"),
        ("class A:\n    @classmethod\n    def f(cls):\n        return 1", "classmethod"),
    ],
)
def test_only_functions_of_their_arguments_are_recorded(body: str, kind: str | None) -> None:
    """No generator, no object's method, nothing that reads a clock, a file or chance."""
    tree = parse_python(body)
    assert tree is not None
    line = next(number for number, text in enumerate(body.splitlines(), 1) if "def f" in text)
    found = find_function(tree, line)
    assert found is not None
    assert kind_of_target(found) == kind


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (call(), ""),
        (call("f0('spring')", "'spring'"), "returns its argument"),
        (Call("m.py", "f0", "m", "f0()", (), "1", ""), "has no arguments"),
        (call("f0('spring')", repr("x" * 200)), "long values"),
        (call("f0('spring')", "'`x`'"), "backticks in values"),
    ],
)
def test_a_call_that_cannot_be_asked_about_has_a_reason(recorded: Call, reason: str) -> None:
    """Which is told to the user."""
    assert reason_against(recorded) == reason


@pytest.mark.parametrize(
    ("text", "is_near"),
    [
        ('>>> f0("spring")\n"autumn"', True),
        ("f0('spring') gives AUTUMN", True),
        ("f0('Spring') gives Autumn", True),
        ("spring" + " " * 500 + "autumn", False),
        ("spring and autumnal", False),
        ("nothing of it", False),
    ],
)
def test_a_value_beside_its_arguments_is_a_near_copy(text: str, is_near: bool) -> None:
    """Whatever the quotes; not where they are far apart, nor within another word."""
    assert is_near_copy(call(), [text.lower()]) is is_near


@pytest.mark.parametrize("n_values", [1, 2, 5, 30])
def test_no_answer_exceeds_its_share(n_values: int) -> None:
    """In any head one value is at most a quarter, rounded up, and so are the trivial ones together."""
    values = ["True", "False", "0", "''"] * 20 + [str(100 + n % n_values) for n in range(60)]
    groups = [answer_group(c.call.value) for c in order_candidates(candidates(values), 0)]
    for n in range(1, len(groups) + 1):
        assert max(Counter(groups[:n]).values()) <= -(-n // 4)


def test_kinds_and_files_take_turns() -> None:
    """Half of a head uses helpers, and every function comes once before one comes twice."""
    given = candidates([str(n) for n in range(40, 60)]) + candidates([str(n) for n in range(60, 80)], uses_others=True)
    ordered = order_candidates(given, 0)
    assert [c.kind for c in ordered[:4]] == [WITH_HELPERS, ALONE] * 2
    assert len({c.function.key for c in ordered[:16] if c.kind == ALONE}) == 8


def test_the_order_is_the_seeds() -> None:
    """The same seed, the same order, however the calls came in."""
    given = candidates([str(n) for n in range(40, 60)])
    assert order_candidates(given, 3) == order_candidates(list(reversed(given)), 3)
    assert order_candidates(given, 3) != order_candidates(given, 4)


def test_what_goes_leaves_the_others_where_they_are() -> None:
    """Without one function the order of the other functions' cases is as it was."""
    given = candidates([str(n) for n in range(40, 60)])
    gone = given[0].function.key
    without = order_candidates([each for each in given if each.function.key != gone], 3)
    assert without == [each for each in order_candidates(given, 3) if each.function.key != gone]


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (("a", [1, 2.5, None]), "('a', [1, 2.5, None])"),
        ({"k": {1, 2}}, "{'k': {1, 2}}"),
        (float("nan"), None),
        (object(), None),
        ([object()], None),
        (list(range(1000)), None),
        ("x" * 1000, None),
        (type("Odd", (int,), {})(3), None),
    ],
)
def test_only_literals_of_modest_size_are_recorded(value: object, spelled: str | None) -> None:
    """Not what has another spelling, such as a subclass, nor a number that is none."""
    assert spell(value) == spelled


def test_a_value_that_holds_itself_is_not_recorded() -> None:
    """However deep one looks."""
    endless: list[object] = []
    endless.append(endless)
    assert spell(endless) is None
