"""The figures of a run and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval.records import ArmAnswer, RunConfig
from eval.report import to_markdown, write_report
from eval.stats import accuracy_interval, mcnemar_p
from eval.store import RunFolder
from eval.summary import Summary, summarise
from eval.tasks.questions.records import Question

MakeAnswer = Callable[..., ArmAnswer]


@pytest.fixture
def answers(make_answer: MakeAnswer) -> list[ArmAnswer]:
    """Twelve questions: retrieval gains five and loses one; one of its answers is an error, one is missing."""
    none = ["wrong"] * 6 + ["correct"] * 3 + ["unanswered"] * 3
    retrieval = ["correct"] * 5 + ["wrong", "wrong", "correct", "correct", "unanswered", "error"]
    rows = [
        make_answer(
            f"q{n}", "none", verdict, kind="base" if n < 4 else "constant", seconds=float(n * n), prompt_tokens=20
        )
        for n, verdict in enumerate(none)
    ]
    rows += [
        make_answer(
            f"q{n}", "retrieval", verdict, kind="base" if n < 4 else "constant", prompt_tokens=100, retrieved=n < 5
        )
        for n, verdict in enumerate(retrieval)
    ]
    return rows


@pytest.fixture
def summary(config: RunConfig, answers: list[ArmAnswer]) -> Summary:
    """The figures of those answers."""
    return summarise(replace(config, n_questions=12), answers)


def test_accuracy_counts_correct_answers_of_those_without_error(summary: Summary) -> None:
    """Unanswered is not correct but counted; an error is left out and shown."""
    none, retrieval = summary.arms
    assert (none.n, none.n_correct, none.n_unanswered, none.n_errors) == (12, 3, 3, 0)
    assert (retrieval.n, retrieval.n_correct, retrieval.n_unanswered, retrieval.n_errors) == (10, 7, 1, 1)
    assert retrieval.accuracy == pytest.approx(0.7)
    assert retrieval.accuracy_interval == accuracy_interval(7, 10)


def test_tokens_are_means_and_seconds_a_median(summary: Summary) -> None:
    """One slow answer, as the first one that loads the model, does not move the seconds."""
    none, retrieval = summary.arms
    assert (none.mean_prompt_tokens, retrieval.mean_prompt_tokens, none.mean_completion_tokens) == (20, 100, 4)
    assert none.median_seconds == 30.5


def test_the_difference_is_over_pairs_only(summary: Summary) -> None:
    """Questions with an error or without an answer in one arm are no pairs."""
    (comparison,) = summary.comparisons
    assert (comparison.baseline, comparison.arm) == ("none", "retrieval")
    assert (comparison.n_pairs, comparison.n_files) == (10, 10)
    assert (comparison.n_gained, comparison.n_lost) == (5, 1)
    assert comparison.difference == pytest.approx(0.4)
    assert comparison.mcnemar_p == mcnemar_p(5, 1)
    assert comparison.interval is not None
    assert comparison.interval.low < 0.4 < comparison.interval.high


def test_an_error_of_the_baseline_makes_no_pair(config: RunConfig, make_answer: MakeAnswer) -> None:
    """A question that only the second arm answered is left out of the difference, not counted as gained."""
    answers = [make_answer("q1", "none", "error"), make_answer("q2", "none", "wrong")]
    answers += [make_answer(f"q{n}", "retrieval", "correct") for n in (1, 2)]
    (comparison,) = summarise(config, answers).comparisons
    assert (comparison.n_pairs, comparison.n_gained) == (1, 1)


def test_kinds_are_counted_apart(summary: Summary) -> None:
    """Each kind has its own figures in each arm."""
    cells = {(group.group, group.arm): (group.n_correct, group.n) for group in summary.by_kind}
    assert cells["base", "none"] == (0, 4)
    assert cells["base", "retrieval"] == (4, 4)
    assert cells["constant", "retrieval"] == (3, 6)


def test_retrieval_is_split_by_what_it_found(summary: Summary) -> None:
    """Of the arm with passages: answers where the right lines were among them, and where they were not."""
    assert [(group.arm, group.n_correct, group.n) for group in summary.by_retrieval] == [
        ("retrieval", 5, 5),
        ("retrieval", 2, 5),
    ]


def test_a_run_in_progress_says_so(config: RunConfig, answers: list[ArmAnswer], summary: Summary) -> None:
    """A part of a run is reported as such, and a whole one is not."""
    assert not summary.is_complete
    assert "Not complete" in to_markdown(summary)
    whole = [answer for answer in answers if answer.question_id in ("q0", "q1", "q2")]
    assert summarise(config, whole).is_complete
    assert "Not complete" not in to_markdown(summarise(config, whole))


def test_the_report_shows_every_figure_that_was_asked_for(summary: Summary) -> None:
    """Accuracies, difference, interval, tokens and seconds stand in the tables."""
    text = to_markdown(summary)
    interval = summary.comparisons[0].interval
    assert interval is not None
    for figure in ("0.250", "0.700", "+0.400", f"{interval.low:+.3f} to {interval.high:+.3f}", "30.50", "p = 0.219"):
        assert figure in text
    assert "1.000 (4 of 4)" in text


def test_tables_are_markdown(summary: Summary) -> None:
    """All lines of a table have the same number of cells, and a rule follows the header."""
    tables = [block.splitlines() for block in to_markdown(summary).split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for header, rule, *rows in tables:
        assert set(rule) <= set("|- ")
        assert rows and {row.count("|") for row in [rule, *rows]} == {header.count("|")}


def test_a_single_arm_has_no_comparison(config: RunConfig, answers: list[ArmAnswer]) -> None:
    """One arm alone is reported without a difference."""
    alone = summarise(replace(config, arms=["retrieval"]), answers)
    assert [arm.arm for arm in alone.arms] == ["retrieval"]
    assert alone.comparisons == []
    assert "minus" not in to_markdown(alone)


def test_a_run_without_answers_is_reported(config: RunConfig) -> None:
    """Nothing answered yet is no crash."""
    assert "Nothing is answered yet" in to_markdown(summarise(config, []))


def test_the_report_is_written_beside_the_answers(
    tmp_path: Path, config: RunConfig, questions: list[Question], make_answer: MakeAnswer
) -> None:
    """summary.json and report.md come from the stored answers alone."""
    folder = RunFolder(tmp_path / "run")
    folder.claim(config, questions)
    with folder.appending() as writer:
        for question in questions:
            writer.add(make_answer(question.id, "none", "wrong"))
            writer.add(make_answer(question.id, "retrieval", "correct", retrieved=True))
    summary = write_report(folder)
    stored = json.loads((folder.path / "summary.json").read_text())
    assert stored["comparisons"][0]["difference"] == summary.comparisons[0].difference == 1.0
    assert (folder.path / "report.md").read_text() == to_markdown(summary)
