"""HumanEval: answers as models give them, decided by the item's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eval.cases import Case, Score
from eval.errors import HarvestError, SandboxMissing
from eval.tasks.base import TaskInput
from eval.tasks.published.humaneval import TASK
from eval.tasks.published.programs import Candidate, choose

_HEAD = (
    "import math\n\n\ndef half(n: int) -> int:\n    return n // 2\n\n\n"
    'def count_lamps(n: int) -> int:\n    """Lamps on a street of n houses: one for two."""\n'
)
_ITEM = {
    "task_id": "Street/0",
    "prompt": _HEAD,
    "canonical_solution": "    return half(n)\n",
    "test": "def check(candidate):\n    assert candidate(8) == 4\n    assert candidate(9) == 4\n",
    "entry_point": "count_lamps",
}


def _item(name: str, **changes: Any) -> dict[str, Any]:
    return {**_ITEM, "task_id": name, **changes}


def test_answers_are_decided_by_running_them(write: Any, give: Any, scores: Any) -> None:
    """A whole function, a bare body, one that uses the helper of its item; wrong, crashing, ending early, none."""
    function = "```python\ndef count_lamps(houses):\n    {}\n```"
    verdicts = scores(
        TASK,
        give(write("HumanEval.jsonl", [_ITEM])),
        {
            "function": function.format("return houses // 2"),
            "body": "```python\n    return math.floor(n / 2)\n```",
            "helper": function.format("return half(houses)"),
            "main": function.format("return houses // 2\n\nif __name__ == '__main__':\n    raise ValueError"),
            "off by one": function.format("return houses // 2 + 1"),
            "crash": function.format("return houses.size"),
            "end": function.format("import sys\n    sys.exit(0)"),
            "prose": "That is hard to say.",
            "empty": "",
        },
    )
    assert verdicts == {
        **dict.fromkeys(("function", "body", "helper", "main"), "correct"),
        **dict.fromkeys(("off by one", "crash", "end"), "wrong"),
        **dict.fromkeys(("prose", "empty"), "unanswered"),
    }


def test_examples_behind_a_function_do_not_decide(write: Any, give: Any, scores: Any) -> None:
    """A wrong one does not make the function wrong, a right one does not help; what the function reads is kept."""
    answer = "```python\ndef count_lamps(houses):\n    return {}\n\nPER_LAMP = 2\n{}\n```"
    wrong_example = "assert count_lamps(8) == 5\nlamps = count_lamps('eight')\nprint(lamps)"
    verdicts = scores(
        TASK,
        give(write("HumanEval.jsonl", [_ITEM])),
        {
            "assertion": answer.format("houses // PER_LAMP", wrong_example),
            "loop": answer.format("houses // PER_LAMP", "for houses in (1, 2):\n    print(count_lamps(houses, 3))"),
            "wrong": answer.format("houses", "assert count_lamps(0) == 0"),
        },
    )
    assert verdicts == {"assertion": "correct", "loop": "correct", "wrong": "wrong"}


def test_a_time_out_is_tried_again(give: Any) -> None:
    """A busy machine may have caused it, so it is not kept; other reasons are."""
    asked: list[str] = []
    right, wrong, name = Score("correct", ""), Score("wrong", ""), Score("wrong", "NameError: lamp")
    replies = iter([Score("wrong", "timed out after 15 s", timed_out=True), name, right, wrong, right, wrong])

    def score(case: Case, text: str) -> Score:
        asked.append(case.id)
        return next(replies)

    cases = [Case(name, "humaneval", "function", name, "", "", (), "python") for name in "abc"]
    given, candidates = give(None), [Candidate(case, "right", "stub") for case in cases]
    kept = [len(choose(given, candidates, score, 3, "key")[0]) for _ in range(2)]
    assert kept == [1, 2] and asked[4:] == [asked[0]] * 2


def test_reasons_are_told(write: Any, give: Callable[..., TaskInput]) -> None:
    """The program's own error, and that it ended before its tests."""
    given = give(write("HumanEval.jsonl", [_ITEM]))
    harvest = TASK.harvest(given)
    scorer = TASK.scorer(given, harvest)
    function = "def count_lamps(n):\n    {}\n"
    assert "ZeroDivisionError" in scorer.score(harvest.cases[0], function.format("return n / 0")).explanation
    assert "before its tests" in scorer.score(harvest.cases[0], function.format("exit()")).explanation


def test_the_prompt_and_the_query_hold_no_solution_and_no_test(write: Any, give: Any) -> None:
    """What the model sees is the signature and the docstring."""
    case = TASK.harvest(give(write("HumanEval.jsonl", [_ITEM]))).cases[0]
    assert "one for two" in case.prompt and "def count_lamps" in case.query
    for text in (case.prompt, case.query):
        assert "candidate" not in text and "return half" not in text


def test_items_that_cannot_be_decided_are_left_out_and_counted(write: Any, give: Any) -> None:
    """A solution that fails here, and tests that a stub passes."""
    broken = _item("Street/1", canonical_solution="    import no_such_package\n    return half(n)\n")
    idle = _item("Street/2", test="def check(candidate):\n    pass\n")
    harvest = TASK.harvest(give(write("HumanEval.jsonl", [broken, idle, _ITEM])))
    assert [case.id for case in harvest.cases] == ["Street/0"]
    assert len(harvest.notes) == 2 and any("no_such_package" in note for note in harvest.notes)
    assert any("pass without a solution" in note for note in harvest.notes)


def test_a_set_of_which_nothing_can_be_decided_is_an_error(write: Any, give: Any) -> None:
    """It says why."""
    with pytest.raises(HarvestError, match="its tests pass without a solution"):
        TASK.harvest(give(write("HumanEval.jsonl", [_item("Street/2", test="def check(candidate):\n    pass\n")])))


def test_the_order_is_that_of_the_seed_and_the_limit_holds(write: Any, give: Any) -> None:
    """The same cases every time, and as many as are wanted."""
    path = write("HumanEval.jsonl", [_item(f"Street/{n}") for n in range(6)])
    first = [case.id for case in TASK.harvest(give(path, limit=3)).cases]
    assert len(first) == 3 and first == [case.id for case in TASK.harvest(give(path, limit=3)).cases]


def test_without_a_sandbox_nothing_is_run(write: Any, give: Any) -> None:
    """And the error is that of the missing sandbox."""
    from dataclasses import replace

    with pytest.raises(SandboxMissing):
        TASK.harvest(replace(give(write("HumanEval.jsonl", [_ITEM])), sandbox=None))
