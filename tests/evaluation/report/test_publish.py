"""What is published: tables, plots and figures, and neither code of a repository nor a path of this machine."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from eval.report import to_json, to_markdown
from eval.report.figures import NONE, ORACLE, RETRIEVAL
from eval.report.plots import draw_gains
from eval.report.progress import PlannedRuns
from eval.report.publish import draw_pictures, to_results_page, without_paths
from eval.tasks import load_task

from .conftest import make_setup, make_task


def test_no_folder_of_the_machine_is_left() -> None:
    """Of a path its last part; addresses and relative paths stay."""
    given = {
        "origin": "/srv/data/click-8.1",
        "url": "https://example.org/a/b",
        "notes": ["left out: tests/a.py in /x/y"],
    }
    assert without_paths(given) == {
        "origin": "click-8.1",
        "url": "https://example.org/a/b",
        "notes": ["left out: tests/a.py in y"],
    }


def test_plots_are_whole_files_with_both_colours(report: Any) -> None:
    """Each parses as XML and holds a rule for dark screens."""
    pictures = draw_pictures(report)
    assert len(pictures) == 2 + 4
    for svg in pictures.values():
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert "prefers-color-scheme:dark" in svg


def test_every_plot_task_and_caveat_is_on_the_page(report: Any) -> None:
    """Complete or not, gained or lost."""
    names = {key: f"{number}.svg" for number, key in enumerate(draw_pictures(report))}
    page = to_results_page(report, names)
    for words in [*names.values(), *report.caveats, *(group.why for group in report.groups)]:
        assert words in page
    asked = "--model embedded/qwen2.5-coder-0.5b --context-tokens 900 --seed 1"
    assert f"quarry eval run generation optimisation {asked}" in page  # all that decides: it can be run again


def test_the_page_opens_with_what_was_found(make_result: Any, report_of: Any) -> None:
    """One row for each task: shares, gain with interval, adjusted p, result; then why; details come last."""
    results = []
    for n in range(20):
        results.append(make_result(NONE, f"c{n}", found_sources=n < 10))
        results.append(make_result(RETRIEVAL, f"c{n}", correct=n < 12, found_sources=n < 10))
    page = to_results_page(report_of(*results), {})
    row = next(line for line in page.splitlines() if line.startswith("| completion"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:6] == ["completion", "garden", "qwen2.5-coder-0.5b", "20", "0.000", "0.600"]
    assert cells[6].startswith("+0.600 (+0.") and cells[7:] == ["< 0.001", "better"]
    places = [page.index(words) for words in (row, "## Why it helped", "## Cases answered", "## Details")]
    assert places == sorted(places)


def test_the_page_says_which_rows_were_asked_otherwise(make_result: Any, report_of: Any) -> None:
    """Which arms were asked in which rows; and which prompt, where it decided the row's answers."""
    rows = [("questions", "1", ("none", "retrieval")), ("reasoning", "2", ("none", "retrieval", "placebo"))]
    rows.append(("completion", "1", ("none", "retrieval")))  # asked by the prompt for code, which is the same
    results = [make_result(arm, f"c{n}", task=task) for task, _, arms in rows for arm in arms for n in range(4)]
    setups = [make_setup(make_task(task), decisive={"prompt": prompt, "code_prompt": "1"}) for task, prompt, _ in rows]
    page = to_results_page(report_of(*results, setups=setups), {})
    assert "(`none`), with as much irrelevant code as retrieval gives (`placebo`, in 1 of 3 rows) and with" in page
    assert "`oracle`" not in page.partition("##")[0]
    differs = "Not all rows have the same prompt version:"
    assert f"{differs} 1 for questions on garden by m; 2 for reasoning on garden by m. Compare" in page
    setups.append(make_setup(make_task("questions", "shed"), decisive={"prompt": "2"}))
    page = to_results_page(report_of(*results, setups=setups), {})
    assert f"{differs} 1 for questions on garden by m; 2 for all other rows concerned. Compare" in page


