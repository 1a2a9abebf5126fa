"""What a confidence is worth, against values by hand."""

from __future__ import annotations

import pytest

from eval.calibration import bin_confidences, measure_aurc, measure_auroc, measure_calibration_error, trace_risk


def test_auroc_counts_pairs_in_the_right_order() -> None:
    """Of four pairs three are in order and one is a tie: 3.5 of 4."""
    assert measure_auroc([0.9, 0.4, 0.4, 0.1], [True, True, False, False]) == pytest.approx(3.5 / 4)
    assert measure_auroc([0.9, 0.1], [True, True]) is None


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    """Two at 0.95 of which one is true, two at 0.05 of which none is: (0.45 + 0.05) / 2."""
    values, truths = [0.95, 0.95, 0.05, 0.05], [True, False, False, False]
    assert measure_calibration_error(values, truths) == pytest.approx(0.25)
    assert [(each.n, each.share_true) for each in bin_confidences(values, truths)] == [(2, 0.0), (2, 0.5)]
    assert sum(each.n for each in bin_confidences([0.0, 1.0, 0.3], [True] * 3)) == 3


def test_weights_count_as_repeated_items() -> None:
    """An item of weight three is three items."""
    assert measure_calibration_error([0.9, 0.2], [True, True], [3, 1]) == pytest.approx(
        measure_calibration_error([0.9, 0.9, 0.9, 0.2], [True] * 4)
    )


def test_the_surest_are_answered_first() -> None:
    """One wrong at the second place: risk 0, 1/2, 1/3, 1/4."""
    points = trace_risk([0.2, 0.9, 0.8, 0.4], [True, True, False, True])
    assert [point.risk for point in points] == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert [point.coverage for point in points] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert measure_aurc(points) == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_a_confidence_that_is_always_the_same_brings_nothing() -> None:
    """In whatever order the items stand, the curve is flat at the share of wrong ones."""
    points = trace_risk([0.5] * 4, [True, False, False, True])
    assert [point.risk for point in points] == pytest.approx([0.5] * 4)
    assert measure_aurc([]) is None
