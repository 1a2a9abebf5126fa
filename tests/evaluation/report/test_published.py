"""What was published serves again: cases without their texts give the same figures, figures without cases stand."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eval.cases import Result
from eval.errors import RunMismatch, UnreadableRun
from eval.report import make_report
from eval.report.build import build_report
from eval.report.carried import carry
from eval.report.publish import publish
from eval.report.published import cases_path, read_publication, write_publication
from eval.report.reading import read_runs
from eval.report.records import Report
from eval.running.records import RunSetup

Run = tuple[Sequence[RunSetup], Sequence[Result]]
STAMP = {"name": "abc1234-20261125T200000", "made_at": "2026-11-25T20:00:00Z", "commit": "abc1234"}


def as_json(value: Any) -> Any:
    """A record as it is stored."""
    return json.loads(json.dumps(asdict(value)))


def take(run: Run, *tasks: str) -> Run:
    """The part of a run that is of some tasks."""
    setups = [replace(each, tasks=[task for task in each.tasks if task.task in tasks]) for each in run[0]]
    return [each for each in setups if each.tasks], [result for result in run[1] if result.task in tasks]


def test_published_cases_give_every_figure_again(run: Run, report: Report, tmp_path: Path) -> None:
    """Gains, splits, second tries, calibration, citations, reasons: computed from what was written."""
    path = write_publication(tmp_path, report, run[1])
    published = read_publication(path)
    assert as_json(published.report) == as_json(report)
    again = build_report(published.report.setups, published.results, **STAMP)  # type: ignore[arg-type]
    assert as_json(again) == as_json(report)
    runs = read_runs([], published)
    assert (list(runs.results), len(runs.setups)) == (list(published.results), len(run[0]))
    seeded = build_report(*run, seed=runs.seed, **STAMP)  # type: ignore[arg-type]
    assert as_json(make_report([], earlier=path)[0])["groups"] == as_json(seeded)["groups"]


def test_no_text_of_a_prompt_an_answer_or_a_test_is_published(make_result: Any, report_of: Any, tmp_path: Path) -> None:
    """Nor an expected value: of a reason what reports count, of a sample its verdict."""
    secret = "Weeds_9"
    told = {"text": secret, "messages": [{"role": "user", "content": secret}]}
    extra = {"samples": [{"verdict": "wrong", "text": secret}], "note": secret, "placebo_pass": 1}
    results = [
        make_result("none", "c1", explanation=f"assert 'x' == '{secret}'\n{secret}", extra=extra, **told),
        make_result("retrieval", "c1", task="questions", explanation=f"expected {secret}", **told),
        make_result("oracle", "c1", more=make_result("none", "c1", **told).attempts, extra={"follow_up_error": "none"}),
    ]
    path = write_publication(tmp_path, report_of(*results), results)
    assert secret not in cases_path(path).read_text("utf-8")
    first, second, third = read_publication(path).results
    assert first.score.explanation == "assert … == …"
    assert first.extra == {"samples": [{"verdict": "wrong"}], "placebo_pass": 1}
    assert (second.score.explanation, second.passages) == ("", [])
    assert (len(third.attempts), third.extra) == (2, {"follow_up_error": "none"})


def test_figures_without_cases_stand_beside_new_runs(run: Run, report: Report) -> None:
    """All but the mean over tasks old and new is as if all cases were at hand: also Holm, progress and causes."""
    earlier = build_report(*take(run, "completion", "questions"), **STAMP)  # type: ignore[arg-type]
    setups, results = take(run, "repair", "reasoning", "generation", "optimisation")
    both = build_report(setups, results, carried=carry(earlier, {}), **STAMP)  # type: ignore[arg-type]
    assert sorted(map(str, as_json(both)["groups"])) == sorted(map(str, as_json(report)["groups"]))
    assert [group.task for group in both.groups[:2]] == ["questions", "completion"]
    assert sorted(map(str, both.progress)) == sorted(map(str, report.progress))
    for mean, whole in zip(both.pooled, report.pooled, strict=True):
        assert (set(mean.tasks), mean.n_pairs) == (set(whole.tasks), whole.n_pairs)
        assert mean.difference == pytest.approx(whole.difference)
        assert mean.interval is None
    assert [each.is_gain for each in both.examples] == [True] * 10 + [False] * 10
    taken = "completion on garden by qwen2.5-coder-0.5b"
    assert taken in both.caveats[-1] and earlier.name in both.caveats[-1]


def test_what_a_judge_said_is_taken_over(judged: Report) -> None:
    """With the figures of the task that it judged."""
    again = build_report([], [], carried=carry(judged, {}), **STAMP)  # type: ignore[arg-type]
    assert again.judges == judged.judges != []
    answered = {(each.model, each.repo, each.task): {arm.arm for arm in each.arms} for each in judged.groups}
    assert carry(judged, answered).judges == []


def test_a_mean_over_earlier_tasks_alone_keeps_its_interval(run: Run) -> None:
    """A model's or repository's mean to which nothing came is taken over whole."""
    small, large = (([setup], [result for result in run[1] if result.model == setup.model]) for setup in run[0])
    earlier = build_report(*small, **STAMP)  # type: ignore[arg-type]
    both = build_report(*large, carried=carry(earlier, {}), **STAMP)  # type: ignore[arg-type]
    assert set(map(str, earlier.pooled)) < set(map(str, both.pooled))
    assert all(each.interval is not None for each in both.pooled)


def test_runs_replace_figures_whose_arms_they_all_have(run: Run) -> None:
    """Else an arm would be lost, which is said."""
    completion = take(run, "completion")
    earlier = build_report(*completion, **STAMP)  # type: ignore[arg-type]
    key = ("embedded/qwen2.5-coder-0.5b", "garden", "completion")
    arms = {result.arm for result in completion[1]}
    left = carry(earlier, {key: arms})
    assert len(left.groups) == len(left.progress) == len(earlier.groups) - 1
    assert not any((s.model, t.repo, t.task) == key for s in left.setups for t in s.tasks)
    whole = build_report(*run, **STAMP)  # type: ignore[arg-type]
    means = {(each.model, each.repo) for each in carry(whole, {key: arms}).pooled}
    assert means == {(each.model, each.repo) for each in whole.pooled} - {
        key[:2]
    }  # it is a mean with other figures now
    with pytest.raises(RunMismatch, match=r"completion on garden .* have oracle, which the runs lack"):
        carry(earlier, {key: arms - {"oracle"}})


def test_folders_that_hold_all_that_was_published_of_a_task_replace_it(
    run: Run, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they were scored again by other code; a task that they hold a part of must fit what was published."""
    published = read_publication(write_publication(tmp_path, report, run[1]))
    setups, results = take(run, "completion")
    again = replace(setups[0], tasks=[replace(task, scoring={"code": "new"}) for task in setups[0].tasks])
    own = [result for result in results if result.model == again.model]
    monkeypatch.setattr("eval.report.reading.read_run", lambda folder: (again, own))
    runs = read_runs([tmp_path], published)
    assert len(runs.results) == len(run[1])
    named = [(s.model, t.repo, t.task, dict(t.scoring)) for s in runs.setups for t in s.tasks if t.task == "completion"]
    assert sorted(named, key=str) == [
        ("embedded/qwen2.5-coder-0.5b", "garden", "completion", {"code": "new"}),
        ("embedded/qwen2.5-coder-0.5b", "harbour", "completion", {"code": "new"}),
        ("embedded/qwen2.5-coder-1.5b", "garden", "completion", {}),
    ]
    other = replace(again, tasks=[replace(task, cases="2") for task in again.tasks])
    monkeypatch.setattr("eval.report.reading.read_run", lambda folder: (other, own[:-1]))
    with pytest.raises(RunMismatch, match="task cases"):
        read_runs([tmp_path], published)


