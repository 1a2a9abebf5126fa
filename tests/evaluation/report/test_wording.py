"""Sentences and numbers: losses as plain as gains, nothing claimed that the figures do not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eval.report.caveats import list_caveats
from eval.report.figures import NONE, ORACLE, PLACEBO, RETRIEVAL
from eval.report.page import render_page
from eval.report.splits import FOUND, FOUND_NAMES
from eval.report.text import to_markdown
from eval.report.wording import (
    INTERIM,
    describe_gain,
    describe_shown,
    judge_gain,
    name_reason,
    write_number,
    write_p,
    write_signed,
)
from eval.stats import Interval

from .conftest import make_setup, make_start


def gain_of(make_result: Any, report_of: Any, n: int, n_gained: int, n_lost: int, n_files: int = 1000) -> Any:
    """The gain of ``n`` cases, of which so many are gained and lost."""
    results = []
    for number in range(n):
        gained, lost = number < n_gained, n_gained <= number < n_gained + n_lost
        path = f"f{number % n_files}.py"
        results.append(make_result(NONE, f"c{number}", correct=lost, path=path))
        results.append(make_result(RETRIEVAL, f"c{number}", correct=gained, path=path))
    return report_of(*results).groups[0].gain(RETRIEVAL, NONE)


@pytest.mark.parametrize(
    ("task", "found", "words"),
    [
        ("questions", True, "the lines that hold the answer were shown"),
        ("questions", False, "the lines that hold the answer were not shown"),
        ("completion", True, "a definition that the original uses was shown"),
        ("repair", False, "no definition that the original uses was shown"),
    ],
)
def test_what_was_shown_is_called_what_it_is(task: str, found: bool, words: str) -> None:
    """An answer can be right without the definitions that the original uses, so they are not called the right code."""
    assert describe_shown(found, task) == words


def test_a_loss_is_said_as_plainly_as_a_gain(make_result: Any, report_of: Any) -> None:
    """The same sentence with the other word."""
    gain, loss = (gain_of(make_result, report_of, 40, *counts) for counts in ((20, 2), (2, 20)))
    assert (
        describe_gain(gain).replace("better", "worse").replace("+", "−").split(":")[0]
        == describe_gain(loss).split(":")[0]
    )
    assert judge_gain(loss) == "worse"
    assert describe_gain(loss).startswith("Retrieval was worse than none: −0.450")


def test_no_significant_difference_comes_with_what_could_have_been_detected(make_result: Any, report_of: Any) -> None:
    """Not significant is not no difference: the smallest detectable one is given, with the losses it assumes."""
    texts = [describe_gain(gain_of(make_result, report_of, 30, *counts)) for counts in ((4, 3), (2, 4), (3, 0))]
    assert all(text.startswith("No significant difference between retrieval and none: ") for text in texts)
    against = ("3 of 30 pairs lost, as here", "2 of 30 pairs gained, as here", "no pair lost")
    for text, words in zip(texts, against, strict=True):
        assert "The run had an 80 % chance of detecting a true difference of 0." in text
        assert text.endswith(f" (assuming {words}).")
    few = gain_of(make_result, report_of, 5, 1, 0)
    assert "With so few pairs no difference can be significant." in describe_gain(few)
    text = describe_gain(gain_of(make_result, report_of, 30, 14, 14))
    assert "With 14 of 30 pairs lost, as here, the run had less than an 80 % chance of detecting even the" in text


def test_p_values_of_an_unfinished_run_are_called_interim(make_result: Any, report_of: Any) -> None:
    """Beside the pairs, in the text of a terminal, on the page and among the caveats; and not of what is complete."""
    results = [make_result(NONE, f"c{n}", correct=n > 1) for n in range(20)]
    results += [make_result(RETRIEVAL, f"c{n}", correct=n > 3) for n in range(20)]
    for n, is_said in ((30, True), (40, False)):
        report = report_of(*results[:n])
        text, page = to_markdown(report), render_page(report, results)
        assert ("10 of 20 pairs so far" in report.groups[0].verdict) == is_said
        assert all((INTERIM in place) == is_said for place in (text, page, " ".join(report.caveats)))


def test_no_difference_in_any_pair_is_no_certainty(make_result: Any, report_of: Any) -> None:
    """No interval from zero to zero is given; what could have been detected is."""
    text = describe_gain(gain_of(make_result, report_of, 30, 0, 0))
    assert text.startswith("The arms retrieval and none agree in all 30 pairs. The run had an 80 % chance of")
    assert "interval" not in text


@pytest.mark.parametrize(
    ("n_gained", "n_lost", "verdict"),
    [(25, 0, "better"), (0, 25, "worse"), (5, 1, "not significant"), (0, 0, "not significant")],
)
def test_with_few_files_the_exact_test_decides(
    make_result: Any, report_of: Any, n_gained: int, n_lost: int, verdict: str
) -> None:
    """There is no interval then, and the verdict is the test's."""
    gain = gain_of(make_result, report_of, 30, n_gained, n_lost, n_files=5)
    assert gain.interval is None
    assert judge_gain(gain) == verdict


