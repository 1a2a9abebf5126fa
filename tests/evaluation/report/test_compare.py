"""Two runs on the same cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eval.errors import RunMismatch
from eval.report import to_json
from eval.report.compare import compare_runs, to_text
from eval.report.figures import NONE, RETRIEVAL
from eval.report.reading import Runs

from .conftest import make_setup, make_task


def runs_of(model: str, results: list[Any], *tasks: Any, **fields: Any) -> Runs:
    """A run of one model."""
    return Runs([make_setup(*tasks, model=model, **fields)], results)


def make_results(make_result: Any, model: str, n_none: int, n_retrieval: int, n: int = 24) -> list[Any]:
    """``n`` cases, of which the first so many are right under each arm."""
    return [
        make_result(arm, f"c{number}", model=model, correct=number < n_right)
        for number in range(n)
        for arm, n_right in ((NONE, n_none), (RETRIEVAL, n_retrieval))
    ]


def test_the_second_minus_the_first_case_by_case(make_result: Any) -> None:
    """Arm by arm over shared cases, and how much the gain of retrieval changed."""
    first, second = make_results(make_result, "m", 4, 10), make_results(make_result, "n", 6, 18, n=20)
    found = compare_runs(runs_of("m", first), runs_of("n", second), ("one", "two"))
    changes = {change.arm: change for change in found.changes}
    assert changes[NONE].gain.difference == pytest.approx(2 / 20)
    assert changes[RETRIEVAL].gain.difference == pytest.approx(8 / 20)
    assert (changes[NONE].n_only_first, changes[NONE].n_only_second) == (4, 0)
    (change,) = found.gain_changes
    assert (change.first, change.second, change.difference) == pytest.approx((0.3, 0.6, 0.3))
    assert change.interval is not None
    assert [row[0] for row in found.differs] == ["model"]


def test_the_text_and_the_json_say_the_same(make_result: Any) -> None:
    """Every share of the text stands in the JSON."""
    runs = [runs_of(model, make_results(make_result, model, 3, 9)) for model in ("m", "n")]
    found = compare_runs(*runs, ("one", "two"))
    assert "0.375 (9 of 24)" in to_text(found)
    assert json.loads(to_json(found))["changes"][1]["second"]["share"] == 0.375


def test_a_run_that_goes_on_is_an_interim_look(make_result: Any) -> None:
    """Said where one run has cases that the other lacks, and only there."""
    long, short = (make_results(make_result, model, 3, 9, n=n) for model, n in (("m", 24), ("n", 20)))
    assert "are interim" in to_text(compare_runs(runs_of("m", long), runs_of("n", short), ("one", "two")))
    whole = make_results(make_result, "n", 3, 9)
    assert "are interim" not in to_text(compare_runs(runs_of("m", long), runs_of("n", whole), ("one", "two")))


def test_two_versions_of_a_repository_differ_in_the_text(make_result: Any) -> None:
    """What is not equal is listed first, so that nobody takes it for the model's doing."""
    results = make_results(make_result, "m", 3, 9)
    found = compare_runs(
        runs_of("m", results, decisive={"prompt": 1}), runs_of("m", results, decisive={"prompt": 2}), ("one", "two")
    )
    assert found.differs == [("decisive.prompt", "1", "2")]


def test_other_scoring_is_among_what_differs(make_result: Any) -> None:
    """By the part, of tasks that both runs have; of a run from before it was recorded nothing is said."""

    def run(model: str, scoring: dict[str, str]) -> Runs:
        return runs_of(model, make_results(make_result, model, 3, 9), make_task(scoring=scoring))

    one, two, old = run("m", {"code": "a", "python": "3.11"}), run("n", {"code": "b", "python": "3.11"}), run("n", {})
    rows = compare_runs(one, two, ("one", "two")).differs
    assert ("completion on garden.scoring.code", "a", "b") in rows
    assert [row[0] for row in rows] == ["model", "completion on garden.scoring.code"]
    assert [row[0] for row in compare_runs(one, old, ("one", "two")).differs] == ["model"]


def test_other_cases_are_among_what_differs(make_result: Any) -> None:
    """A case has the id of its function, also where its prompt or what is hidden from it has changed."""
    one, two = (
        runs_of("m", make_results(make_result, "m", 3, 9), make_task(cases=cases, version=version))
        for cases, version in (("aa", 3), ("bb", 4))
    )
    assert compare_runs(one, two, ("one", "two")).differs == [
        ("completion on garden.version", "3", "4"),
        ("completion on garden.cases", "aa", "bb"),
    ]


def test_nothing_in_common_is_an_error(make_result: Any) -> None:
    """Nor are runs of several models compared: which with which would be a guess."""
    one, other = runs_of("m", [make_result(model="m")]), runs_of("m", [make_result(model="m", task="repair")])
    with pytest.raises(RunMismatch, match="no case and arm in common"):
        compare_runs(one, other, ("one", "two"))
    both = runs_of("m", [make_result(model="m"), make_result(model="n")])
    with pytest.raises(RunMismatch, match="one holds several models"):
        compare_runs(both, one, ("one", "two"))
