"""The statistics of a paired comparison: an interval for each accuracy, one for the difference, an exact test.

Questions about one file are not independent, so what is resampled is files, not questions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.stats import binomtest  # type: ignore[attr-defined]  # scipy makes its list of names at run time

FloatVector = np.ndarray[tuple[int], np.dtype[np.float64]]

CONFIDENCE = 0.95
N_RESAMPLES = 20_000  # the ends of the interval then vary by about 0.005 between seeds, at 60 questions
# With few clusters the bootstrap's interval is far too narrow, and looks just as good: no interval then. The limit is
# a convention; Cameron, Gelbach and Miller call 5 to 30 clusters few.
MIN_CLUSTERS = 10
_BATCH = 1000  # resamples drawn at once: bounds the memory for repositories of many files


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


def accuracy_interval(n_correct: int, n: int) -> Interval:
    """Wilson's score interval for a proportion (E. B. Wilson, JASA 22, 1927). ``n`` is at least 1."""
    interval = binomtest(n_correct, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def mcnemar_p(n_gained: int, n_lost: int) -> float:
    """The exact two-sided McNemar test: of the pairs that differ, as many should be gained as lost.

    Q. McNemar, Psychometrika 12, 1947; in its exact form a sign test. 1.0 where no pair differs.
    """
    n_differing = n_gained + n_lost
    return float(binomtest(n_gained, n_differing, 0.5).pvalue) if n_differing else 1.0


def difference_interval(
    differences: Sequence[float], clusters: Sequence[Hashable], *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Interval | None:
    """An interval for the mean of paired ``differences``, by the BCa bootstrap over ``clusters``.

    Whole clusters are drawn with replacement, with all their pairs (A. C. Cameron, J. B. Gelbach, D. L. Miller,
    Review of Economics and Statistics 90, 2008); the percentiles are corrected for bias and acceleration, the latter
    by leaving out one cluster at a time (B. Efron, JASA 82, 1987). With one pair a cluster it is the usual BCa.
    None with fewer than ``MIN_CLUSTERS`` clusters. All differences equal: an interval of no width.
    """
    sums, counts = _sum_clusters(differences, clusters)
    n_clusters = len(sums)
    if n_clusters < MIN_CLUSTERS:
        return None
    observed = sums.sum() / counts.sum()
    chance = np.random.default_rng(seed)
    batches = []
    for start in range(0, n_resamples, _BATCH):
        draws = chance.integers(0, n_clusters, (min(_BATCH, n_resamples - start), n_clusters))
        batches.append(sums[draws].sum(axis=1) / counts[draws].sum(axis=1))
    means = np.concatenate(batches)
    share_below = ((means < observed).mean() + (means <= observed).mean()) / 2
    shares = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    if 0 < share_below < 1:
        normal = NormalDist()
        bias = normal.inv_cdf(share_below)
        acceleration = _acceleration((sums.sum() - sums) / (counts.sum() - counts))
        corrected = [bias + normal.inv_cdf(share) for share in shares]
        shares = [normal.cdf(bias + z / (1 - acceleration * z)) for z in corrected]
    low, high = np.quantile(means, shares)
    return Interval(float(low), float(high))


def mean_interval(values: Sequence[float], *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Interval | None:
    """An interval for the mean of ``values`` that are independent: ``difference_interval`` with one a cluster."""
    return difference_interval(values, range(len(values)), seed=seed, n_resamples=n_resamples)


def strata_interval(
    strata: Sequence[Sequence[float]], *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Interval | None:
    """An interval for the mean of the means of ``strata``, which are fixed: what is drawn is values within each.

    For strata that are no sample of others, or too few to be one: it says how sure the mean over these very strata
    is, and nothing of any other. The percentile bootstrap. None with fewer than ``MIN_CLUSTERS`` values.
    """
    if sum(len(values) for values in strata) < MIN_CLUSTERS:
        return None
    chance = np.random.default_rng(seed)
    total = np.zeros(n_resamples)
    for values in strata:
        sample = np.asarray(values, dtype=np.float64)
        for start in range(0, n_resamples, _BATCH):
            draws = chance.integers(0, len(sample), (min(_BATCH, n_resamples - start), len(sample)))
            total[start : start + _BATCH] += sample[draws].mean(axis=1)
    low, high = np.quantile(total / len(strata), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(low), float(high))


def _sum_clusters(differences: Sequence[float], clusters: Sequence[Hashable]) -> tuple[FloatVector, FloatVector]:
    """Sum and number of each cluster's differences, both of shape (n_clusters,)."""
    grouped: dict[Hashable, list[float]] = defaultdict(list)
    for difference, cluster in zip(differences, clusters, strict=True):
        grouped[cluster].append(difference)
    sums = np.array([sum(group) for group in grouped.values()], dtype=np.float64)
    return sums, np.array([len(group) for group in grouped.values()], dtype=np.float64)


def _acceleration(left_out: FloatVector) -> float:
    """A sixth of the skewness of the jackknife's values; 0 where they are all the same."""
    deviations = left_out.mean() - left_out
    spread = float((deviations**2).sum())
    return float((deviations**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
