"""The figures of a retrieval evaluation, as the plain data that ``--json`` prints. How they are shown is in ``report``.

A figure of a suite is the mean over its repositories of the mean over a repository's questions. Intervals are by the
bootstrap: over repositories where there are ten or more, over questions where there are fewer or one (then they say
nothing of other repositories), none with fewer than ten questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np

from eval.stats import MIN_CLUSTERS, Interval, mean_interval, strata_interval

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
            outcome.repository.name: _mean_over([arm], _value(f"ndcg@{k}"))
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
        "suite_commit": outcome.repository.commit or None,
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
    values = _values(repositories, _value(headline))
    with_lines = [asked for arm in repositories for asked in arm.questions if asked.is_covered is not None]
    return {
        headline: _round(_mean_of_means(values)),
        "ci95": _interval(values, seed),
        **{name: _mean_over(repositories, _value(name)) for name in others},
        COVERED: _mean_over(repositories, _covered) if with_lines else None,
        "n_queries": sum(len(arm.questions) for arm in repositories),
        "n_queries_with_lines": len(with_lines),
    }


def _difference(repositories: Sequence[ArmOutcome], baseline: Sequence[ArmOutcome], k: int, seed: int) -> Figures:
    """The arm minus ``ranked``, question by question."""
    value = _value(f"ndcg@{k}")
    paired = zip(_values(repositories, value), _values(baseline, value), strict=True)
    differences = [[one - other for one, other in zip(ones, others, strict=True)] for ones, others in paired]
    return {
        "difference": _round(_mean_of_means(differences)),
        "difference_ci95": _interval(differences, seed),
    }


def _values(repositories: Sequence[ArmOutcome], value: _Value) -> list[list[float]]:
    """The values of each repository's questions, without the questions and repositories that have none."""
    lists = [[found for asked in arm.questions if (found := value(asked)) is not None] for arm in repositories]
    return [values for values in lists if values]


def _mean_over(repositories: Sequence[ArmOutcome], value: _Value) -> float | None:
    return _round(_mean_of_means(_values(repositories, value)))


def _mean_of_means(values: Sequence[Sequence[float]]) -> float:
    return fmean(fmean(of_one) for of_one in values)


def _interval(values: Sequence[Sequence[float]], seed: int) -> list[float] | None:
    """Over repositories if there are enough; else over questions: BCa for one repository, stratified for some."""
    interval: Interval | None
    if len(values) >= MIN_CLUSTERS:
        interval = mean_interval([fmean(of_one) for of_one in values], seed=seed)
    elif len(values) == 1:
        interval = mean_interval(values[0], seed=seed)
    else:
        interval = strata_interval(values, seed=seed)
    return None if interval is None else [round(interval.low, _DIGITS), round(interval.high, _DIGITS)]


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


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
