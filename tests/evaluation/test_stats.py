"""The statistics against values that were computed another way."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy import stats as scipy_stats

from eval.stats import MIN_CLUSTERS, accuracy_interval, difference_interval, mcnemar_p, strata_interval


def skewed_differences(n: int) -> list[int]:
    """Paired differences as a run gives them: mostly 0, then gains, few losses."""
    return np.random.default_rng(5).choice([-1, 0, 1], n, p=[0.05, 0.6, 0.35]).tolist()


def test_singleton_clusters_give_the_usual_bca_interval() -> None:
    """With one value a cluster the interval is scipy's BCa interval of the mean, here of skewed values."""
    values = np.random.default_rng(5).exponential(size=25).tolist()
    ours = difference_interval(values, range(25))
    bca, percentile = (
        scipy_stats.bootstrap(
            (values,), np.mean, n_resamples=50_000, method=method, random_state=np.random.default_rng(9)
        ).confidence_interval
        for method in ("BCa", "percentile")
    )
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((bca.low, bca.high), abs=0.010)
    assert ours.high - percentile.high > 0.015  # so the correction is there, and is not lost in the tolerance


def test_repeated_pairs_in_a_file_add_no_certainty() -> None:
    """Each pair four times in its file: the same interval, where an unclustered bootstrap would halve it."""
    differences = skewed_differences(40)
    single = difference_interval(differences, range(40))
    fourfold = difference_interval(differences * 4, [*range(40)] * 4)
    unclustered = difference_interval(differences * 4, range(160))
    assert single == fourfold
    assert single is not None and unclustered is not None
    assert unclustered.high - unclustered.low < 0.65 * (single.high - single.low)


def test_clusters_of_unequal_size_weigh_by_their_pairs() -> None:
    """The interval lies around the mean over pairs, not around the mean over files."""
    clusters = [0] * 60 + list(range(1, 31))
    interval = difference_interval([1] * 45 + [0] * 15 + [0] * 30, clusters)
    assert interval is not None
    assert interval.low < 0.5 < interval.high  # the mean over files would be 0.024


def test_the_same_seed_gives_the_same_interval() -> None:
    """A report can be computed again to the digit."""
    differences = skewed_differences(30)
    assert difference_interval(differences, range(30), seed=4) == difference_interval(differences, range(30), seed=4)


def test_few_files_give_no_interval() -> None:
    """Below the least number of files nothing is claimed."""
    assert difference_interval([1] * 50, [n % (MIN_CLUSTERS - 1) for n in range(50)]) is None
    assert difference_interval([1, 0] * 25, [n % MIN_CLUSTERS for n in range(50)]) is not None


def test_equal_differences_give_an_interval_without_width() -> None:
    """Where no pair differs from another, the bias correction has no value and is left out."""
    interval = difference_interval([0] * 20, range(20))
    assert interval is not None
    assert (interval.low, interval.high) == (0.0, 0.0)


@pytest.mark.parametrize(("n_gained", "n_lost"), [(9, 2), (2, 9), (5, 0), (4, 4)])
def test_mcnemar_is_the_two_sided_sign_test(n_gained: int, n_lost: int) -> None:
    """Twice the smaller tail of the binomial distribution with p = 1/2, computed by hand."""
    n = n_gained + n_lost
    tail = sum(comb(n, k) for k in range(min(n_gained, n_lost) + 1)) / 2**n
    assert mcnemar_p(n_gained, n_lost) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_without_a_differing_pair_is_one() -> None:
    """No difference, no evidence."""
    assert mcnemar_p(0, 0) == 1.0


def test_wilson_interval_of_a_known_case() -> None:
    """8 of 10: Wilson's formula by hand."""
    z, n, p = 1.959964, 10, 0.8
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    interval = accuracy_interval(8, 10)
    assert (interval.low, interval.high) == pytest.approx((middle - half, middle + half), abs=1e-6)


def test_strata_are_fixed_and_values_are_drawn() -> None:
    """Strata without differences within them are certain, however much they differ from each other."""
    interval = strata_interval([[0.0] * 8, [1.0] * 8])
    assert interval is not None
    assert (interval.low, interval.high) == (0.5, 0.5)
    assert strata_interval([[0.0, 1.0], [1.0] * (MIN_CLUSTERS - 3)]) is None


def test_strata_weigh_the_same() -> None:
    """The interval is for the mean of means: its width is that of the strata's own, put together by hand."""
    small, large = [0.0, 1.0] * 5, [0.0, 1.0] * 200
    interval = strata_interval([small, large])
    assert interval is not None
    deviation = np.sqrt(0.25 / len(small) + 0.25 / len(large)) / 2
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * deviation, rel=0.15)
