"""Several runs in one report: what may stand together, and which result counts."""

from __future__ import annotations

from pkgutil import iter_modules
from typing import Any

import pytest

import eval.report
from eval.errors import RunMismatch
from eval.report.reading import merge_runs
from eval.running.records import RunSetup

from .conftest import make_setup, make_start, make_task


def setup_of(model: str = "m", **fields: Any) -> RunSetup:
    """A set-up of one task."""
    task = make_task(cases=fields.pop("cases", "1"), scoring=fields.pop("scoring", {}))
    start = make_start(started_at=fields.pop("at", "2026-11-25T10:00:00"), quarry_commit=fields.pop("commit", "aaa"))
    plain = {"decisive": {"prompt": "1", "search": 3}, "starts": [start]}
    return make_setup(task, model=model, repos=["garden"], **(plain | fields))


def test_other_models_tasks_and_repositories_stand_side_by_side(make_result: Any) -> None:
    """Runs that share nothing may differ in everything."""
    runs = merge_runs(
        [
            ("one", setup_of("m"), [make_result(model="m")]),
            ("two", setup_of("n", context_tokens=400, content="beef"), [make_result(model="n")]),
        ]
    )
    assert [result.model for result in runs.results] == ["m", "n"]
    assert len(runs.setups) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"context_tokens": 400}, "context_tokens"),
        ({"seed": 1}, "seed"),
        ({"temperature": 0.8}, "temperature"),
        ({"content": "beef"}, "repository content"),
        ({"cases": "2"}, "task cases"),
        ({"model_identity": {"sha256": "x"}}, "model_identity"),
        ({"decisive": {"prompt": "2", "search": 3}}, r"decisive\.prompt \('1' and '2'\)"),
    ],
)
def test_arms_of_unequal_runs_are_not_laid_side_by_side(make_result: Any, changes: Any, words: str) -> None:
    """What one run asked under another set-up is no arm of the other."""
    runs = [("one", setup_of(), [make_result("none", model="m")])]
    runs.append(("two", setup_of(**changes), [make_result("retrieval", model="m")]))
    with pytest.raises(RunMismatch, match=f"one and two both hold .*{words}.*compare"):
        merge_runs(runs)


def test_verdicts_of_other_code_are_not_laid_side_by_side(make_result: Any) -> None:
    """The part that differs is named; a run from before it was recorded is taken as it is."""
    old, one, two = (setup_of(scoring=scoring) for scoring in ({}, {"code": "a", "python": "3.11"}, {"code": "b"}))
    results = [[make_result(arm, model="m")] for arm in ("none", "retrieval")]

    def merge(first: Any, second: Any) -> int:
        runs = zip(("one", "two"), (first, second), results, strict=True)
        return len(merge_runs(list(runs)).results)

    assert merge(old, one) == merge(old, two) == merge(one, one) == 2
    with pytest.raises(RunMismatch, match=r"task scoring\.code \('a' and 'b'\)"):
        merge(one, two)


def test_arms_of_equal_runs_are_put_together(make_result: Any) -> None:
    """The later folder counts, but an error there takes nothing away."""
    one = [make_result("none", "c1", model="m"), make_result("none", "c2", model="m", correct=True)]
    two = [make_result("none", "c1", model="m", correct=True), make_result("none", "c2", model="m", verdict="error")]
    runs = merge_runs([("one", setup_of(), one), ("two", setup_of(at="2026-11-26", commit="bbb"), two)])
    assert [result.score.verdict for result in runs.results] == ["correct", "correct"]
    assert runs.commit == "bbb"


def test_no_name_of_the_package_hides_one_of_its_modules() -> None:
    """Else an import of the module would give a function."""
    modules = {module.name for module in iter_modules(eval.report.__path__)}
    assert not modules & set(eval.report.__all__)