def test_rows_by_another_build_of_the_engine_are_said(make_result: Any, report_of: Any) -> None:
    """It may write another word here and there. What a server runs is not known, and is not compared."""
    tasks = ("questions", "reasoning", "repair")
    results = [make_result(arm, task=task) for task in tasks for arm in (NONE, RETRIEVAL)]
    engines: list[dict[str, Any]] = [
        {"engine": "llama 1"},
        {"engine": "llama 1, compiled"},
        {"server": "here"},
    ]
    setups = [
        make_setup(make_task(task, version=load_task(task).version), model_identity=identity)
        for task, identity in zip(tasks, engines, strict=True)
    ]
    page = to_results_page(report_of(*results, setups=setups), {})
    said = "llama 1 for questions on garden by m; llama 1, compiled for reasoning on garden by m."
    assert f"Not all rows have the same engine: {said} Compare" in page
    page = to_results_page(report_of(*results, setups=[setups[0], setups[2]]), {})
    assert "the same engine" not in page


def test_rows_that_were_judged_by_other_code_are_said(make_result: Any, report_of: Any) -> None:
    """Of one task, by the fingerprint of what judges and by its version; of a version that is not today's always."""
    rows = [("questions", "garden", "aa"), ("questions", "shed", "bb"), ("completion", "garden", "cc")]
    results = [make_result(arm, task=task, repo=repo) for task, repo, _ in rows for arm in (NONE, RETRIEVAL)]
    today = {task: load_task(task).version for task, _, _ in rows}
    setups = [make_setup(make_task(task, repo, scoring={"code": c}, version=today[task])) for task, repo, c in rows]
    page = to_results_page(report_of(*results, setups=setups), {})
    found, _, caveats = page.partition("## Caveats")
    differs = "Not all rows have the same judging code for questions: "
    assert "Some rows of the same task were judged by different code" in found and differs not in found
    assert f"{differs}aa for questions on garden by m; bb for questions on shed by m." in caveats
    assert "than today's" not in page
    setups[1:2] = [make_setup(make_task("questions", "shed", version=7, scoring={"code": "aa"}))]
    page = to_results_page(report_of(*results, setups=setups), {})
    assert differs not in page and "Not all rows have the same version of questions: " in page
    found, _, caveats = page.partition("## Caveats")
    assert "judges differently: the caveats say which." in found
    assert f"judges differently: questions on shed by m (7, today {today['questions']})." in caveats


def test_the_page_says_what_p_is_adjusted_over(make_result: Any, report_of: Any) -> None:
    """The plan, where there is one."""
    results = [make_result(arm, f"c{n}", model="m") for n in range(12) for arm in (NONE, RETRIEVAL)]
    plan = PlannedRuns(("m",), {"completion": 20}, ("garden", "shed"), (NONE, RETRIEVAL))
    for given, words in ((plan, "repositories planned for a model"), (None, "a model's tasks and repos")):
        assert f"adjusted by Holm over {'all tasks and ' * (given is not None)}{words}" in to_results_page(
            report_of(*results, plan=given), {}
        )


def test_the_fit_of_the_confidence_is_compared_where_questions_are_asked(make_result: Any, report_of: Any) -> None:
    """Risk and coverage of two fits are not the same thing. A run that does not say by which it was is not named."""
    for task, is_said in (("questions", True), ("completion", False)):
        repos = ("garden", "shed", "yard")
        results = [make_result(NONE, f"c{n}", task=task, repo=repo) for repo in repos for n in range(4)]
        setups = [make_setup(make_task(task, repo), decisive={"confidence_fit": repo}) for repo in repos[:2]]
        page = to_results_page(report_of(*results, setups=[*setups, make_setup(make_task(task, "yard"))]), {})
        said = f"the same confidence fit: garden for {task} on garden by m; shed for {task} on shed by m."
        assert (said in page) == is_said


def test_an_oracle_that_had_nothing_to_show_is_said_beside_its_column(make_result: Any, report_of: Any) -> None:
    """Its share has cases in which it is told that nothing was found."""
    results = [make_result(NONE, f"c{n}") for n in range(12)]
    results += [make_result(ORACLE, f"c{n}", found_sources=True if n > 2 else None) for n in range(12)]
    assert "(3 cases of 1 row), the oracle has nothing to show" in to_results_page(report_of(*results), {})


def test_the_version_of_citations_is_said_where_they_are_measured(make_result: Any, report_of: Any) -> None:
    """It decides no score of other tasks."""
    for task, is_said in (("questions-free", True), ("questions", False)):
        repos = ("garden", "shed")
        results = [make_result(NONE, f"c{n}", task=task, repo=repo) for repo in repos for n in range(4)]
        setups = [make_setup(make_task(task, repo), decisive={"grounding": repo}) for repo in repos]
        assert ("the same grounding version" in to_results_page(report_of(*results, setups=setups), {})) == is_said


