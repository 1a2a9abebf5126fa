"""Where a gain comes from."""

from __future__ import annotations

from typing import Any

import pytest

from eval.report.figures import NONE, ORACLE, PLACEBO, RETRIEVAL
from eval.report.splits import FOUND, FOUND_NAMES, NAMED, NOTICED, NOTICED_NAMES


def test_the_split_by_what_was_retrieved_has_the_same_cases_in_all_arms(make_result: Any, report_of: Any) -> None:
    """A case belongs to the part that retrieval put it in, also under none."""
    results = []
    for n in range(12):
        results.append(make_result(NONE, f"c{n}", correct=n >= 9, found_sources=False))
        results.append(make_result(RETRIEVAL, f"c{n}", correct=n < 6, found_sources=n < 8))
    parts = {each.name: each for each in report_of(*results).groups[0].slices if each.split == FOUND}
    found, missed = parts[FOUND_NAMES[True]], parts[FOUND_NAMES[False]]
    assert (found.correct[NONE].n, found.correct[RETRIEVAL].n_hits) == (8, 6)
    assert found.gain.difference == pytest.approx(6 / 8)
    assert missed.gain.difference == pytest.approx(-3 / 4)


def test_cases_without_sources_are_left_out_of_that_split(make_result: Any, report_of: Any) -> None:
    """Where nobody knows the right code there is no such part, and the report says so."""
    group = report_of(*(make_result(arm, f"c{n}") for n in range(3) for arm in (NONE, RETRIEVAL))).groups[0]
    assert [each for each in group.slices if each.split == FOUND] == []
    assert "cannot be split" in group.why


def test_questions_split_by_whether_they_name_the_symbol(make_result: Any, report_of: Any) -> None:
    """Named and not named stand beside each other with their own gains."""
    results = [
        make_result(arm, f"q{n}", task="questions", extra={"names_symbol": n < 3}, correct=arm == RETRIEVAL and n < 3)
        for n in range(8)
        for arm in (NONE, RETRIEVAL)
    ]
    parts = {each.name: each.gain.difference for each in report_of(*results).groups[0].slices if each.split == NAMED}
    assert parts == {"names the symbol": 1.0, "does not name it": 0.0}


def test_cases_split_by_how_well_tests_decide(make_result: Any, report_of: Any) -> None:
    """At least half of the planted changes caught, or fewer; a case without any is in neither part."""
    caught = {"c1": (5, 5), "c2": (4, 2), "c3": (5, 2), "c4": (0, 0)}
    results = [
        make_result(
            arm, case, extra={"n_mutants": n, "n_killed": killed}, correct=arm == RETRIEVAL and case in ("c1", "c3")
        )
        for case, (n, killed) in caught.items()
        for arm in (NONE, RETRIEVAL)
    ]
    parts = {each.name: each for each in report_of(*results).groups[0].slices if each.split == NOTICED}
    half, fewer = parts[NOTICED_NAMES[True]], parts[NOTICED_NAMES[False]]
    assert (half.correct[RETRIEVAL].n_hits, half.correct[RETRIEVAL].n, half.gain.difference) == (1, 2, 0.5)
    assert (fewer.correct[NONE].n, fewer.gain.difference) == (1, 1.0)


def test_results_from_before_tests_were_tried_have_no_such_split(make_result: Any, report_of: Any) -> None:
    """Older runs are reported as they were."""
    results = [make_result(arm, f"c{n}") for n in range(3) for arm in (NONE, RETRIEVAL)]
    assert not [each for each in report_of(*results).groups[0].slices if each.split == NOTICED]


def test_a_follow_up_never_takes_a_right_answer_away(make_result: Any, report_of: Any) -> None:
    """Right after a second try is right at once, or right then; the headline stays that of the first."""
    later = make_result(NONE, "c2", correct=True).attempts
    results = [make_result(NONE, "c1", correct=True), make_result(NONE, "c2", more=later), make_result(NONE, "c3")]
    group = report_of(*results).groups[0]
    (follow_up,) = group.follow_ups
    assert (follow_up.first.n_hits, follow_up.after.n_hits, follow_up.n_followed_up) == (1, 2, 1)
    assert group.arm(NONE).correct.n_hits == 1


def test_a_second_try_that_failed_is_not_counted_as_wrong(make_result: Any, report_of: Any) -> None:
    """Nobody knows how such a case ends: it is in no figure of second tries, and still in those of the first."""
    later = make_result(NONE, "c2", correct=True).attempts
    lost = {"follow_up_error": "no room"}
    results = [make_result(NONE, "c1", extra=lost), make_result(NONE, "c2", more=later), make_result(NONE, "c3")]
    results += [make_result(RETRIEVAL, f"c{n}", correct=True) for n in (1, 2, 3)]
    group = report_of(*results).groups[0]
    after = {each.arm: each.after.n for each in group.follow_ups}
    assert after == {NONE: 2, RETRIEVAL: 3}
    assert group.gain_after_follow_up.n_pairs == 2
    assert group.gain(RETRIEVAL, NONE).n_pairs == 3


def test_the_gain_after_a_follow_up_counts_the_second_try_of_both(make_result: Any, report_of: Any) -> None:
    """None catches up where its second try is right: the gain at once is not the gain after."""
    later = make_result(NONE, "c", correct=True).attempts
    results = [make_result(NONE, f"c{n}", more=later if n < 3 else ()) for n in range(4)]
    results += [make_result(RETRIEVAL, f"c{n}", correct=True) for n in range(4)]
    group = report_of(*results).groups[0]
    assert group.gain(RETRIEVAL, NONE).difference == 1.0
    assert group.gain_after_follow_up.difference == pytest.approx(0.25)


