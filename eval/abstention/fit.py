"""The logistic regression, and what a probability is worth: does it part, is it true, what does a threshold cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from assistant.confidence import CONFIDENCE_SIGNALS, Coefficients, is_too_weak
from eval.calibration import measure_auroc, measure_calibration_error

from .records import Case

Vector = NDArray[np.float64]

_LEAST_DEVIATION = 0.001  # of a signal that varies at all: coefficients are written with four digits


@dataclass(frozen=True, slots=True)
class Threshold:
    """What refusing below ``value`` does: shares of own questions, of own ones whose hits hold the answer, of
    other repositories' questions, and of unanswerable ones of real names that are refused."""

    value: float
    own_refused: float
    held_refused: float
    foreign_refused: float
    unanswerable_refused: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of one set of cases. ``auroc`` is None where all of them are alike."""

    n: int
    n_hold: int
    auroc: float | None
    ece: float
    brier: float


def fit_coefficients(cases: Sequence[Case], *, penalty: float, without: frozenset[str] = frozenset()) -> Coefficients:
    """Logistic regression with a squared penalty. Every repository counts the same, and in each repository both
    outcomes do: a probability is as if every second question had its answer in the hits.
    """
    names = [name for name in CONFIDENCE_SIGNALS if name not in without]
    table = np.asarray([[case.signals[name] for name in names] for case in cases])
    means, deviations = table.mean(axis=0), table.std(axis=0)
    deviations = np.where(deviations < _LEAST_DEVIATION, 1.0, deviations)
    standard = (table - means) / deviations
    holds = np.asarray([case.holds for case in cases], dtype=float)
    shares = _weigh(cases)

    def loss(parameters: Vector) -> tuple[float, Vector]:
        logits = standard @ parameters[1:] + parameters[0]
        errors = shares * (expit(logits) - holds)
        value = float((shares * (np.logaddexp(0, logits) - holds * logits)).sum())
        gradient = np.concatenate([[errors.sum()], errors @ standard + 2 * penalty * parameters[1:]])
        return value + penalty * float(parameters[1:] @ parameters[1:]), gradient

    start = np.zeros(len(names) + 1)
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B").x  # type: ignore[no-untyped-call]
    return Coefficients(
        intercept=round(float(fitted[0]), 4),
        weights={name: round(float(weight), 4) for name, weight in zip(names, fitted[1:], strict=True)},
        means={name: round(float(mean), 4) for name, mean in zip(names, means, strict=True)},
        deviations={name: round(float(deviation), 4) for name, deviation in zip(names, deviations, strict=True)},
    )


def cross_validate(
    cases: Sequence[Case], *, penalty: float, without: frozenset[str] = frozenset()
) -> list[tuple[Case, float]]:
    """Each case with its probability by coefficients that know neither questions asked of its repository, nor the
    repository's questions asked of others."""
    judged = []
    for repository in dict.fromkeys(case.repository for case in cases):
        seen = [case for case in cases if repository not in (case.repository, case.question.repository)]
        coefficients = fit_coefficients(seen, penalty=penalty, without=without)
        judged += [(case, coefficients.probability(case.signals)) for case in cases if case.repository == repository]
    return judged


def measure_quality(judged: Sequence[tuple[Case, float]]) -> Quality:
    """AUROC (the share of pairs in the right order), expected calibration error over ten bins of equal width, and
    Brier score; each repository's outcomes weighted as in the fit."""
    holds = [case.holds for case, _ in judged]
    values = np.asarray([value for _, value in judged])
    shares = _weigh([case for case, _ in judged])
    auroc = measure_auroc(values.tolist(), holds)
    return Quality(
        n=len(judged),
        n_hold=sum(holds),
        auroc=None if auroc is None else round(auroc, 4),
        ece=round(measure_calibration_error(values.tolist(), holds, shares), 4),
        brier=round(float((shares * (values - holds) ** 2).sum() / shares.sum()), 4),
    )


def measure_threshold(judged: Sequence[tuple[Case, float]], value: float) -> Threshold:
    """What refusing below ``value`` does to ``judged``."""

    refused = [(case, is_too_weak(case.signals, probability, value)) for case, probability in judged]

    def share(chosen: Sequence[bool]) -> float:
        return round(sum(chosen) / max(1, len(chosen)), 4)

    return Threshold(
        value=value,
        own_refused=share([each for case, each in refused if case.is_own]),
        held_refused=share([each for case, each in refused if case.holds]),
        foreign_refused=share([each for case, each in refused if case.is_foreign]),
        unanswerable_refused=share([each for case, each in refused if not (case.is_own or case.is_foreign)]),
    )


def trace_risk(judged: Sequence[tuple[Case, float]]) -> list[tuple[float, float]]:
    """Points (coverage, risk) for every threshold: the share of questions that are answered, and of those the share
    whose hits do not hold the answer. Half of the questions are own ones that have an answer."""
    share = _share_own([case for case, _ in judged])
    coverage = risky = 0.0
    points = []
    for case, _ in sorted(judged, key=lambda each: -each[1]):
        coverage += share[case.is_own]
        risky += share[case.is_own] * (not case.holds)
        points.append((coverage, risky / coverage))
    return points


def place_threshold(judged: Sequence[tuple[Case, float]], value: float) -> tuple[float, float] | None:
    """(coverage, risk) where all are answered but those that are refused below ``value``; None where none is.

    As in ``measure_threshold``, and so not on the line of ``trace_risk``: names that are all there are never refused.
    """
    share = _share_own([case for case, _ in judged])
    answered = [case for case, probability in judged if not is_too_weak(case.signals, probability, value)]
    coverage = sum(share[case.is_own] for case in answered)
    return (coverage, sum(share[case.is_own] for case in answered if not case.holds) / coverage) if answered else None


def _share_own(cases: Sequence[Case]) -> dict[bool, float]:
    """What one question counts, by whether it is an own one that has an answer: half in all for either."""
    n_own = sum(case.is_own for case in cases)
    return {True: 0.5 / max(1, n_own), False: 0.5 / max(1, len(cases) - n_own)}


def _weigh(cases: Sequence[Case]) -> Vector:
    """Each repository 1 in all, half of it for each outcome."""
    counts: dict[tuple[str, bool], int] = {}
    for case in cases:
        key = case.repository, case.holds
        counts[key] = counts.get(key, 0) + 1
    weights = np.asarray([0.5 / counts[case.repository, case.holds] for case in cases])
    return np.asarray(weights / weights.sum())