def test_the_confidence_of_the_search_is_judged_where_questions_are_asked(make_result: Any, report_of: Any) -> None:
    """Whether it tells where the answer is shown, and where the answer is right."""
    results = [make_result(NONE, f"c{n}", task="questions") for n in range(20)]
    results += [
        make_result(RETRIEVAL, f"c{n}", task="questions", correct=n < 8, found_sources=n < 10, confidence=1 - n / 20)
        for n in range(20)
    ]
    page = to_results_page(report_of(*results), {})
    assert "whether the passages hold the answer, AUROC 1.000 and expected calibration error" in page
    assert "(0.600 by chance; lower is better)" in page


def test_tables_that_say_nothing_are_left_out(make_result: Any, report_of: Any) -> None:
    """A split with one part of five cases or more, or without a right answer, is in the JSON alone."""
    for n_small, is_right, is_there in ((6, True, True), (4, True, False), (6, False, False)):
        results = []
        for n in range(12 + n_small):
            kind = "loop" if n < 12 else "branch"
            results.append(make_result(NONE, f"c{n}", kind=kind))
            results.append(make_result(RETRIEVAL, f"c{n}", kind=kind, correct=is_right and n < 3))
        report = report_of(*results)
        assert ("kind (exploratory)" in to_results_page(report, {})) == is_there
        assert '"name": "branch"' in to_json(report)


def test_the_page_can_be_checked(make_result: Any, report_of: Any) -> None:
    """A link to the figures, notes and set-ups folded, the commands not, and a word before it is used."""
    results = [make_result(arm, f"c{n}", model="m") for n in range(12) for arm in (NONE, RETRIEVAL)]
    task = make_task(n_cases=12, notes=["7 of the repository's 7 tests pass."])
    setup = make_setup(task, repos=["garden"])
    page = to_results_page(report_of(*results, setups=[setup]), {}, "Every figure is [there](test.json).")
    assert "Every figure is [there](test.json)." in page
    detail = page.split("#### completion on garden\n")[1]
    assert "<details>" in detail and "- 7 of the repository's 7 tests pass." in detail
    commands, _, folded = page.split("## Commands and set-up\n")[1].partition("<details>")
    assert "quarry eval run" in commands and "| part" not in commands
    assert "\n\n| part" in folded and folded.rstrip().endswith("|\n\n</details>")
    assert page.index("`detectable` is") < page.index("| detectable |")


def test_that_nothing_was_refused_is_a_sentence(make_result: Any, report_of: Any) -> None:
    """Not a table of zeros."""
    results = [make_result(NONE, f"c{n}", task="questions", kind="unanswerable" if n < 3 else "base") for n in range(9)]
    page = to_results_page(report_of(*results), {})
    assert "No arm refused any of the 3 unanswerable questions, or left another question unanswered." in page
    assert "unanswerable refused" not in page


def test_no_code_goes_into_json_or_text(make_result: Any, report_of: Any) -> None:
    """Prompts and answers hold other people's code: they are on the page alone."""
    results = [make_result(NONE, "c1", text="SECRET_CODE")]
    results.append(make_result(RETRIEVAL, "c1", correct=True, messages=[{"role": "user", "content": "SECRET_CODE"}]))
    report = report_of(*results)
    assert report.examples
    assert "SECRET_CODE" not in to_json(report) + to_markdown(report) + to_results_page(report, {})


@pytest.mark.parametrize(("n_gained", "is_hollow"), [(3, True), (14, False)])
def test_a_difference_that_is_not_significant_is_a_hollow_mark(
    make_result: Any, report_of: Any, n_gained: int, is_hollow: bool
) -> None:
    """Its interval may lie to the right of zero: nobody should read the plot as more than the result."""
    results = []
    for n in range(20):
        results += [make_result(NONE, f"c{n}"), make_result(RETRIEVAL, f"c{n}", correct=n < n_gained)]
    plot = draw_gains(report_of(*results).groups, "gains", "Gain")
    assert plot is not None and ("var(--ground)" in plot.svg) == is_hollow
