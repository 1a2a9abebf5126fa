"""Writes published results: a page of Markdown with plots, the JSON that all of it comes from, and the cases.

    python -m eval.report.publish DIR… --earlier eval/results/NAME.json --docs docs/results.md --results eval/results

With ``--earlier`` what was published stays, even if the folders of its runs are gone. No code of the repositories and
no path of the machine is written.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from eval.cases import Result
from eval.errors import EvaluationError
from eval.files import write_whole
from eval.running.folder import to_setup
from eval.running.records import RunSetup
from eval.stats import MIN_CLUSTERS
from eval.tables import count_noun, to_table
from indexer.errors import QuarryError

from .causes import list_causes
from .caveats import describe_versions
from .figures import NEVER_POOLED, NONE, ORACLE, PLACEBO, RETRIEVAL, key_of, part_by
from .plan import PUBLICATION
from .plots import draw_arms, draw_gains
from .published import cases_path, write_publication
from .records import Group, Progress, Report
from .report import make_report
from .setups import describe_setup, find_notes, packages_table, write_commands
from .svg import as_file
from .text import describe_group, found_table, judges_table, progress_table
from .wording import INTERIM, describe_pooled, shorten_models, without_folders, write_commit

_ARMS = {
    NONE: "without code",
    PLACEBO: "with as much irrelevant code as retrieval gives",
    RETRIEVAL: "with the code that Quarry finds",
    ORACLE: "with exactly the right code",
}
_ABOUT_SOURCES = (
    "The right code is, for a question, the lines that hold the answer; for code, a definition that the original uses. "
    "An answer can be right without it."
)
_ABOUT_PACKAGES = (
    "Files and lines are counted in the package as it is fetched, its tests included. The Qwen2.5-Coder models are "
    "from 2024: they cannot know by heart what was first released after them."
)
_ABOUT_TABLES = (
    "In the tables, shares have Wilson intervals, and differences have BCa bootstrap intervals over files. "
    "`detectable` is the smallest true difference that a run of as many pairs has an 80 % chance of detecting, if as "
    "many pairs go against it as did here (none, where none did); smaller ones are detected less often. Tokens are "
    "means, seconds are medians of the model's time for an answer."
)
_ABOUT_PLOTS = (
    "In the plots, lines are 95 % intervals. A hollow mark is a difference that is not significant, also where its "
    "interval excludes zero but the exact test is not below 0.05."
)


def to_results_page(report: Report, pictures: Mapping[str, str], figures: str = "") -> str:
    """The page, what matters first. ``pictures`` are the plots' files by ``gains MODEL`` and ``arms MODEL REPO``.

    ``figures`` is a sentence with links to where the figures are, relative to the page.
    """
    parts = ["# Results", *_describe_found(report, pictures, figures), *_describe_progress(report.progress)]
    packages = packages_table(report.setups)
    parts += ["## What it was measured on", packages, _ABOUT_PACKAGES] if packages else []
    parts += ["## Details", _ABOUT_TABLES]
    for groups in part_by(report.groups, lambda group: group.model).values():
        parts += _describe_model(report, groups, pictures)
    if report.judges:
        parts += ["## Judged by a model", judges_table(report.judges)]
    parts += ["## Caveats", "\n".join(f"- {caveat}" for caveat in report.caveats)]
    parts += ["## Commands and set-up", *_describe_setups(report.setups)]
    return "\n\n".join(parts) + "\n"


def _describe_found(report: Report, pictures: Mapping[str, str], figures: str) -> list[str]:
    """The table of findings, the gains in pictures, how to read both, and each cause in a sentence."""
    made = (
        f"Made by `python -m eval.report.publish` on {report.made_at}, from runs up to Quarry "
        f"{write_commit(report.commit) or '?'}. " + (figures or f"Every figure is in `{report.name}.json`.")
    )
    if not report.groups:
        return ["No case has been answered yet.", made]
    models = shorten_models(group.model for group in report.groups)
    reasons = [f"- {where}, {models[model]}: {cause}" for where, model, cause in list_causes(report.groups)]
    return [
        f"Does retrieval help a small model? Each case was asked {_list_arms(report.groups)}. The table has the shares "
        "of right answers, and the paired difference with its 95 % interval.",
        found_table(report.groups),
        *(part for model in models for part in _picture(pictures, f"gains {model}", f"Gain of retrieval with {model}")),
        *([_ABOUT_PLOTS] if pictures else []),
        *describe_versions(report.setups, in_short=True),
        "`n` counts the cases that both `none` and `retrieval` answered. Better or worse: the interval excludes zero, "
        f"and the p of the exact test, adjusted by Holm over {_name_family(report.progress)}, is below 0.05. Perhaps: "
        "only the unadjusted p is. Not significant does not mean no difference: the details say what each run could "
        f"have detected. With fewer than {MIN_CLUSTERS} files there is no interval, and the test decides alone. "
        "[How it is measured](evaluation.md).",
        *_describe_empty_oracles(report.groups),
        *(["## Why it helped or did not", _ABOUT_SOURCES, "\n".join(reasons)] if reasons else []),
        made,
    ]


def _describe_empty_oracles(groups: Sequence[Group]) -> list[str]:
    """A note on the oracle's column, where it had nothing to show in some cases."""
    counts = [
        gain.n_without_sources for group in groups if (gain := group.gain(ORACLE, NONE)) and gain.n_without_sources
    ]
    if not counts:
        return []
    span = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{counts[0]}"
    return [
        f"Where the original uses nothing else of its repository ({span} cases of {count_noun(len(counts), 'row')}), "
        "the oracle has nothing to show, and the model is told that no passage was found. Its column has these cases, "
        "so do not compare it with the others by eye; its differences leave them out."
    ]