@pytest.mark.parametrize("damage", ["{", "{}", '{"name": 1}'])
def test_results_that_cannot_be_read_are_said_to_be(run: Run, report: Report, damage: str, tmp_path: Path) -> None:
    """One line for a file of another version, a damaged one and one that is not there."""
    path = write_publication(tmp_path, report, run[1][:3])
    cases_path(path).write_text(damage + "\n", "utf-8")
    with pytest.raises(UnreadableRun, match=r"no results that this version of Quarry can read"):
        read_publication(path)
    path.write_text(damage, "utf-8")
    with pytest.raises(UnreadableRun, match=r"no results that this version of Quarry can read"):
        read_publication(path)
    with pytest.raises(UnreadableRun, match=r"Cannot read .*none\.json: No such file"):
        read_publication(tmp_path / "none.json")


def test_results_are_published_again_from_what_was_published(run: Run, report: Report, tmp_path: Path) -> None:
    """The page links both files, and says how many of its rows have cases behind them."""
    setups, results = take(run, "completion")
    earlier = write_publication(tmp_path / "old", report, results)
    docs, folder = tmp_path / "docs" / "results.md", tmp_path / "new"
    docs.parent.mkdir()
    given = ["--earlier", str(earlier), "--docs", str(docs), "--results", str(folder)]
    said = CliRunner().invoke(publish, given, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    page = docs.read_text("utf-8")
    links = re.findall(r"\]\((\.\./new/[^)]*)\)", page)
    assert [(docs.parent / link).resolve().exists() for link in links] == [True, True]
    assert f"the outcomes of single cases, for {len(setups) + 1} of {len(report.groups)} rows, are in" in page
    assert "taken over from an earlier report" in page
    assert f"{len(results):,} results" in said.output
