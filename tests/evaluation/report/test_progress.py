"""What is done and what is not: every cell of a plan, every case that a run set out with, begun or not."""

from __future__ import annotations

from typing import Any

from eval.report.build import build_report
from eval.report.figures import NONE, RETRIEVAL
from eval.report.plan import PUBLICATION
from eval.report.progress import PlannedRuns, trace_progress
from eval.report.publish import to_results_page
from eval.report.text import progress_table, to_markdown
from eval.running.records import RunSetup, TaskSetup

from .conftest import make_setup, make_start, make_task

PLAN = PlannedRuns(
    models=("m",), tasks={"completion": 4, "repair": 4}, repos=("garden", "harbour"), arms=(NONE, RETRIEVAL)
)


def setup_of(*tasks: TaskSetup) -> RunSetup:
    """A set-up of the model ``m`` whose one start named all tasks, with and without retrieval."""
    return make_setup(*tasks, starts=[make_start(arms=(NONE, RETRIEVAL), tasks=[each.task for each in tasks])])


def test_every_cell_of_the_plan_has_its_row(make_result: Any) -> None:
    """Also those that no run has begun; what is outside of the plan comes after it and is called so."""
    results = [make_result(NONE, f"c{n}", model="m") for n in range(3)]
    results.append(make_result(NONE, "q1", model="m", task="questions"))
    rows = trace_progress([], results, PLAN)
    assert [(each.task, each.repo, each.n_planned) for each in rows] == [
        ("completion", "garden", 4),
        ("completion", "harbour", 4),
        ("repair", "garden", 4),
        ("repair", "harbour", 4),
        ("questions", "garden", None),
    ]
    assert [each.answered for each in rows[:2]] == [{NONE: 3, RETRIEVAL: 0}, {NONE: 0, RETRIEVAL: 0}]
    assert [each.is_begun for each in rows] == [True, False, False, False, True]


def test_an_error_is_no_answer(make_result: Any) -> None:
    """The case is still to be answered."""
    results = [make_result(NONE, "c1", model="m"), make_result(NONE, "c2", model="m", verdict="error")]
    assert trace_progress([], results, PLAN)[0].answered[NONE] == 1


def test_a_repository_that_has_no_more_is_complete_with_fewer(make_result: Any) -> None:
    """Three cases of three that could be made, where four were planned; a lower limit completes nothing."""
    results = [make_result(arm, f"c{n}", model="m") for n in range(3) for arm in (NONE, RETRIEVAL)]
    setups = [setup_of(make_task(n_cases=3, limit=limit)) for limit in (4, 3)]
    exhausted, limited = (trace_progress([setup], results, PLAN)[0] for setup in setups)
    assert (exhausted.n_cases, exhausted.n_complete) == (3, 2)
    assert (limited.n_cases, limited.n_complete) == (4, 0)


def test_a_repository_without_an_answer_is_named(make_result: Any, report_of: Any) -> None:
    """Its cases stand in the set-up and no arm has answered one: text and page say so."""
    tasks = [make_task("completion", repo, n_cases=2) for repo in ("garden", "harbour")]
    results = [make_result(arm, f"c{n}", model="m") for n in range(2) for arm in (NONE, RETRIEVAL)]
    report = report_of(*results, setups=[setup_of(*tasks)])
    assert "Not begun (cases): completion on harbour, m (2)." in to_markdown(report)
    assert "completion on harbour" in to_markdown(report_of(setups=[setup_of(*tasks)]))


def test_an_arm_that_was_set_out_and_has_no_answer_is_missing(make_result: Any, report_of: Any) -> None:
    """The start named it; the task says that all its cases have no result yet."""
    group = report_of(make_result(NONE, "c1", model="m"), setups=[setup_of(make_task(n_cases=1))]).groups[0]
    assert group.missing == ["retrieval: 1 of 1 cases have no result yet"]


def test_an_arm_that_is_only_planned_is_not_missing(make_result: Any, report_of: Any) -> None:
    """So no p is called interim for it; one that was begun and is not complete is."""
    results = [make_result(NONE, f"c{n}", model="m") for n in range(4)]
    complete = report_of(*results, plan=PLAN)
    assert complete.groups[0].missing == [] and not any("interim" in each for each in complete.caveats)
    begun = report_of(*results, make_result(RETRIEVAL, "c1", model="m"), plan=PLAN)
    assert begun.groups[0].missing == ["retrieval: 3 of 4 cases have no result yet"]
    assert any("interim" in each for each in begun.caveats)


def test_done_begun_and_not_begun_look_different(make_result: Any) -> None:
    """``all 4``, ``1 of 4`` and a dash."""
    results = [make_result(NONE, f"c{n}", model="m") for n in range(4)] + [make_result(RETRIEVAL, "c1", model="m")]
    lines = progress_table(trace_progress([], results, PLAN)).splitlines()
    assert [cell.strip() for cell in lines[2].strip("|").split("|")][3:] == ["4", "all 4", "1 of 4"]
    assert [cell.strip() for cell in lines[3].strip("|").split("|")][3:] == ["4", "—", "—"]


def test_the_published_page_says_what_is_missing_of_the_plan(make_result: Any) -> None:
    """What is begun is a row, the rest a list; a run of something else stands apart."""
    model, repo = PUBLICATION.models[0], PUBLICATION.repos[0]
    results = [make_result(arm, "c1", model=model, repo=repo) for arm in (NONE, RETRIEVAL)]
    results.append(make_result(NONE, "c1", model=model, repo="elsewhere"))
    report = build_report([], results, name="r", made_at="now", commit="abc", plan=PUBLICATION)
    page = to_results_page(report, {})
    planned, others = page.split("## Progress")[1].split("### Unplanned runs")
    assert "0 are complete, 2 begun, 94 not begun" in planned
    assert planned.count("\n| qwen2.5-coder-") == 1
    assert "1 of 60" in planned and "elsewhere" not in planned
    assert [line for line in planned.splitlines() if line.startswith("- ")] == [
        "- qwen2.5-coder-1.5b: completion on boltons-26.2.0, strands-agents-1.9.1; repair, reasoning, questions on "
        "python-toon-0.2.0, boltons-26.2.0, strands-agents-1.9.1",
        "- qwen2.5-coder-0.5b: completion, repair, reasoning, questions on python-toon-0.2.0, boltons-26.2.0, "
        "strands-agents-1.9.1",
    ]
    assert "elsewhere" in others.split("## Details")[0]
