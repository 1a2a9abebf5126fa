"""The figures: what is paired, what is left out, which tests belong together, what is pooled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eval.cases import Result
from eval.report.figures import NONE, ORACLE, RETRIEVAL
from eval.report.progress import PlannedRuns
from eval.report.records import Report
from eval.report.text import to_markdown
from eval.stats import adjust_holm, mcnemar_p

from .conftest import make_setup, make_task


def test_only_pairs_count(make_result: Any, report_of: Any) -> None:
    """A case that one arm lacks is in neither side of the difference, and is said to be missing."""
    results = [make_result(NONE, f"c{n}", correct=n < 2) for n in range(12)]
    results += [make_result(RETRIEVAL, f"c{n}", correct=True) for n in range(10)]
    group = report_of(*results).groups[0]
    gain = group.gain(RETRIEVAL, NONE)
    assert (gain.n_pairs, gain.n_unpaired, gain.n_gained, gain.n_lost) == (10, 2, 8, 0)
    assert gain.difference == pytest.approx(0.8)
    assert group.missing == ["retrieval: 2 of 12 cases have no result yet"]


def test_the_set_up_says_how_many_cases_there_should_be(make_result: Any, report_of: Any) -> None:
    """Cases that no arm was asked yet are missing too."""
    report = report_of(make_result(NONE, "c1", model="m"), setups=[make_setup(make_task(n_cases=5))])
    assert report.groups[0].n_cases == 5
    assert report.groups[0].missing == ["none: 4 of 5 cases have no result yet"]


def test_pairs_are_counted_of_the_cases_that_there_will_be(make_result: Any, report_of: Any) -> None:
    """Of an unfinished run too: without questions that have no answer and, for the oracle, those without code."""
    kinds = {"c1": "size", "c2": "unanswerable name"}
    results = [
        make_result(arm, case, task="questions", kind=kind, model="m", found_sources=True)
        for case, kind in kinds.items()
        for arm in (NONE, RETRIEVAL, ORACLE)
    ]
    task = make_task("questions", n_cases=20, n_unanswerable=5, n_without_sources=3)
    group = report_of(*results, setups=[make_setup(task)]).groups[0]
    gains = {arm: group.gain(arm, NONE) for arm in (RETRIEVAL, ORACLE)}
    assert group.n_cases == 15
    assert (gains[RETRIEVAL].n_pairs, gains[RETRIEVAL].n_unpaired) == (1, 14)
    assert (gains[ORACLE].n_pairs, gains[ORACLE].n_without_sources, gains[ORACLE].n_unpaired) == (1, 3, 11)


def test_errors_are_no_wrong_answers(make_result: Any, report_of: Any) -> None:
    """Where the server failed nothing is known: the pair is left out, the error is counted with its reason."""
    results = [make_result(arm, f"c{n}", correct=True) for n in range(4) for arm in (NONE, RETRIEVAL)]
    results[0] = make_result(NONE, "c0", verdict="error", explanation="no answer within 900 s")
    group = report_of(*results).groups[0]
    assert (group.arm(NONE).n, group.arm(NONE).n_errors, group.arm(NONE).correct.share) == (3, 1, 1.0)
    assert group.gain(RETRIEVAL, NONE).n_pairs == 3
    assert [(each.arm, each.n) for each in group.reasons if each.verdict == "error"] == [(NONE, 1)]


def test_unanswered_is_neither_wrong_nor_right(make_result: Any, report_of: Any) -> None:
    """It counts against the arm, and is shown by itself."""
    results = [make_result(NONE, "c1", verdict="unanswered"), make_result(NONE, "c2", correct=True)]
    arm = report_of(*results).groups[0].arm(NONE)
    assert (arm.n_wrong, arm.n_unanswered, arm.correct.share) == (0, 1, 0.5)


def test_holm_is_over_the_tasks_and_repositories_of_a_model(report: Report) -> None:
    """The family of a comparison: all groups of the model that have it, and no other comparison or model."""
    for model, n_tests in (("embedded/qwen2.5-coder-0.5b", 10), ("embedded/qwen2.5-coder-1.5b", 4)):
        gains = [group.gain(RETRIEVAL, NONE) for group in report.groups if group.model == model]
        assert {gain.n_tests for gain in gains if gain} == {n_tests}
        assert [gain.p_holm for gain in gains if gain] == adjust_holm([gain.p for gain in gains if gain])
    oracle = [gain for group in report.groups for gain in group.gains if gain.arm == ORACLE]
    assert {gain.n_tests for gain in oracle} == {8, 4}  # the tasks about the model itself were not asked under it


def test_holm_is_over_the_plan(make_result: Any, report_of: Any) -> None:
    """Also over what is not begun, so that a row's p does not grow with each that is done; what is outside of the plan,
    another repository or arm, is adjusted by itself."""
    plan = PlannedRuns(("m",), {"completion": 20, "repair": 20}, ("garden", "shed", "yard"), (NONE, RETRIEVAL))
    places = [("completion", "garden"), ("repair", "garden"), ("completion", "shed"), ("completion", "elsewhere")]
    results = [
        make_result(arm, f"c{n}", model="m", task=task, repo=repo, correct=arm != NONE and n < 6 + 2 * number)
        for number, (task, repo) in enumerate(places)
        for arm in (NONE, RETRIEVAL, "dense")
        for n in range(20)
    ]
    groups = report_of(*results, plan=plan).groups
    gains = [group.gain(RETRIEVAL, NONE) for group in groups]
    assert [gain.n_tests for gain in gains] == [6, 6, 6, 1]
    assert gains[0].p_holm == pytest.approx(4 * gains[0].p) and gains[2].p_holm == pytest.approx(6 * gains[2].p)
    assert gains[3].p_holm == gains[3].p
    assert [group.gain("dense", NONE).n_tests for group in groups] == [4] * 4
    alone = report_of(*(result for result in results if result.repo == "garden"), plan=plan).groups[0]
    assert alone.gain(RETRIEVAL, NONE).p_holm >= gains[0].p_holm


def test_p_is_exact_mcnemar(report: Report) -> None:
    """By the gained and lost pairs that stand beside it."""
    for group in report.groups:
        for gain in group.gains:
            assert gain.p == mcnemar_p(gain.n_gained, gain.n_lost)
            assert gain.difference == pytest.approx((gain.n_gained - gain.n_lost) / gain.n_pairs)


def test_questions_are_never_pooled(report: Report) -> None:
    """The pooled gain is the mean of a repository's tasks without questions; tasks about the model itself have none."""
    assert {pooled.repo for pooled in report.pooled} == {"garden", "harbour"}
    for pooled in report.pooled:
        assert "questions" not in pooled.tasks
        gains = [
            group.gain(pooled.arm, pooled.baseline)
            for group in report.groups
            if (group.model, group.repo) == (pooled.model, pooled.repo) and group.task in pooled.tasks
        ]
        assert pooled.difference == pytest.approx(sum(gain.difference for gain in gains if gain) / len(gains))