def _list_arms(groups: Sequence[Group]) -> str:
    """How cases were asked, and in how many rows an arm was, where not in all."""
    words = []
    for arm, meaning in _ARMS.items():
        n = sum(group.arm(arm) is not None for group in groups)
        if n:
            words.append(f"{meaning} (`{arm}`{'' if n == len(groups) else f', in {n} of {len(groups)} rows'})")
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _name_family(progress: Sequence[Progress]) -> str:
    """The family that p is adjusted over."""
    if not any(each.n_planned is not None for each in progress):
        return "a model's tasks and repositories"
    return "all tasks and repositories planned for a model, finished or not (unplanned runs form a family of their own)"


def _describe_progress(progress: Sequence[Progress]) -> list[str]:
    """How much of the plan is done, and what was run without being planned."""
    planned = [each for each in progress if each.n_planned is not None]
    others = [each for each in progress if each.n_planned is None]
    parts = []
    if planned:
        n_cells = sum(len(each.answered) for each in planned)
        n_begun = sum(bool(n) for each in planned for n in each.answered.values())
        n_complete = sum(each.n_complete for each in planned)
        parts += [
            "## Progress",
            f"The plan has {n_cells} combinations of model, task, repository and arm: {n_complete} are complete, "
            f"{n_begun - n_complete} begun, {n_cells - n_begun} not begun." + f" {INTERIM}" * (n_begun > n_complete),
        ]
        begun = [each for each in planned if each.is_begun]
        parts += ["Cases answered (—: none yet):", progress_table(begun)] if begun else []
        parts += _list_not_begun([each for each in planned if not each.is_begun])
        fewer = [
            f"{each.task} on {each.repo} ({each.n_cases})" for each in planned if each.n_cases < (each.n_planned or 0)
        ]
        if fewer:
            parts.append(f"Fewer cases than planned, as the repository has no more: {', '.join(dict.fromkeys(fewer))}.")
    if others:
        title = "Unplanned runs" if planned else "Cases answered"
        parts += [f"{'###' if planned else '##'} {title}", progress_table(others)]
    return parts


def _describe_model(report: Report, own: Sequence[Group], pictures: Mapping[str, str]) -> list[str]:
    """The mean gains of the model whose groups these are, then each of its repositories with its tasks."""
    model = own[0].model
    parts = [f"### {model}"]
    pooled = [each for each in report.pooled if each.model == model]
    if pooled:
        without = ", ".join(sorted(NEVER_POOLED))
        parts.append("\n".join(f"- {each.repo}: {describe_pooled(each)} Never included: {without}." for each in pooled))
    for repo, groups in part_by(own, lambda group: group.repo).items():
        is_single = len(groups) == 1
        parts.append(f"#### {groups[0].task} on {repo}" if is_single else f"#### {repo}")
        parts += _picture(pictures, f"arms {model} {repo}", f"Arms on {repo}, {model}")
        for group in groups:
            parts += [*([] if is_single else [f"##### {group.task}"]), group.verdict, *describe_group(group)]
            parts += _fold_notes(find_notes(report.setups, model, repo, group.task))
    return parts


