"""The figures of a suite against values computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from eval.retrieval.records import (
    ArmOutcome,
    IndexFigures,
    QuestionOutcome,
    RelevantPlace,
    RepositoryOutcome,
    RetrievalQuestion,
    SuiteRepository,
)
from eval.retrieval.report import to_markdown
from eval.retrieval.summary import summarise


def _asked(ndcg: float, category: str = "semantic", is_covered: bool | None = None, ms: float = 1.0) -> QuestionOutcome:
    question = RetrievalQuestion("q", (RelevantPlace("a.py"),), category, 1)
    measures = {"ndcg@10": ndcg, "recall@1": 0.0, "recall@5": 0.5, "recall@10": ndcg, "mrr@10": ndcg / 2}
    return QuestionOutcome(question, (), (None,), measures, is_covered, ms)


def _outcome(name: str, **arms: Sequence[QuestionOutcome]) -> RepositoryOutcome:
    index = IndexFigures(n_files=3, n_chunks=30, seconds=1.5, is_kept=False)
    found = [ArmOutcome(arm, index, questions) for arm, questions in arms.items()]
    return RepositoryOutcome(SuiteRepository(name, "python"), "c0ffee", found)


def test_a_suite_is_a_mean_of_means() -> None:
    """A repository with many questions weighs as much as one with few."""
    outcomes = [_outcome("a", ranked=[_asked(1.0)] * 9), _outcome("b", ranked=[_asked(0.0)])]
    figures = summarise(outcomes)
    assert figures["summary"]["ndcg@10"] == pytest.approx(0.5)
    assert figures["summary"]["mrr@10"] == pytest.approx(0.25)
    assert [entry["ndcg@10"] for entry in figures["repositories"]] == [1.0, 0.0]
    assert (figures["summary"]["index_seconds"], figures["summary"]["index_seconds_total"]) == (1.5, 3.0)


def test_a_category_counts_the_repositories_that_have_it() -> None:
    """Its figure is the mean over these, each over its own questions of the category."""
    one = [_asked(1.0, "symbol"), _asked(0.0, "symbol"), _asked(0.2, "semantic")]
    outcomes = [_outcome("a", ranked=one), _outcome("b", ranked=[_asked(0.4, "semantic")])]
    by_category = summarise(outcomes)["summary"]["by_category"]
    assert by_category["symbol"]["ndcg@10"] == pytest.approx(0.5)
    assert by_category["semantic"]["ndcg@10"] == pytest.approx(0.3)
    assert by_category["symbol"]["n_queries"] == 2


def test_coverage_is_of_questions_with_lines_alone() -> None:
    """The others neither help nor harm; without any there is no figure."""
    with_lines = [_asked(1, is_covered=True), _asked(1, is_covered=False), _asked(1)]
    figures = summarise([_outcome("a", ranked=with_lines), _outcome("b", ranked=[_asked(1)])])
    assert figures["summary"]["covered@1000"] == pytest.approx(0.5)
    assert figures["summary"]["n_queries_with_lines"] == 2
    assert figures["repositories"][1]["covered@1000"] is None


def test_an_arm_is_compared_question_by_question() -> None:
    """A constant gain has an interval without width, however much the questions differ."""
    ranked = [_asked(n / 40) for n in range(20)]
    better = [_asked(n / 40 + 0.25) for n in range(20)]
    arm = summarise([_outcome("a", ranked=ranked, dense=better)])["arms"]["dense"]
    assert arm["difference"] == pytest.approx(0.25)
    assert arm["difference_ci95"] == pytest.approx([0.25, 0.25])
    assert arm["ci95"][1] - arm["ci95"][0] > 0.05


@pytest.mark.parametrize(("n_repositories", "n_questions"), [(12, 1), (2, 5), (1, 10)])
def test_an_interval_holds_the_mean(n_repositories: int, n_questions: int) -> None:
    """Over repositories where there are enough, else over questions."""
    outcomes = [
        _outcome(f"r{n}", ranked=[_asked(((n + m) % 3) / 2) for m in range(n_questions)]) for n in range(n_repositories)
    ]
    summary = summarise(outcomes)["summary"]
    low, high = summary["ci95"]
    assert low < summary["ndcg@10"] < high


def test_few_questions_have_no_interval() -> None:
    """Nine values are too few to draw from."""
    assert summarise([_outcome("a", ranked=[_asked(n / 9) for n in range(9)])])["summary"]["ci95"] is None


def test_the_interval_of_a_suite_is_over_its_repositories() -> None:
    """Ten repositories that agree within themselves and not with each other have a wide one, one repository none."""
    outcomes = [_outcome(f"r{n}", ranked=[_asked(n % 2)] * 20) for n in range(10)]
    low, high = summarise(outcomes)["summary"]["ci95"]
    assert high - low > 0.4


def test_percentiles_are_of_all_queries() -> None:
    """p50 and p95 in milliseconds, over the questions of all repositories."""
    outcomes = [_outcome("a", ranked=[_asked(1, ms=float(n)) for n in range(1, 102)])]
    summary = summarise(outcomes)["summary"]
    assert (summary["query_p50_ms"], summary["query_p95_ms"]) == (51.0, 96.0)


def test_the_tables_hold_every_repository_arm_and_category() -> None:
    """What is measured is shown, and what there is not is a dash."""
    outcomes = [
        _outcome(name, ranked=[_asked(0.5, "symbol"), _asked(0.25)], lexical=[_asked(0.5, "symbol"), _asked(0.75)])
        for name in ("alpha", "beta")
    ]
    figures: dict[str, Any] = summarise(outcomes)
    page = to_markdown(figures, 10)
    for text in ("alpha", "beta", "mean", "lexical", "+0.250", "symbol (2)", "| -  ", "0.375"):
        assert text in page