def test_one_task_is_not_pooled(make_result: Any, report_of: Any) -> None:
    """Its own gain says it all."""
    results = [make_result(arm, f"c{n}") for n in range(12) for arm in (NONE, RETRIEVAL)]
    assert report_of(*results).pooled == []


def test_unanswerable_questions_are_kept_apart(make_result: Any, report_of: Any) -> None:
    """Refusing them is counted as refusals, and lifts no accuracy."""
    results: list[Result] = []
    for arm in (NONE, RETRIEVAL):
        results += [make_result(arm, f"q{n}", task="questions", kind="constant") for n in range(4)]
        results += [
            make_result(arm, f"u{n}", task="questions", kind="unanswerable", correct=arm == RETRIEVAL) for n in range(3)
        ]
    group = report_of(*results).groups[0]
    assert group.n_cases == 4
    assert group.gain(RETRIEVAL, NONE).n_pairs == 4
    assert group.gain(RETRIEVAL, NONE).difference == 0
    assert [(each.arm, each.unanswerable.n_hits, each.unanswerable.n) for each in group.refusals] == [
        (NONE, 0, 3),
        (RETRIEVAL, 3, 3),
    ]
    assert group.missing == []


def test_pass_at_k_is_of_the_same_k_in_all_arms(make_result: Any, report_of: Any) -> None:
    """As many answers as every arm has; a case with fewer, since one was an error, is left out and counted."""

    def sampled(arm: str, case_id: str, *verdicts: str) -> Result:
        extra = {"samples": [{"verdict": verdict} for verdict in verdicts]}
        return make_result(arm, case_id, correct=verdicts[0] == "correct", extra=extra)

    results = [
        sampled(NONE, "c1", "wrong", "wrong", "wrong", "correct"),
        sampled(NONE, "c2", "wrong", "wrong", "wrong", "wrong"),
        sampled(RETRIEVAL, "c1", "correct", "wrong", "wrong"),
        sampled(RETRIEVAL, "c2", "wrong", "error", "correct"),
    ]
    report = report_of(*results)
    arms = {arm.arm: arm for arm in report.groups[0].arms}
    assert arms[NONE].pass_at == pytest.approx({"1": 1 / 8, "3": 3 / 8}) and arms[NONE].n_few_samples == 0
    assert arms[RETRIEVAL].pass_at == pytest.approx({"1": 1 / 3, "3": 1.0}) and arms[RETRIEVAL].n_few_samples == 1
    assert "pass@1 0.333, pass@3 1.000 (leaving out 1 case with fewer answers)" in to_markdown(report)