def test_a_verdict_without_an_interval_says_what_it_rests_on(make_result: Any, report_of: Any) -> None:
    """A reader learns that the test knows nothing of files."""
    text = describe_gain(gain_of(make_result, report_of, 30, 25, 0, n_files=5))
    assert "no interval from 5 files; 30 pairs, p < 0.001 by the exact test, which treats cases as independent" in text


def test_three_against_none_are_not_even_perhaps(make_result: Any, report_of: Any) -> None:
    """The bootstrap excludes zero where nothing was lost; with p 0.25 that shows nothing, and Holm is not to blame."""
    gain = gain_of(make_result, report_of, 20, 3, 0, n_files=16)
    assert gain.interval.low > 0 and gain.p == 0.25
    assert judge_gain(gain) == "not significant"
    text = describe_gain(gain)
    assert text.startswith("No significant difference between retrieval and none") and "3 differing pairs" in text
    assert "adjusting" not in text


def test_a_test_alone_is_not_enough_either(make_result: Any, report_of: Any) -> None:
    """Below 0.05 with an interval that includes zero: the sentence says why it is not significant."""
    gain = replace(gain_of(make_result, report_of, 20, 8, 1), interval=Interval(-0.1, 0.6))
    assert gain.p < 0.05 and judge_gain(gain) == "not significant"
    assert "The exact test alone is below 0.05, but the interval includes zero. The run had" in describe_gain(gain)


def test_an_interval_alone_is_not_enough_among_many_tests(make_result: Any, report_of: Any) -> None:
    """Eight tasks, each barely significant alone: perhaps better, no more."""
    results = []
    for task in range(8):
        for n in range(40):
            fields = {"task": f"t{task}", "path": f"f{n}.py"}
            results.append(make_result(NONE, f"c{n}", correct=n == 39, **fields))
            results.append(make_result(RETRIEVAL, f"c{n}", correct=n < 8, **fields))
    gains = [group.gain(RETRIEVAL, NONE) for group in report_of(*results).groups]
    assert all(gain.p < 0.05 < gain.p_holm for gain in gains)
    assert {judge_gain(gain) for gain in gains} == {"perhaps better"}
    assert "when tested alone: +0.175 (" in describe_gain(gains[0])
    assert "; but not after adjusting for 8 comparisons (Holm p 0." in describe_gain(gains[0])


@pytest.mark.parametrize(
    ("value", "plain", "signed"), [(-0.0001, "0.000", "0.000"), (0.25, "0.250", "+0.250"), (-0.25, "-0.250", "−0.250")]
)
def test_zero_has_no_sign(value: float, plain: str, signed: str) -> None:
    """A difference shows its sign, a zero none."""
    assert (write_number(value), write_signed(value)) == (plain, signed)


def test_small_p_is_a_bound() -> None:
    """Nobody reads 0.000 as a probability."""
    assert (write_p(0.0004), write_p(0.0416)) == ("< 0.001", "0.042")


