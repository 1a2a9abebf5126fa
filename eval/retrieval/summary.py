"""The figures of a retrieval evaluation, as the plain data that ``--json`` prints. How they are shown is in ``report``.

A figure of a suite is the mean over its repositories of the mean over a repository's questions. Intervals are by the
BCa bootstrap: over repositories for a suite, over questions for one repository; none where there are too few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np

from eval.stats import Interval, difference_interval

from .metrics import measure_names
from .records import ArmOutcome, QuestionOutcome, RepositoryOutcome

COVERED = "covered@1000"
_DIGITS = 6

Figures = dict[str, Any]
_Value = Callable[[QuestionOutcome], float | None]


def summarise(outcomes: Sequence[RepositoryOutcome], *, k: int = 10, seed: int = 0) -> Figures:
    """``summary`` (the arm ``ranked``), ``repositories``, and ``arms``: what each other arm brings, paired."""
    names = [arm.arm for arm in outcomes[0].arms]
    by_arm = {name: [_arm(outcome, name) for outcome in outcomes] for name in names}
    ranked, *others = names
    repositories = [_describe_repository(outcome, k, seed) for outcome in outcomes]
    arms = {}
    for name in others:
        arms[name] = _summarise_arm(by_arm[name], k, seed) | _difference(by_arm[name], by_arm[ranked], k, seed)
        arms[name]["repositories"] = {
            outcome.repository.name: _round(_mean(arm.questions, _value(f"ndcg@{k}")))
            for outcome, arm in zip(outcomes, by_arm[name], strict=True)
        }
    return {"summary": _summarise_arm(by_arm[ranked], k, seed), "repositories": repositories, "arms": arms}


def question_lines(outcomes: Sequence[RepositoryOutcome]) -> list[Figures]:
    """One entry a repository, arm and question: what was found where, to look at by hand."""
    return [
        {
            "repository": outcome.repository.name,
            "arm": arm.arm,
            "line": asked.question.line,
            "query": asked.question.query,
            "category": asked.question.category,
            "relevant": [
                {"path": place.path, "start_line": place.start_line, "end_line": place.end_line, "rank": rank}
                for place, rank in zip(asked.question.relevant, asked.ranks, strict=True)
            ],
            **{name: _round(value) for name, value in asked.measures.items()},
            COVERED: asked.is_covered,
            "query_ms": round(asked.query_ms, 3),
            "hits": [
                {"location": hit.chunk.location, "symbol": hit.chunk.symbol, "score": hit.score}
                | {"signals": dict(hit.signals)}
                for hit in asked.hits
            ],
        }
        for outcome in outcomes
        for arm in outcome.arms
        for asked in arm.questions
    ]


def _describe_repository(outcome: RepositoryOutcome, k: int, seed: int) -> Figures:
    arm = outcome.arms[0]
    return {
        "name": outcome.repository.name,
        "language": outcome.repository.language,
        "commit": outcome.commit,
        "n_files": arm.index.n_files,
        "n_chunks": arm.index.n_chunks,
        **_summarise_arm([arm], k, seed),
        "index_is_kept": arm.index.is_kept,
    }


def _summarise_arm(repositories: Sequence[ArmOutcome], k: int, seed: int) -> Figures:
    questions = [asked for arm in repositories for asked in arm.questions]
    milliseconds = [asked.query_ms for asked in questions]
    categories = sorted({asked.question.category for asked in questions})
    return {
        **_quality(repositories, k, seed),
        "n_repositories": len(repositories),
        "index_seconds": round(median(arm.index.seconds for arm in repositories), 3),
        "index_seconds_total": round(sum(arm.index.seconds for arm in repositories), 3),
        "query_p50_ms": round(float(np.percentile(milliseconds, 50)), 3),
        "query_p95_ms": round(float(np.percentile(milliseconds, 95)), 3),
        "by_category": {category: _quality(_only(repositories, category), k, seed) for category in categories},
    }


def _quality(repositories: Sequence[ArmOutcome], k: int, seed: int) -> Figures:
    headline, *others = measure_names(k)
    samples = _samples([arm.questions for arm in repositories], _value(headline))
    with_lines = [asked for arm in repositories for asked in arm.questions if asked.is_covered is not None]
    return {
        headline: _round(fmean(samples)),
        "ci95": _as_list(_interval(samples, seed)),
        **{name: _mean_over(repositories, _value(name)) for name in others},
        COVERED: _mean_over(repositories, _covered) if with_lines else None,
        "n_queries": sum(len(arm.questions) for arm in repositories),
        "n_queries_with_lines": len(with_lines),
    }


def _difference(repositories: Sequence[ArmOutcome], baseline: Sequence[ArmOutcome], k: int, seed: int) -> Figures:
    """The arm minus ``ranked``, question by question."""
    value = _value(f"ndcg@{k}")
    pairs = zip(
        _samples([arm.questions for arm in repositories], value),
        _samples([arm.questions for arm in baseline], value),
        strict=True,
    )
    differences = [one - other for one, other in pairs]
    return {
        "difference": _round(fmean(differences)),
        "difference_ci95": _as_list(_interval(differences, seed)),
    }


def _samples(questions: Sequence[Sequence[QuestionOutcome]], value: _Value) -> list[float]:
    """What the bootstrap draws from: a mean a repository, or, of one repository, a value a question."""
    if len(questions) == 1:
        return [found for asked in questions[0] if (found := value(asked)) is not None]
    return [mean for of_one in questions if (mean := _mean(of_one, value)) is not None]


def _mean_over(repositories: Sequence[ArmOutcome], value: _Value) -> float | None:
    return _round(fmean(_samples([arm.questions for arm in repositories], value)))


def _mean(questions: Sequence[QuestionOutcome], value: _Value) -> float | None:
    values = [found for asked in questions if (found := value(asked)) is not None]
    return fmean(values) if values else None


def _value(name: str) -> _Value:
    return lambda asked: asked.measures[name]


def _covered(asked: QuestionOutcome) -> float | None:
    return None if asked.is_covered is None else float(asked.is_covered)


def _only(repositories: Sequence[ArmOutcome], category: str) -> list[ArmOutcome]:
    """The repositories that have questions of the category, with these alone."""
    kept = [
        ArmOutcome(arm.arm, arm.index, [asked for asked in arm.questions if asked.question.category == category])
        for arm in repositories
    ]
    return [arm for arm in kept if arm.questions]


def _arm(outcome: RepositoryOutcome, name: str) -> ArmOutcome:
    return next(arm for arm in outcome.arms if arm.arm == name)


def _interval(values: Sequence[float], seed: int) -> Interval | None:
    return difference_interval(values, range(len(values)), seed=seed)


def _as_list(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(interval.low, _DIGITS), round(interval.high, _DIGITS)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
