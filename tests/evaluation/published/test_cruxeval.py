"""CRUXEval: predictions of outputs and inputs, in the forms that models give them."""

from __future__ import annotations

from typing import Any

import pytest

from eval.tasks.published.cruxeval import TASK

_ITEM = {"id": "sample_0", "code": "def f(a, b):\n    return [a] * b", "input": "'x', 2", "output": "['x', 'x']"}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("assert f('x', 2) == ['x', 'x']", "correct"),
        ("```python\nassert f('x', 2) == [\"x\", 'x']\n```", "correct"),
        ("['x', 'x']", "correct"),
        ("The list is doubled.\n\n`assert f('x', 2) == ['x', 'x']`", "correct"),
        ("```python\ndef f(a, b):\n    return [a] * b\n\nassert f('x', 2) == ['x', 'x']\n```", "correct"),
        ("So we get **assert f('x', 2) == ['x', 'x']**.\n\nassert f('x', 2) == ['x', 'x'].", "correct"),
        ("assert ['x', 'x'] == f('x', 2)", "correct"),
        ("```python\n['x', 'x']\n```\nThe list is doubled.", "correct"),
        ("It is:\n```\n['x', 'x']\n```\n\nSince `b` is 2, the list is doubled.", "correct"),
        ("```python\n['x']\n```\nThe list is doubled.", "wrong"),
        ("assert f('x', 2) == ['x']", "wrong"),
        ("assert f('x', 2) == f('x', 2)", "wrong"),
        ("assert f('x', 2) == undefined", "wrong"),
        ("I cannot tell what it would return.", "unanswered"),
        ("", "unanswered"),
    ],
)
def test_a_predicted_output_is_compared_by_running(write: Any, give: Any, answer: str, verdict: str) -> None:
    """Equality decides, however the answer is dressed; calling the function again is no prediction."""
    given = give(write("cruxeval.jsonl", [_ITEM]))
    harvest = TASK.harvest(given)
    assert TASK.scorer(given, harvest).score(harvest.cases[0], answer).verdict == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("assert f('x', 2) == ['x', 'x']", "correct"),
        ("f('x', 2)", "correct"),
        ("```python\nassert f(*('x', 2)) == ['x', 'x']\n```", "correct"),
        ("assert ['x', 'x'] == f('x', 2)", "correct"),
        ("```python\nf('x', 2)\n```\nBecause the list is doubled.", "correct"),
        ("assert f('x', 3) == ['x', 'x']", "wrong"),
        ("assert ['x', 'x'] == ['x', 'x']", "wrong"),
        ("f('x', f('x', 1)[0]) or f('x', 2)", "wrong"),
    ],
)
def test_a_predicted_input_is_tried(write: Any, give: Any, answer: str, verdict: str) -> None:
    """Any arguments that give the output are right; anything but one call of the function is not."""
    given = give(write("cruxeval.jsonl", [_ITEM]))
    harvest = TASK.harvest(given)
    assert TASK.scorer(given, harvest).score(harvest.cases[1], answer).verdict == verdict


def test_each_function_is_asked_twice_without_its_answer(write: Any, give: Any) -> None:
    """Both cases belong to one item, so that they are not taken for independent."""
    output, given = TASK.harvest(give(write("cruxeval.jsonl", [_ITEM]))).cases
    assert (output.kind, given.kind) == ("output", "input") and output.path == given.path == "sample_0"
    assert "['x', 'x']" not in output.prompt and "'x', 2" not in given.prompt
