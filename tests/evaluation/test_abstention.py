"""The fit of the confidence: it learns what parts, says how true it is, and what a threshold costs."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.confidence import CONFIDENCE_SIGNALS
from eval.abstention.__main__ import to_toml
from eval.abstention.fit import (
    cross_validate,
    fit_coefficients,
    measure_quality,
    measure_threshold,
    place_threshold,
    trace_risk,
)
from eval.abstention.records import Case, KnownQuestion
from eval.abstention.short import ask_shortly
from indexer.home import open_index

Make = Callable[..., Any]


def case(repository: str, source: str, signal: float, *, holds: bool) -> Case:
    """A case that has one signal; all others are 0."""
    signals = dict.fromkeys(CONFIDENCE_SIGNALS, 0.0) | {"words_known": signal}
    return Case(repository, "python", KnownQuestion("?", source, "written", ()), "python", signals, holds)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Four repositories, whose own questions have their words in it, mostly, and others' do not."""
    chance = random.Random(0)
    made = []
    for number in range(4):
        made += [case(f"r{number}", f"r{number}", chance.gauss(0.8, 0.15), holds=True) for _ in range(60)]
        made += [case(f"r{number}", f"r{(number + 1) % 4}", chance.gauss(0.4, 0.15), holds=False) for _ in range(60)]
    return made


def test_the_fit_learns_what_parts(cases: list[Case]) -> None:
    """A signal that is higher where the answer is there gets a positive weight, those that say nothing none."""
    coefficients = fit_coefficients(cases, penalty=0.002)
    assert coefficients.weights["words_known"] > 1
    assert all(abs(weight) < 1e-6 for name, weight in coefficients.weights.items() if name != "words_known")
    assert coefficients.probability(cases[0].signals) > 0.5 > coefficients.probability(cases[-1].signals)


def test_the_file_of_coefficients_is_what_was_fitted(cases: list[Case]) -> None:
    """What is written is read back to the digit."""
    coefficients = fit_coefficients(cases, penalty=0.002)
    table = tomllib.loads(to_toml(coefficients))
    assert (table["intercept"], table["weights"]) == (coefficients.intercept, coefficients.weights)
    assert (table["means"], table["deviations"]) == (coefficients.means, coefficients.deviations)


def test_no_case_is_judged_by_its_own_repository(cases: list[Case]) -> None:
    """Turning one repository's outcomes around changes the figures of others, never its own probabilities."""
    turned = [
        Case(c.repository, c.language, c.question, c.source_language, c.signals, not c.holds)
        if "r0" in (c.repository, c.question.repository)
        else c
        for c in cases
    ]
    before, after = (dict(enumerate(cross_validate(each, penalty=0.002))) for each in (cases, turned))
    for number, one in enumerate(cases):
        assert (before[number][1] == after[number][1]) is (one.repository == "r0")


def test_quality_of_what_is_known() -> None:
    """A perfect order has an AUROC of 1, the opposite 0, a constant a half; a sure and right one has no error."""
    own, foreign = case("a", "a", 1, holds=True), case("a", "b", 0, holds=False)
    assert measure_quality([(own, 0.9), (own, 0.8), (foreign, 0.1)]).auroc == 1.0
    assert measure_quality([(own, 0.1), (foreign, 0.9)]).auroc == 0.0
    assert measure_quality([(own, 0.5), (foreign, 0.5)]).auroc == 0.5
    assert measure_quality([(own, 0.5)]).auroc is None
    right, wrong = measure_quality([(own, 1.0), (foreign, 0.0)]), measure_quality([(own, 0.0), (foreign, 1.0)])
    assert (right.ece, right.brier) == (0.0, 0.0)
    assert (wrong.ece, wrong.brier) == (1.0, 1.0)


def test_what_a_threshold_refuses() -> None:
    """Shares of own questions, of those that the hits hold, of foreign ones, and of those without any answer.

    The threshold itself passes.
    """
    nowhere = Case(
        "a",
        "python",
        KnownQuestion("?", "a", "unanswerable", ()),
        "python",
        case("a", "a", 0, holds=False).signals,
        False,
    )
    judged = [
        (case("a", "a", 0, holds=True), 0.1),
        (case("a", "a", 0, holds=True), 0.9),
        (case("a", "a", 0, holds=False), 0.05),
        (case("a", "b", 0, holds=False), 0.05),
        (nowhere, 0.05),
        (nowhere, 0.5),
    ]
    refused = measure_threshold(judged, 0.1)
    assert (refused.own_refused, refused.held_refused, refused.foreign_refused) == (0.3333, 0.0, 1.0)
    assert refused.unanswerable_refused == 0.5


def test_the_dot_of_a_threshold_is_of_what_is_refused() -> None:
    """A question whose names are all there is answered however low its probability, as with what is shipped."""
    signals = case("a", "a", 0, holds=True).signals | {"names_asked": 1.0, "names_defined": 1.0}
    named = Case("a", "python", KnownQuestion("?", "a", "written", ()), "python", signals, True)
    judged = [
        (named, 0.01),
        (case("a", "a", 0, holds=False), 0.9),
        (case("a", "b", 0, holds=False), 0.2),
        (case("a", "b", 0, holds=False), 0.05),
    ]
    assert place_threshold(judged, 0.1) == pytest.approx((0.75, 2 / 3))
    assert place_threshold(judged[3:], 0.1) is None


def test_risk_by_coverage(cases: list[Case]) -> None:
    """The curve ends with all questions answered, where the risk is the share of those without an answer."""
    points = trace_risk(cross_validate(cases, penalty=0.002))
    coverages = [coverage for coverage, _ in points]
    assert coverages == sorted(coverages)
    assert points[-1] == pytest.approx((1.0, 0.5))
    assert points[len(points) // 4][1] < 0.05


def test_short_questions_are_about_names_that_the_repository_defines(make_repo: Make, home: Path, build: Make) -> None:
    """A name's words stand in the question, its definition is the place, and the same seed gives the same questions."""
    code = "class ProgressBar:\n    def redraw(self):\n        return 1\n\n\ndef parse_option(a):\n    return a\n"
    build(home, make_repo({"bar.py": code, "tests/test_bar.py": "def check_everything():\n    pass\n"}).path)
    index = open_index(home, "project")
    questions = ask_shortly(index, "project")
    assert questions == ask_shortly(index, "project")
    by_name = {question.names[0]: question for question in questions}
    assert by_name.keys() == {"ProgressBar", "redraw", "parse_option"}
    assert "progress bar" in by_name["ProgressBar"].text
    assert by_name["ProgressBar"].places[0].path == "bar.py"