def test_equal_reasons_count_together() -> None:
    """Numbers, names and all but the first line are left out."""
    assert name_reason("3 of 7 tests fail: 'test_a'\nTraceback") == name_reason("5 of 9 tests fail: 'test_b'")
    assert name_reason("no module x (/srv/a1/run/x.py)") == name_reason("no module x (/srv/b2/run/x.py)")
    assert name_reason("  ") == "no reason given"
    assert len(name_reason("x" * 500)) <= 110


def test_versions_that_differ_are_a_caveat(make_result: Any, report_of: Any) -> None:
    """Runs of two commits in one report may differ by that alone."""
    setups = [make_setup(starts=[make_start(quarry_commit=commit)]) for commit in ("aaa", "bbb", "aaa")]
    assert any("aaa, bbb" in caveat for caveat in report_of(make_result(), setups=setups).caveats)
    assert not any("versions" in caveat for caveat in report_of(make_result(), setups=setups[:1]).caveats)


def test_a_checkout_that_was_changed_keeps_its_plus(make_result: Any, report_of: Any) -> None:
    """The same commit with changes is another version, and is named as such."""
    setups = [make_setup(starts=[make_start(quarry_commit=commit)]) for commit in ("a" * 40, "a" * 40 + "+")]
    text = " ".join(report_of(make_result(), setups=setups).caveats)
    assert f"{'a' * 12}, {'a' * 12}+." in text


def test_small_models_and_shared_tests_are_caveats(report: Any) -> None:
    """What limits the figures is said on the page, by what the run was."""
    text = " ".join(report.caveats)
    for words in ("models are small", "own tests execute", "Holm", "not complete", "not a random half"):
        assert words in text


def test_a_placebo_that_is_perhaps_beaten_proves_nothing(make_result: Any, report_of: Any) -> None:
    """Where the comparison with the placebo does not survive Holm, the sentence about it says perhaps."""
    results = []
    for task in range(8):
        for n in range(40):
            fields = {"task": f"t{task}", "path": f"f{n}.py"}
            results.append(make_result(NONE, f"c{n}", correct=False, **fields))
            results.append(make_result(PLACEBO, f"c{n}", correct=n == 39 or 8 <= n < 30, **fields))
            results.append(make_result(RETRIEVAL, f"c{n}", correct=n < 30, **fields))
    group = report_of(*results).groups[0]
    assert judge_gain(group.gain(RETRIEVAL, NONE)) == "better"
    assert judge_gain(group.gain(RETRIEVAL, PLACEBO)) == "perhaps better"
    assert "Perhaps what matters is which code" in group.why


def test_what_is_said_of_greedy_answers_is_said_of_greedy_runs_only() -> None:
    """Sampled answers are called so."""
    greedy, drawn = (list_caveats([], [make_setup(temperature=t)]) for t in (0.0, 0.8))
    assert any("greedy" in line for line in greedy) and not any("greedy" in line for line in drawn)
    assert any("sampled" in line for line in drawn) and not any("sampled" in line for line in greedy)


@pytest.mark.parametrize(("n_tokens", "is_said"), [(500, True), (790, False)])
def test_a_short_placebo_is_said(make_result: Any, report_of: Any, n_tokens: int, is_said: bool) -> None:
    """A control that is shorter than what it controls for proves less."""
    results = [make_result(RETRIEVAL, "c1", context_tokens=800), make_result(PLACEBO, "c1", context_tokens=n_tokens)]
    caveats = report_of(*results).caveats
    assert any("placebo holds clearly fewer tokens" in line for line in caveats) == is_said


