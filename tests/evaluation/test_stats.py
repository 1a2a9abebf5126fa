"""The statistics against values that were computed another way."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from math import comb, sqrt

import numpy as np
import pytest
from scipy import stats as scipy_stats

from eval.stats import (
    MIN_CLUSTERS,
    accuracy_interval,
    adjust_holm,
    cohen_kappa,
    detectable_difference,
    detectable_mean,
    difference_interval,
    mcnemar_p,
    pass_at_k,
    pooled_interval,
    strata_interval,
)


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


def test_holm_of_a_known_family() -> None:
    """Multiplied by 4, 3, 2, 1 from the smallest on, and never below the one before; in the order that was given."""
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_holm([0.6, 0.5]) == [1.0, 1.0]
    assert adjust_holm([]) == []


def test_holm_of_a_family_that_goes_on() -> None:
    """Tests that are still to come are counted, and whatever they find, what is adjusted now does not grow."""
    now = adjust_holm([0.01, 0.03], 4)
    assert now == pytest.approx([0.04, 0.09])
    for others in ([1.0, 1.0], [0.001, 0.02], [0.011, 0.029]):
        later = adjust_holm([0.01, 0.03, *others])[:2]
        assert all(after <= before + 1e-12 for before, after in zip(now, later, strict=True))


@pytest.mark.parametrize(("n", "n_contrary"), [(60, 12), (60, 2), (60, 0), (32, 1)])
def test_the_detectable_difference_is_the_one_with_the_power(n: int, n_contrary: int) -> None:
    """Runs drawn with so many lost and a true gain of that size are significant in about 80 % of cases, with half of
    it in fewer."""
    smallest = detectable_difference(n, n_contrary)
    assert smallest is not None
    chance = np.random.default_rng(2)
    p_of = cache(mcnemar_p)

    def share_seen(difference: float) -> float:
        lost = n_contrary / n
        runs = chance.multinomial(n, [lost + difference, lost, 1 - 2 * lost - difference], 4000).tolist()
        return sum(p_of(n_gained, n_lost) < 0.05 for n_gained, n_lost, _ in runs) / len(runs)

    assert share_seen(smallest) == pytest.approx(0.8, abs=0.02)
    assert share_seen(smallest / 2) < 0.5


def test_pairs_that_go_the_other_way_hide_differences() -> None:
    """However few differ in all: with 2 of 60 lost more must be gained than with none, which takes a tenth to a
    sixth."""
    values = [detectable_difference(60, n_contrary) for n_contrary in (0, 1, 2, 4, 8)]
    known = [value for value in values if value is not None]
    assert known == sorted(known) and len(set(known)) == 5
    assert 0.1 < known[0] < 0.15 < known[2] < 0.2


def test_the_detectable_difference_is_near_the_usual_formula() -> None:
    """R. J. Connor, Biometrics 43, 1987, solved for the difference; the exact test needs a little more."""
    n, n_contrary = 150, 15
    smallest = detectable_difference(n, n_contrary)
    assert smallest is not None
    share = smallest + 2 * n_contrary / n
    needed = (1.959964 * sqrt(share) + 0.841621 * sqrt(share - smallest**2)) ** 2 / smallest**2
    assert needed < n < 1.25 * needed


def test_few_pairs_could_have_shown_nothing() -> None:
    """Five pairs are never significant, however they fall; six can be. Nor are many of which half are lost."""
    assert detectable_difference(5, 0) is None
    assert detectable_difference(0, 0) is None
    assert mcnemar_p(5, 0) > 0.05 > mcnemar_p(6, 0)
    assert detectable_difference(6, 0) is not None
    assert detectable_difference(60, 30) is None


def test_the_detectable_mean_is_the_usual_formula() -> None:
    """2.8 standard errors."""
    values = [1.0, -1.0] * 50
    assert detectable_mean(values) == pytest.approx(2.8016 * np.std(values, ddof=1) / 10, rel=1e-3)
    assert detectable_mean([1.0]) is None


@pytest.mark.parametrize(("n", "n_correct", "k"), [(5, 2, 1), (5, 2, 3), (6, 0, 2), (4, 4, 1), (5, 3, 3)])
def test_pass_at_k_counts_the_draws_with_a_right_one(n: int, n_correct: int, k: int) -> None:
    """The share of all draws of k answers that hold a right one."""
    draws = list(combinations([True] * n_correct + [False] * (n - n_correct), k))
    assert pass_at_k(n, n_correct, k) == pytest.approx(sum(any(draw) for draw in draws) / len(draws))


def test_pass_at_k_needs_k_answers() -> None:
    """More than there are is an error, not a guess."""
    with pytest.raises(ValueError, match="pass@3"):
        pass_at_k(2, 1, 3)


def test_kappa_of_a_known_table() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, so 0.4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(["a"], ["a"]) is None
    assert cohen_kappa([], []) is None


def test_one_stratum_pools_to_its_own_interval() -> None:
    """Pooling one task is the percentile bootstrap over its files, which is near the BCa one."""
    differences = skewed_differences(60)
    clusters = [number // 2 for number in range(60)]
    pooled, alone = pooled_interval([(differences, clusters)]), difference_interval(differences, clusters)
    assert pooled is not None and alone is not None
    assert (pooled.low, pooled.high) == pytest.approx((alone.low, alone.high), abs=0.02)


def test_pooling_needs_every_stratum_to_have_files() -> None:
    """One task of few files would lend the pool a certainty that it does not have."""
    wide = (skewed_differences(40), range(40))
    assert pooled_interval([wide, ([0.0, 1.0] * 10, [0, 1] * 10)]) is None
    assert pooled_interval([]) is None


def test_a_file_of_two_strata_is_drawn_once() -> None:
    """A second task with the same outcomes in the same files adds no certainty; in files of its own it does."""
    differences = skewed_differences(40)
    one = pooled_interval([(differences, range(40))])
    same = pooled_interval([(differences, range(40))] * 2)
    apart = pooled_interval([(differences, range(40)), (differences, range(40, 80))])
    assert one is not None and same is not None and apart is not None
    assert (same.low, same.high) == pytest.approx((one.low, one.high))
    assert apart.high - apart.low == pytest.approx((one.high - one.low) / sqrt(2), rel=0.1)