def test_pass_at_k_is_given_for_the_usual_k(make_result: Any, report_of: Any) -> None:
    """1, 5, 10 and 100 below the number of answers, and that; by what is expected of k answers drawn from all."""

    def sampled(case_id: str, n: int, n_correct: int) -> Result:
        verdicts = ["correct"] * n_correct + ["wrong"] * (n - n_correct)
        return make_result(NONE, case_id, extra={"samples": [{"verdict": verdict} for verdict in verdicts]})

    [arm] = report_of(sampled("c1", 10, 3), sampled("c2", 10, 0)).groups[0].arms
    # Of the 252 ways to draw 5 of 10, the 21 without one of the 3 right ones miss the first case.
    assert arm.pass_at == pytest.approx({"1": 0.3 / 2, "5": (1 - 21 / 252) / 2, "10": 1 / 2})
    [arm] = report_of(sampled("c1", 12, 3)).groups[0].arms
    assert list(arm.pass_at) == ["1", "5", "10", "12"]


def test_cost_is_what_an_arm_takes_more(make_result: Any, report_of: Any) -> None:
    """Half the cases gained with 900 tokens more: 0.556 by a thousand."""
    results = [make_result(NONE, f"c{n}") for n in range(4)]
    results += [make_result(RETRIEVAL, f"c{n}", correct=n < 2, seconds=8.0) for n in range(4)]
    (cost,) = report_of(*results).groups[0].costs
    assert cost.more_prompt_tokens == 900
    assert cost.gain_per_1000_tokens == pytest.approx(0.5556, abs=1e-4)
    assert cost.times_seconds == pytest.approx(4.0)


def test_the_oracle_is_compared_where_it_has_code(make_result: Any, report_of: Any) -> None:
    """It is empty for a case without sources: gain, tokens and seconds are over the others, and those are counted."""
    results = []
    for n in range(8):
        found, tokens = (None, 0) if n < 3 else (True, 400)
        results.append(make_result(NONE, f"c{n}", found_sources=found, correct=n < 3))
        results.append(make_result(ORACLE, f"c{n}", found_sources=found, context_tokens=tokens, correct=n != 4))
    group = report_of(*results).groups[0]
    gain = group.gain(ORACLE, NONE)
    assert (gain.n_pairs, gain.n_without_sources, gain.n_unpaired) == (5, 3, 0)
    assert gain.difference == pytest.approx(4 / 5)
    assert [cost.more_prompt_tokens for cost in group.costs] == [400]
    assert group.arm(ORACLE).n == 8


def test_variants_of_retrieval_are_set_against_none(report: Report) -> None:
    """Each ablation has its gain, in a family of its own."""
    group = next(group for group in report.groups if group.task == "completion")
    assert [gain.arm for gain in group.gains if gain.baseline == NONE] == [
        RETRIEVAL,
        ORACLE,
        "placebo",
        "dense",
        "lexical",
        "retrieval:k=5",
    ]


def test_the_same_results_give_the_same_report(run: Any, report: Report, report_of: Any) -> None:
    """To the digit, bootstrap included."""
    results = [result for result in run[1] if (result.task, result.repo) == ("completion", "garden")]
    again = report_of(*results).groups
    alone = [
        replace(group, gains=()) for group in report.groups if (group.task, group.repo) == ("completion", "garden")
    ]
    assert [replace(group, gains=(), verdict=each.verdict) for group, each in zip(again, alone, strict=True)] == alone
    assert again == report_of(*results).groups


def test_cases_of_no_file_stand_for_themselves(make_result: Any, report_of: Any) -> None:
    """Problems that are no part of a repository are not taken for parts of one file."""
    results = [make_result(arm, f"c{n}", path="") for n in range(12) for arm in (NONE, RETRIEVAL)]
    assert report_of(*results).groups[0].gain(RETRIEVAL, NONE).n_files == 12


def test_no_results_are_no_report(report_of: Any) -> None:
    """Nothing answered yet: no group, no figure, no failure."""
    report = report_of()
    assert (report.groups, report.pooled, report.summary) == ([], [], [])