def test_the_split_by_what_was_retrieved_decides_nothing(make_result: Any, report_of: Any) -> None:
    """However large the gain where the right code was found, the sentence calls it exploratory and says perhaps."""
    results = []
    for n in range(60):
        found = n < 25
        results.append(make_result(NONE, f"c{n}", correct=not found, found_sources=False))
        results.append(make_result(RETRIEVAL, f"c{n}", correct=found or n > 48, found_sources=found))
    report = report_of(*results)
    [group] = report.groups
    parts = {each.name: each.gain for each in group.slices if each.split == FOUND}
    assert judge_gain(parts[FOUND_NAMES[True]]) == "better"
    assert "Exploratory" in group.why and "perhaps the right code helps" in group.why
    assert "retrieved (exploratory)" in to_markdown(report)


def test_what_the_oracle_perhaps_shows_is_said_with_perhaps(make_result: Any, report_of: Any) -> None:
    """A gain of the oracle that does not survive Holm proves no use of the right code; one that does is said so."""
    said = []
    for n_tasks in (8, 1):
        results = []
        for task in range(n_tasks):
            for n in range(40):
                fields = {"task": f"t{task}", "path": f"f{n}.py"}
                results.append(make_result(NONE, f"c{n}", correct=n == 39, **fields))
                results.append(make_result(RETRIEVAL, f"c{n}", correct=n == 39, found_sources=False, **fields))
                results.append(make_result(ORACLE, f"c{n}", correct=n < 8, found_sources=True, **fields))
        said.append(report_of(*results).groups[0].why)
    assert all("perhaps because the search found the wrong code" in why for why in said)
    assert ["the right code perhaps helps" in why for why in said] == [True, False]
    assert ["the right code helps this model" in why for why in said] == [False, True]


def test_what_takes_cases_as_independent_is_said() -> None:
    """A reader learns once that McNemar's p, the smallest detectable difference and Wilson's interval know no files."""
    [caveat] = [line for line in list_caveats([], [make_setup()]) if "treat cases as independent" in line]
    for words in ("Wilson's interval", "McNemar's exact p", "smallest detectable difference", "one test at 0.05"):
        assert words in caveat


def test_placebos_that_are_near_the_case_are_counted(make_result: Any, report_of: Any) -> None:
    """A control that had to share names with the case controls for less: how many did is said."""
    results = [make_result(PLACEBO, f"c{n}", extra={"placebo_pass": n}) for n in range(3)]
    caveats = report_of(*results).caveats
    assert any("2 of 3 of completion on garden" in line for line in caveats)
    assert not any("Some placebos" in line for line in report_of(results[0]).caveats)


def test_placebos_that_are_too_short_are_counted(make_result: Any, report_of: Any) -> None:
    """Each against what was retrieved for its case: a mean near the target hides the few that are half as long."""
    results = [
        make_result(PLACEBO, f"c{n}", context_tokens=400 if n < 2 else 900, extra={"placebo_target_tokens": 900})
        for n in range(12)
    ]
    report = report_of(*results)
    assert report.groups[0].arm(PLACEBO).n_short == 2
    assert any("80 %" in line and "2 of 12 of completion on garden" in line for line in report.caveats)
    assert not any("80 %" in line for line in report_of(*results[2:]).caveats)


def test_which_functions_come_first_is_a_caveat(make_result: Any, report_of: Any) -> None:
    """Documented ones in completion, several calls of one in reasoning."""
    texts = {
        task: " ".join(report_of(make_result(task=task)).caveats) for task in ("completion", "reasoning", "repair")
    }
    assert ["functions with a docstring come before" in text for text in texts.values()] == [True, False, False]
    assert ["up to five of one function" in text for text in texts.values()] == [False, True, False]


def test_an_empty_oracle_is_said(make_result: Any, report_of: Any) -> None:
    """How many cases have no code that helps stands in the reason, in the caveats and beside the figure."""
    results = []
    for n in range(20):
        found = None if n < 7 else True
        results += [make_result(arm, f"c{n}", found_sources=found) for arm in (NONE, RETRIEVAL, ORACLE)]
    report = report_of(*results)
    words = "7 cases have no right code and are left out"
    assert f"over 13 cases ({words})" in report.groups[0].why
    assert words in to_markdown(report)
    assert any("leave these out (7 of completion on garden)" in line for line in report.caveats)
