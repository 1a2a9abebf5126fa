"""What a confidence is worth: does it part right from wrong, is it true, and what does answering less bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Vector = NDArray[np.float64]

N_BINS = 10


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Confidences from ``low`` to below ``high``: how many, their mean, and the share that came true."""

    low: float
    high: float
    n: int
    mean_confidence: float
    share_true: float


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """With the surest ``coverage`` of all answered, ``risk`` of the answered are wrong."""

    coverage: float
    risk: float


def measure_auroc(values: Sequence[float], came_true: Sequence[bool]) -> float | None:
    """The chance that one that came true has a higher value than one that did not; ties count half.

    From the rank sum (J. A. Hanley, B. J. McNeil, Radiology 143, 1982). None where all of them are alike.
    """
    truths = np.asarray(came_true, dtype=bool)
    n_true = int(truths.sum())
    n_pairs = n_true * (len(truths) - n_true)
    if not n_pairs:
        return None
    ranks = rankdata(np.asarray(values, dtype=np.float64))
    return (float(ranks[truths].sum()) - n_true * (n_true + 1) / 2) / n_pairs


def measure_calibration_error(
    values: Sequence[float], came_true: Sequence[bool], weights: Sequence[float] | Vector | None = None
) -> float:
    """Expected calibration error over ten bins of equal width (M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015).

    The mean distance of a bin's confidence from its share that came true. ``values`` lie within 0 to 1, at least one.
    """
    confidences, truths = np.asarray(values, dtype=np.float64), np.asarray(came_true, dtype=np.float64)
    shares = np.ones(len(truths)) if weights is None else np.asarray(weights, dtype=np.float64)
    bins = _bin(confidences)
    gaps = (abs(float((shares * (confidences - truths))[bins == number].sum())) for number in range(N_BINS))
    return sum(gaps) / float(shares.sum())


def bin_confidences(values: Sequence[float], came_true: Sequence[bool]) -> list[CalibrationBin]:
    """The bins of ``measure_calibration_error`` that are not empty."""
    confidences, truths = np.asarray(values, dtype=np.float64), np.asarray(came_true, dtype=np.float64)
    bins = _bin(confidences)
    return [
        CalibrationBin(
            low=number / N_BINS,
            high=(number + 1) / N_BINS,
            n=int((bins == number).sum()),
            mean_confidence=float(confidences[bins == number].mean()),
            share_true=float(truths[bins == number].mean()),
        )
        for number in range(N_BINS)
        if (bins == number).any()
    ]


def trace_risk(values: Sequence[float], is_right: Sequence[bool]) -> list[RiskPoint]:
    """The risk-coverage curve, the surest first. Among equal confidences the order is chance, so their mean counts."""
    confidences, wrong = np.asarray(values, dtype=np.float64), 1.0 - np.asarray(is_right, dtype=np.float64)
    n = len(confidences)
    points, n_seen, n_wrong = [], 0, 0.0
    for value in sorted(set(confidences.tolist()), reverse=True):
        group = wrong[confidences == value]
        for _ in group:
            n_seen, n_wrong = n_seen + 1, n_wrong + float(group.mean())
            points.append(RiskPoint(n_seen / n, n_wrong / n_seen))
    return points


def measure_aurc(points: Sequence[RiskPoint]) -> float | None:
    """The area under the risk-coverage curve: the mean risk over all coverages, lower is better.

    Y. Geifman, G. Uziel, R. El-Yaniv, Bias-Reduced Uncertainty Estimation, ICLR 2019. None without points.
    """
    return float(np.mean([point.risk for point in points])) if points else None


def _bin(confidences: Vector) -> NDArray[np.int64]:
    return np.minimum((confidences * N_BINS).astype(np.int64), N_BINS - 1)
