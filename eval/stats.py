"""The statistics of a paired comparison: intervals, the exact test, what it could have seen, and many of them at once.

Questions about one file are not independent, so what is resampled is files, not questions. What a confidence is
worth is in ``calibration``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np
from scipy.stats import binom, binomtest  # type: ignore[attr-defined]  # scipy makes its list of names at run time

FloatVector = np.ndarray[tuple[int], np.dtype[np.float64]]

CONFIDENCE = 0.95
POWER = 0.8  # of a smallest detectable effect: the usual convention (J. Cohen, 1988)
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


@dataclass(frozen=True, slots=True)
class Share:
    """``n_hits`` of ``n``, with Wilson's interval; both None where ``n`` is 0."""

    n_hits: int
    n: int
    share: float | None
    interval: Interval | None


def count_share(hits: Iterable[bool]) -> Share:
    """How many of all are true."""
    values = list(hits)
    n, n_hits = len(values), sum(values)
    return Share(n_hits, n, n_hits / n if n else None, accuracy_interval(n_hits, n) if n else None)


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


def pooled_interval(
    strata: Sequence[tuple[Sequence[float], Sequence[Hashable]]], *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Interval | None:
    """An interval for the mean of the mean differences of ``strata``, each with its differences and their clusters.

    The strata (tasks) are fixed, each counts the same; what is drawn is whole clusters of them all, once for all
    strata: a file that several tasks ask about is one. The percentile bootstrap. None where a stratum has fewer than
    ``MIN_CLUSTERS`` clusters.
    """
    if not strata or any(len(set(clusters)) < MIN_CLUSTERS for _, clusters in strata):
        return None
    places = {each: place for place, each in enumerate(dict.fromkeys(each for _, own in strata for each in own))}
    n_clusters = len(places)
    sums, counts = np.zeros((n_clusters, len(strata))), np.zeros((n_clusters, len(strata)))
    for stratum, (differences, clusters) in enumerate(strata):
        for difference, cluster in zip(differences, clusters, strict=True):
            sums[places[cluster], stratum] += difference
            counts[places[cluster], stratum] += 1
    chance = np.random.default_rng(seed)
    batches = []
    for start in range(0, n_resamples, _BATCH):
        # How often each cluster is drawn: of shape (resamples, n_clusters).
        draws = chance.multinomial(n_clusters, [1 / n_clusters] * n_clusters, min(_BATCH, n_resamples - start))
        with np.errstate(invalid="ignore"):  # a draw without any cluster of a stratum, one of 20,000 at most, is none
            batches.append((draws @ sums / (draws @ counts)).mean(axis=1))
    low, high = np.nanquantile(np.concatenate(batches), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(low), float(high))


def adjust_holm(p_values: Sequence[float], n_tests: int | None = None) -> list[float]:
    """The p-values, in their order, adjusted for there being several: at 0.05, one in twenty families has a false one.

    The step-down procedure of S. Holm, Scandinavian Journal of Statistics 6, 1979: the i-th smallest of m is
    multiplied by m - i + 1, and none may be below the one before it. It holds however the tests depend on each other.
    ``n_tests`` is m where tests of the family are still to come: whatever these find, no value grows by them.
    """
    m = n_tests if n_tests is not None else len(p_values)
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (m - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def detectable_difference(n_pairs: int, n_contrary: int) -> float | None:
    """The smallest true difference of two paired proportions that ``mcnemar_p`` shows with 80 % power at 0.05.

    ``n_contrary`` of the ``n_pairs`` went against the difference (were lost, if it is a gain): that share is taken as
    the true one and kept, and the share of the others that differ is raised until the exact power is reached, which is
    over how many pairs differ and how many of those are gained (S. W. Duffy, Biometrics 40, 1984). With 0 it is the
    smallest change that goes one way alone. Pairs are taken as independent: where they come from few files the truth
    is larger. None where even the largest difference would not be seen: with fewer than six pairs, whatever they are.
    """
    if n_pairs < 1:
        return None
    contrary = n_contrary / n_pairs
    low, high = 0.0, 1 - 2 * contrary
    if _mcnemar_power(n_pairs, high + contrary, contrary) < POWER:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        if _mcnemar_power(n_pairs, middle + contrary, contrary) < POWER:
            low = middle
        else:
            high = middle
    return high


def detectable_mean(differences: Sequence[float]) -> float | None:
    """The smallest true mean of paired ``differences`` that a two-sided test shows with 80 % power at 0.05.

    (z(0.975) + z(0.8)) x standard deviation / sqrt(n), the usual approximation (J. Cohen, Statistical Power Analysis,
    1988). None with fewer than two.
    """
    if len(differences) < 2:
        return None
    normal = NormalDist()
    return (normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)) * stdev(differences) / sqrt(len(differences))


def pass_at_k(n: int, n_correct: int, k: int) -> float:
    """The chance that one of ``k`` answers is right, estimated without bias from ``n`` answers of one case.

    1 - C(n - c, k) / C(n, k): M. Chen et al., Evaluating Large Language Models Trained on Code, arXiv 2107.03374.
    Raises ValueError if ``k`` is not within 1 to ``n``.
    """
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs at least {k} answers, there are {n}")
    return 1.0 - comb(n - n_correct, k) / comb(n, k)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement of two raters beyond chance (J. Cohen, Educational and Psychological Measurement 20, 1960).

    1 is full agreement, 0 what chance gives. None without items, or where both always say the same one thing.
    """
    n = len(first)
    if not n:
        return None
    observed = fmean(a == b for a, b in zip(first, second, strict=True))
    counts_first, counts_second = Counter(first), Counter(second)
    expected = sum(counts_first[label] * counts_second[label] for label in counts_first) / n**2
    return (observed - expected) / (1 - expected) if expected < 1 else None


def _mcnemar_power(n_pairs: int, gained: float, lost: float) -> float:
    """The chance of p < 0.05 in the exact test where these shares of all pairs are gained and lost, not both 0."""
    n_differing = np.arange(n_pairs + 1)
    # Rejected where at most `critical` of the differing pairs lie on the one side; -1 where none is few enough.
    critical = binom.ppf((1 - CONFIDENCE) / 2, n_differing, 0.5)
    critical = np.where(binom.cdf(critical, n_differing, 0.5) > (1 - CONFIDENCE) / 2, critical - 1, critical)
    share = min(1.0, gained + lost)  # the sum may exceed 1 by a rounding
    of_differing = gained / (gained + lost)
    rejected = binom.cdf(critical, n_differing, of_differing)
    rejected = rejected + binom.sf(n_differing - critical - 1, n_differing, of_differing)
    return float((binom.pmf(n_differing, n_pairs, share) * np.where(n_differing > 0, rejected, 0.0)).sum())


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
