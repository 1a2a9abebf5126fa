"""The figures that a run prints."""

from __future__ import annotations

from typing import Any

import pytest

from eval.cases import Attempt, Result, Score, Verdict
from eval.running.records import RunSetup, Start, TaskSetup
from eval.running.table import summarise, to_text

SETUP = RunSetup(
    model="stand-in/model",
    model_identity={},
    seed=0,
    context_tokens=800,
    window_tokens=8192,
    max_tokens=None,
    limit=None,
    decisive={},
    tasks=[TaskSetup("garden", "sizes", 1, 12, 12, 16, "c", "i")],
    starts=[Start("", ["none", "retrieval"], ["sizes"], "", "", "", {}, {})],
)


def result(case: int, arm: str, verdict: Verdict, *, then: Verdict | None = None, **fields: Any) -> Result:
    """A result of a case in a file of its own, after a follow-up if ``then`` is given."""
    verdicts = [verdict] if then is None else [verdict, then]
    attempts = [Attempt([], "x", Score(each, ""), "stop", 20, 4, 1.5, 1.0, 0.0) for each in verdicts]
    given: dict[str, Any] = {"found_sources": arm == "retrieval", "passages": [], "context_tokens": 0}
    return Result(
        repo="garden",
        task="sizes",
        model="stand-in/model",
        arm=arm,
        case_id=f"q{case}",
        kind=fields.pop("kind", "size"),
        path=fields.pop("path", f"m{case}.py"),
        language="",
        score=Score(verdict, ""),
        attempts=[] if verdict == "error" else attempts,
        retrieval_ms=0.0,
        **{**given, **fields},
    )


def test_figures_are_paired_and_leave_errors_out() -> None:
    """Differences are over the cases that both arms answered; errors are counted apart and are no wrong answers."""
    results = [result(n, "none", "wrong") for n in range(12)]
    results += [result(n, "retrieval", "correct" if n < 9 else "unanswered") for n in range(11)]
    results += [result(11, "retrieval", "error")]
    [figures] = summarise(SETUP, results)
    none, retrieval = figures.arms
    assert (none.n, none.n_correct, none.found_share) == (12, 0, None)
    assert (retrieval.n, retrieval.n_correct, retrieval.n_unanswered, retrieval.n_errors) == (11, 9, 2, 1)
    assert retrieval.found_share == 1.0
    [difference] = figures.differences
    assert (difference.n_pairs, difference.n_gained, difference.n_lost) == (11, 9, 0)
    assert difference.difference == pytest.approx(9 / 11)
    assert difference.interval is not None
    text = to_text(SETUP, [figures])
    assert "retrieval minus none: +0.818 (95 % interval" in text
    assert "9 gained, 0 lost" in text
    assert "11 of them answered under every arm so far" in text


def test_a_follow_up_counts_apart() -> None:
    """pass@1 is that of the first attempt; what a follow-up brings has a column of its own."""
    results = [result(1, "none", "wrong", then="correct"), result(2, "none", "wrong", then="wrong")]
    [figures] = summarise(SETUP, results)
    assert (figures.arms[0].n_correct, figures.arms[0].n_correct_followed) == (0, 1)
    assert figures.arms[0].median_seconds == 3.0
    assert "correct after follow-up" in to_text(SETUP, [figures])


def test_nothing_answered_is_said() -> None:
    """A run that was stopped at once has no figures, and no division by nothing."""
    [figures] = summarise(SETUP, [])
    assert figures.arms == []
    assert "0 of them answered" in to_text(SETUP, [figures])


def test_refusing_what_has_no_answer_is_no_part_of_the_accuracy() -> None:
    """A model that declines everything is right on unanswerable questions alone, which are a table of their own."""
    results = [result(n, "none", "unanswered") for n in range(8)]
    results += [result(n, "none", "correct", kind="unanswerable") for n in range(8, 12)]
    answerable, others = summarise(SETUP, results)
    assert (answerable.n_cases, answerable.arms[0].n, answerable.arms[0].n_correct) == (8, 8, 0)
    assert (others.task, others.n_cases, others.arms[0].n_correct) == ("sizes (unanswerable)", 4, 4)


def test_cases_of_no_file_stand_for_themselves() -> None:
    """Those of a built-in task are not all of one file, so that there is an interval."""
    results = [
        result(n, arm, "correct" if arm == "retrieval" else "wrong", path="")
        for n in range(12)
        for arm in ("none", "retrieval")
    ]
    [figures] = summarise(SETUP, results)
    assert figures.differences[0].interval is not None