def test_speed_ups_are_compared_by_their_ratio(make_result: Any, report_of: Any) -> None:
    """Twice as fast in one half of the cases and eight times in the other is four times on average, not five."""
    results = []
    for n in range(20):
        results.append(make_result(NONE, f"c{n}", measures={"speedup": 1.0, "lines": 3.0}))
        results.append(make_result(RETRIEVAL, f"c{n}", measures={"speedup": 2.0 if n % 2 else 8.0, "lines": 5.0}))
    measures = {each.measure: each for each in report_of(*results).groups[0].measures}
    assert measures["speedup"].scale == "ratio"
    assert measures["speedup"].difference == pytest.approx(4.0)
    assert measures["speedup"].interval.low < 4 < measures["speedup"].interval.high
    assert (measures["lines"].scale, measures["lines"].difference) == ("difference", pytest.approx(2.0))


def test_a_measure_that_one_arm_lacks_makes_no_pair(make_result: Any, report_of: Any) -> None:
    """A wrong answer has no speed-up: only cases with both are compared."""
    results = [make_result(NONE, "c1", measures={"speedup": 2.0}), make_result(RETRIEVAL, "c1")]
    assert report_of(*results).groups[0].measures == []


def cases(make_result: Any, rates: dict[str, tuple[float, float]], n_found: int) -> list[Any]:
    """40 cases; ``rates`` are the shares right by arm where the right code was found, and elsewhere."""
    results = []
    for n in range(40):
        is_found = n < n_found
        place, size = (n, n_found) if is_found else (n - n_found, 40 - n_found)
        for arm, (found, missed) in rates.items():
            right = place < round(size * (found if is_found else missed))
            shows = is_found if arm == RETRIEVAL else arm == ORACLE
            results.append(make_result(arm, f"c{n}", correct=right, found_sources=shows))
    return results


@pytest.mark.parametrize(
    ("rates", "n_found", "words"),
    [
        ({NONE: (0, 0), RETRIEVAL: (0.5, 0), ORACLE: (0.6, 0.6)}, 8, "because the search found the wrong code"),
        ({NONE: (0, 0), RETRIEVAL: (0, 0), ORACLE: (0.6, 0.6)}, 32, "does not use it among other code"),
        (
            {NONE: (0.3, 0.3), RETRIEVAL: (0.3, 0.3), ORACLE: (0.3, 0.3)},
            32,
            "neither did exactly the right code (oracle). So it is not shown that a better search would",
        ),
        ({NONE: (0.5, 0.9), RETRIEVAL: (1, 0.1), ORACLE: (1, 1)}, 24, "wrong code in the other cases undoes it"),
        ({NONE: (0.3, 0.3), RETRIEVAL: (0.3, 0.3)}, 32, "Without the oracle it is unknown whether"),
        (
            {NONE: (0, 0), RETRIEVAL: (0.6, 0.6), PLACEBO: (0.1, 0.1)},
            32,
            "more code: as much irrelevant code (placebo) brought +0.1",
        ),
        (
            {NONE: (0, 0), RETRIEVAL: (0.6, 0.6), PLACEBO: (0.6, 0.6)},
            32,
            "not significantly better than as much irrelevant",
        ),
        ({NONE: (0, 0), RETRIEVAL: (0.9, 0.4)}, 12, "a better search may bring more"),
        ({NONE: (0.9, 0.9), RETRIEVAL: (0.2, 0.2), ORACLE: (0.9, 0.9)}, 32, "Retrieval hurt"),
        ({NONE: (0.9, 0.9), RETRIEVAL: (0.2, 0.2), ORACLE: (0.9, 0.9)}, 32, "(oracle) showed no significant gain"),
    ],
)
def test_the_reason_is_said_in_a_sentence(
    make_result: Any, report_of: Any, rates: dict[str, tuple[float, float]], n_found: int, words: str
) -> None:
    """Wrong code, a model that cannot use the right one, or not enough known: each has its own sentence."""
    assert words in report_of(*cases(make_result, rates, n_found)).groups[0].why


def test_few_pairs_are_no_ground_for_a_reason(make_result: Any, report_of: Any) -> None:
    """Two cases that the oracle alone has right say nothing of search or model."""
    results = [
        make_result(arm, f"c{n}", correct=arm == ORACLE, found_sources=arm == ORACLE)
        for n in range(2)
        for arm in (NONE, RETRIEVAL, ORACLE)
    ]
    assert "too few pairs to say whether retrieval helped, or why" in report_of(*results).groups[0].why


@pytest.mark.parametrize(("measure", "scale"), [("speedup_time", "ratio"), ("iterations", "difference")])
def test_a_ratio_is_told_by_a_whole_word_of_its_name(
    make_result: Any, report_of: Any, measure: str, scale: str
) -> None:
    """Not by letters within a word, of which `iterations` has those of a ratio."""
    results = [
        make_result(arm, f"c{n}", measures={measure: value})
        for n in range(4)
        for arm, value in ((NONE, 1.0), (RETRIEVAL, 3.0))
    ]
    [found] = report_of(*results).groups[0].measures
    assert (found.measure, found.scale) == (measure, scale)
