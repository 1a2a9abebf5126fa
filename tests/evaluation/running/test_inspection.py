"""A run's log by itself, as Inspect's own viewer opens it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from inspect_ai.log import read_eval_log

from eval.running.inspection import _find_expected


def test_the_viewer_has_model_tokens_target_and_every_attempt(bench: Any, task: Any, make_provider: Any) -> None:
    """The model by its name, its usage by sample and in all, what was expected, and an event for each attempt."""
    task.follows_up = True
    provider = make_provider(lambda messages: "99")
    bench.run(provider, "none")
    [path] = (bench.out / "logs").glob("*.eval")
    log = read_eval_log(str(path))
    assert log.eval.model == f"quarry/{provider.model}"
    assert log.samples is not None
    assert [sample.target for sample in log.samples] == ["10", "20", "30"]
    for sample in log.samples:
        events = [event for event in sample.events if event.event == "model"]
        assert [event.output.completion for event in events] == ["99", "99"]
        (usage,) = sample.model_usage.values()
        assert usage.total_tokens == sum(event.output.usage.total_tokens for event in events if event.output.usage) > 0
    assert sum(usage.total_tokens for usage in log.stats.model_usage.values()) == 3 * usage.total_tokens


def test_an_error_is_in_no_figure_of_inspects(bench: Any, task: Any, make_provider: Any) -> None:
    """Nothing is known of it, so that it counts neither as right nor as wrong; it is there with its reason."""
    answers = iter(["10", "20", "crash"])
    task.fails = lambda text: text == "crash"
    bench.run(make_provider(lambda messages: next(answers)), "none")
    [path] = (bench.out / "logs").glob("*.eval")
    log = read_eval_log(str(path))
    assert log.samples is not None
    scores = [(sample.scores or {})["task_score"] for sample in log.samples]
    assert [score.value for score in scores[:2]] == ["C", "C"]
    assert isinstance(scores[2].value, float)
    assert math.isnan(scores[2].value)
    assert "a bug" in str(scores[2].explanation)
    assert log.results is not None
    [score] = log.results.scores
    assert {metric.value for metric in score.metrics.values()} == {1.0}


def test_what_is_expected_of_a_question(new_case: Any) -> None:
    """Its answer; a call's value; nothing where running decides."""
    case = new_case(1, "rose")
    assert _find_expected(replace(case, data={"question": {"answer": "None"}})) == "None"
    assert _find_expected(replace(case, data={"call": "f(1)", "value": "[2]"})) == "[2]"
    assert _find_expected(replace(case, data={"function": "f"})) == ""
