"""Recorded calls where runs end badly. Runs are stood in for: they write what a plugin would have written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.tasks.excerpts import find_function
from eval.tasks.python_source import parse_python
from eval.tasks.reasoning.recording import Call, Target, record_calls, replay_calls
from eval.tasks.repository.functions import find_functions_in
from eval.tasks.repository.records import TestRecord as Record  # pytest takes Test* for tests
from eval.tasks.repository.records import TestReport as Report

SOURCE = "def f(a, b=1, *rest, c=None, d=LIMIT):\n    return a\n"


def a_call(value: str) -> dict[str, Any]:
    """A line of the recorder."""
    return {
        "path": "m.py",
        "name": "f",
        "module": "m",
        "test": "t1",
        "positional": [["a", value], ["b", "1"]],
        "star": [],
        "keyword": [["c", "None"], ["d", "7"]],
        "value": "'x'",
        "changes_arguments": False,
    }


class Runner:
    """Each run ends as the next of ``reports`` says, and leaves its lines in the file."""

    def __init__(self, name: str, runs: list[tuple[Report, list[dict[str, Any]]]]) -> None:
        self.name, self.runs = name, runs
        self.asked: list[list[str]] = []

    def run(self, tests: Sequence[Record], plugins: Sequence[Path] = (), kept: Path | None = None) -> Report:
        self.asked.append([test.id for test in tests])
        report, lines = self.runs.pop(0)
        assert kept is not None
        kept.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (kept / self.name).write_text(text + '{"torn', encoding="utf-8")
        return report


def target() -> dict[str, Target]:
    """The one function."""
    tree = parse_python(SOURCE)
    found = find_function(tree, 1) if tree is not None else None
    assert found is not None
    (function,) = find_functions_in("m.py", SOURCE)
    return {function.key: Target(function, "function", found)}


def ended(*passed: str, problem: str = "", hung: str = "") -> Report:
    """How a run ended."""
    return Report([Record(name, "test_m.py", "passed", 0.1) for name in passed], problem, hung, 1.0, "")


TESTS = [Record(name, "test_m.py", "passed", 0.1) for name in ("t1", "t2", "t3")]


def test_a_test_that_hangs_costs_its_own_calls_alone(tmp_path: Path) -> None:
    """The tests behind it are run once more, and the user is told."""
    runner = Runner(
        "calls.jsonl",
        [(ended("t1", problem="timed out after 9 s", hung="t2"), [a_call("1")]), (ended("t3"), [a_call("2")])],
    )
    calls, problem = record_calls(runner, target(), TESTS, tmp_path)
    assert runner.asked == [["t1", "t2", "t3"], ["t3"]]
    assert [call.expression for call in calls] == ["f(1, d=7)", "f(2, d=7)"]
    assert problem == "timed out after 9 s"


def test_a_run_in_which_nothing_ends_is_not_repeated(tmp_path: Path) -> None:
    """It would end in the same way."""
    runner = Runner("calls.jsonl", [(ended(problem="no tests were found"), [])])
    assert record_calls(runner, target(), TESTS, tmp_path) == ([], "no tests were found")


def test_what_is_given_beyond_the_names_stands_by_position(tmp_path: Path) -> None:
    """Then no parameter before it may be left out or named."""
    line = a_call("1") | {"star": ["8", "9"]}
    runner = Runner("calls.jsonl", [(ended("t1", "t2", "t3"), [line])])
    calls, _ = record_calls(runner, target(), TESTS, tmp_path)
    assert calls[0].expression == "f(1, 1, 8, 9, d=7)"
    assert calls[0].arguments == ["1", "1", "8", "9", "7"]


def test_a_call_that_changes_its_arguments_is_left_out(tmp_path: Path) -> None:
    """What it returns is not all that it does."""
    runner = Runner("calls.jsonl", [(ended("t1", "t2", "t3"), [a_call("1") | {"changes_arguments": True}])])
    assert record_calls(runner, target(), TESTS, tmp_path)[0] == []


def test_only_calls_that_repeat_stay(tmp_path: Path) -> None:
    """Another value, an error, a process that ended: each with its reason; the calls behind are made anew."""
    calls = [Call("m.py", "f", "m", f"f({n})", [str(n)], "{1, 2}", "t1") for n in range(5)]
    lines = [
        {"id": calls[0].id, "values": ["{2, 1}", "{1, 2}"], "problem": ""},
        {"id": calls[1].id, "values": ["{1, 2}", "{3}"], "problem": ""},
        {"id": calls[2].id, "values": [], "problem": "KeyError: 2"},
    ]
    last = {"id": calls[4].id, "values": ["{1, 2}", "{1, 2}"], "problem": ""}
    runner = Runner("replayed.jsonl", [(ended("t1", problem="killed"), lines), (ended("t1"), [last])])
    problems = replay_calls(runner, calls, TESTS[:1], tmp_path)
    assert set(problems) == {call.id for call in calls[1:4]}
    assert problems[calls[1].id] == "another value when called again"
    assert problems[calls[2].id] == "KeyError: 2"
    assert "process ended" in problems[calls[3].id]
