"""Refusals, confidences, citations, names, reasons."""

from __future__ import annotations

from typing import Any

import pytest

from eval.report.figures import NONE, RETRIEVAL


def test_citations_are_judged_by_what_they_hold(make_result: Any, report_of: Any) -> None:
    """Precision over citations, recall over the answers whose passages showed the right lines."""
    held = {"on_answer": True, "holds_answer": True}
    beside = {"on_answer": False, "holds_answer": False}
    results = [
        make_result(RETRIEVAL, "q1", found_sources=True, extra={"citations": [held, beside], "n_citations_removed": 2}),
        make_result(RETRIEVAL, "q2", found_sources=True, extra={"citations": []}),
        make_result(RETRIEVAL, "q3", found_sources=False, extra={"citations": [beside]}, unknown_names=["a", "b"]),
    ]
    (grounding,) = report_of(*results).groups[0].grounding
    assert (grounding.precision.n_hits, grounding.precision.n) == (1, 3)
    assert (grounding.recall.n_hits, grounding.recall.n) == (1, 2)
    assert (grounding.n_removed, grounding.invented.n_hits, grounding.n_invented_names) == (2, 1, 2)


def test_citations_that_nobody_judged_are_counted_only(make_result: Any, report_of: Any) -> None:
    """A task without known answers has citations, and no precision or recall."""
    result = make_result(RETRIEVAL, "c1", found_sources=True, extra={"citations": [{"path": "a.py"}]})
    (grounding,) = report_of(result).groups[0].grounding
    assert (grounding.n_citations, grounding.precision.n, grounding.recall.n) == (1, 0, 0)


def test_a_confidence_is_held_against_what_was_retrieved(make_result: Any, report_of: Any) -> None:
    """An unanswerable question's passages never hold the answer; right is to refuse it."""
    results = [
        make_result(RETRIEVAL, f"q{n}", kind="constant", confidence=0.9, found_sources=True, correct=True)
        for n in range(6)
    ]
    results += [make_result(RETRIEVAL, f"u{n}", kind="unanswerable", confidence=0.1, correct=n < 2) for n in range(4)]
    (calibration,) = report_of(*results).groups[0].calibration
    assert (calibration.n, calibration.n_with_sources, calibration.auroc) == (10, 10, 1.0)
    assert calibration.ece == pytest.approx(0.1)
    assert calibration.risk[-1].risk == pytest.approx(0.2)
    assert calibration.aurc_random == pytest.approx(0.2)
    assert calibration.aurc_best <= calibration.aurc <= calibration.aurc_random


def test_few_confidences_make_no_curve(make_result: Any, report_of: Any) -> None:
    """Nor does an arm without any."""
    few = [make_result(RETRIEVAL, f"q{n}", confidence=0.5, found_sources=True) for n in range(9)]
    none = [make_result(NONE, f"q{n}") for n in range(20)]
    assert report_of(*few, *none).groups[0].calibration == []


def test_expected_values_are_no_reasons(make_result: Any, report_of: Any) -> None:
    """A wrong answer to a question has no other explanation; that one was left open has."""
    results = [make_result(NONE, f"q{n}", task="questions", explanation="expected beds") for n in range(3)]
    results.append(make_result(NONE, "q9", task="questions", verdict="unanswered", explanation="no answer"))
    reasons = report_of(*results).groups[0].reasons
    assert [(each.verdict, each.reason) for each in reasons] == [("unanswered", "no answer")]


def test_the_most_frequent_reasons_come_first(make_result: Any, report_of: Any) -> None:
    """Errors and wrong answers apart, equal reasons together."""
    results = [make_result(NONE, f"c{n}", explanation=f"{n} of 9 tests fail") for n in range(3)]
    results += [make_result(NONE, "c8", explanation="timed out after 20 s"), make_result(NONE, "c9", verdict="error")]
    reasons = report_of(*results).groups[0].reasons
    assert [(each.verdict, each.reason, each.n) for each in reasons][1:] == [
        ("wrong", "N of N tests fail", 3),
        ("wrong", "timed out after N s", 1),
    ]
    assert reasons[0].verdict == "error"
