"""What a run says while it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eval.cases import Attempt, Result, Score
from eval.running import progress
from eval.running.progress import ProgressCounter, show_progress


def make_result(arm: str, verdict: Any, kind: str = "default") -> Result:
    """The result of a case of which nothing was asked."""
    return Result("garden", "questions", "m", arm, "q1", kind, "beds.py", "", Score(verdict, ""), [], [], None, 0, 0.0)


def test_the_tally_is_of_what_the_report_counts() -> None:
    """An error says nothing of the model, and a question without an answer is counted apart; no answer is not right."""
    counter = ProgressCounter("questions on garden", 4, ["none", "retrieval"])
    counter.add(make_result("none", "unanswered"), 1.0)
    counter.add(make_result("none", "error"), 1.0)
    counter.add(make_result("retrieval", "correct"), 1.0)
    counter.add(make_result("retrieval", "wrong"), 1.0)
    seen = counter.add(make_result("retrieval", "correct", "unanswerable"), 1.0)
    assert seen.tally == {"none": (0, 1), "retrieval": (1, 2)}
    assert seen.n_done == 5


def test_what_the_model_took_is_said_at_the_end() -> None:
    """Of new answers alone: kept ones took their time when they were asked."""
    counter = ProgressCounter("questions on garden", 2, ["none"])
    assert counter.describe_time(3.0) == ""
    attempt = Attempt([], "7", Score("wrong", ""), "stop", 5, 1, 95.0, 0.1, 0.0)
    counter.add(replace(make_result("none", "wrong"), attempts=[attempt]), 97.0)
    counter.add(replace(make_result("none", "wrong"), attempts=[replace(attempt, is_cached=True)]), 1.0)
    assert counter.describe_time(100.0) == (
        "questions on garden: 1 new answer in 2 min, of which the model took 2 min (95.0 %)"
    )


def test_a_first_figure_is_shown_while_the_run_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is right so far; an arm without an answer that counts is not named yet."""
    monkeypatch.setattr(progress, "_MIN_SECONDS_BETWEEN_LINES", 0.0)
    counter = ProgressCounter("questions on garden", 2, ["none", "retrieval"])
    with show_progress() as display:
        display.update(counter.add(make_result("none", "wrong"), 1.0))
        display.update(counter.add(make_result("retrieval", "correct"), 1.0))
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("questions on garden: 1/4 answers") and first.endswith("right so far: none 0 of 1")
    assert second.endswith("right so far: none 0 of 1, retrieval 1 of 1")