def _list_not_begun(progress: Sequence[Progress]) -> list[str]:
    """What no arm has begun, by model: tasks with the same repositories together."""
    models = shorten_models(each.model for each in progress)
    lines = []
    for model, own in part_by(progress, lambda each: each.model).items():
        by_task = part_by(own, lambda each: each.task).items()
        repos_of = {task: tuple(each.repo for each in cells) for task, cells in by_task}
        tasks_of = part_by(repos_of, repos_of.__getitem__)
        words = [f"{', '.join(tasks)} on {', '.join(repos)}" for repos, tasks in tasks_of.items()]
        lines.append(f"- {models[model]}: {'; '.join(words)}")
    return ["Not begun in any arm:", "\n".join(lines)] if lines else []


def _fold_notes(notes: Sequence[str]) -> list[str]:
    """How the cases of a task were made, folded: what a reader checks, not what they came for."""
    listed = "\n".join(f"- {note}" for note in notes)
    return _fold("How its cases were made, and what was left out", listed) if notes else []


def _fold(summary: str, text: str) -> list[str]:
    """A part of the page that opens by a click."""
    return [f"<details><summary>{summary}</summary>", text, "</details>"]


def draw_pictures(report: Report) -> dict[str, str]:
    """The plots as SVG files' texts, by the keys of ``to_results_page``."""
    drawn: dict[str, str] = {}
    for model, own in part_by(report.groups, lambda group: group.model).items():
        plots = {f"gains {model}": draw_gains(own, "gains", f"Gain of retrieval with {model}")}
        for repo, groups in part_by(own, lambda group: group.repo).items():
            answered = [group for group in groups if any(arm.correct.n_hits for arm in group.arms)]
            plots[f"arms {model} {repo}"] = draw_arms(answered, "arms", f"Arms on {repo}, {model}")
        drawn |= {key: as_file(plot.svg) for key, plot in plots.items() if plot is not None}
    return drawn


def without_paths(value: Any) -> Any:
    """A set-up as JSON whose texts hold no folders of this machine: of an absolute path the last part is left."""
    if isinstance(value, str):
        return without_folders(value)
    if isinstance(value, Mapping):
        return {key: without_paths(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(part) for part in value]
    return value


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--earlier", type=click.Path(path_type=Path, dir_okay=False), help="The JSON that was published before.")
@click.option("--docs", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The page to write.")
@click.option("--results", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where the JSON goes.")
def publish(folders: Sequence[Path], earlier: Path | None, docs: Path, results: Path) -> None:
    """Write the results of the runs in FOLDERS for publication, together with those that were published before."""
    report, cases = make_report(folders, PUBLICATION, earlier)
    report = replace(report, setups=[to_setup(without_paths(asdict(setup))) for setup in report.setups])
    pictures = draw_pictures(report)
    names = {key: f"{docs.stem}-{re.sub(r'[^A-Za-z0-9.]+', '-', key)}.svg" for key in pictures}
    try:
        written = write_publication(results, report, cases)
        for key, svg in pictures.items():
            write_whole(docs.parent / names[key], svg)
        figures = _link_figures(report, cases, written, docs.parent)
        write_whole(docs, to_results_page(report, names, figures))
    except OSError as error:
        raise EvaluationError(f"Cannot write {error.filename}: {error.strerror or error}.") from error
    click.echo(
        f"{docs}, {len(pictures)} plots beside it, {written}, and {len(cases):,} results in {cases_path(written)}"
    )


def _link_figures(report: Report, cases: Sequence[Result], written: Path, docs: Path) -> str:
    """Links to the figures and the cases, as seen from the folder ``docs``."""

    def link(path: Path) -> str:
        return f"[{path.name}]({Path(os.path.relpath(path, docs)).as_posix()})"

    rows = {key_of(result) for result in cases}
    behind = f"; the outcomes of single cases, for {len(rows)} of {len(report.groups)} rows, are in "
    return f"Every figure is in {link(written)}{behind + link(cases_path(written)) if rows else ''}."


def _picture(pictures: Mapping[str, str], key: str, words: str) -> list[str]:
    return [f"![{words}]({pictures[key]})"] if key in pictures else []


def _describe_setups(setups: Sequence[RunSetup]) -> list[str]:
    """Each run's commands, as they are typed, and folded what decided its answers."""
    parts = []
    for setup in setups:
        parts += ["\n".join(f"    {command}" for command in write_commands(setup))]
        if rows := describe_setup(setup):
            table = to_table(["part", "value"], [list(row) for row in rows])
            parts += _fold("Set-up: what decided the answers, and where they were made", table)
    return [part for part in parts if part]


if __name__ == "__main__":
    try:
        publish(standalone_mode=False)
    except (QuarryError, click.ClickException) as error:
        click.echo(f"eval.report.publish: {error}", err=True)
        sys.exit(1)
