"""Writes published results: a page of Markdown with plots beside it, and the JSON that all of it comes from.

    python -m eval.report.publish DIR… --docs docs/results.md --results eval/results

Nothing of the repositories' code and no path of the machine goes in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from eval.errors import EvaluationError
from eval.stats import MIN_CLUSTERS
from eval.tables import to_table
from indexer.errors import QuarryError

from .figures import NEVER_POOLED
from .plan import PUBLICATION
from .plots import draw_arms, draw_gains
from .records import Progress, Report
from .svg import as_file
from .text import describe_group, found_table, judges_table, progress_table
from .wording import describe_pooled, shorten_models, write_commit

_FOLDERS_OF_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.@+~-]+/)+")  # all but the last part
_TASK_COLUMNS = ("task", "repo", "n_cases", "version", "max_tokens")
_ABOUT_PLOTS = (
    "In the plots, lines are 95 % intervals. A hollow mark is a difference that is not shown, also where its interval "
    "excludes zero and the exact test does not."
)


def to_results_page(report: Report, pictures: Mapping[str, str]) -> str:
    """The page, what matters first. ``pictures`` are the plots' files by ``gains MODEL`` and ``arms MODEL REPO``."""
    parts = ["# Results", *_describe_found(report), *_describe_progress(report.progress), "## In detail", _ABOUT_PLOTS]
    for model in dict.fromkeys(group.model for group in report.groups):
        own = [group for group in report.groups if group.model == model]
        parts += [f"### {model}", *_picture(pictures, f"gains {model}", f"Gain of retrieval with {model}")]
        pooled = [each for each in report.pooled if each.model == model]
        if pooled:
            without = ", ".join(sorted(NEVER_POOLED))
            parts.append("\n".join(f"- {each.repo}: {describe_pooled(each)} Without {without}." for each in pooled))
        for repo in dict.fromkeys(group.repo for group in own):
            parts += _picture(pictures, f"arms {model} {repo}", f"Arms on {repo}, {model}")
            for group in own:
                if group.repo == repo:
                    parts += [f"#### {group.task} on {repo}, {model}", group.verdict, *describe_group(group)]
    if report.judges:
        parts += ["## Judged by a model", judges_table(report.judges)]
    parts += ["## What to keep in mind", "\n".join(f"- {caveat}" for caveat in report.caveats)]
    parts += ["## Commands and set-up", *_describe_setups(report.setups)]
    return "\n\n".join(parts) + "\n"


def _describe_found(report: Report) -> list[str]:
    """The table of what was found, how to read it, and why in a sentence each."""
    made = (
        f"Made by `python -m eval.report.publish` on {report.made_at}, from runs of Quarry "
        f"{write_commit(report.commit) or '?'}. Every figure is in `{report.name}.json`."
    )
    if not report.groups:
        return ["Nothing is answered yet.", made]
    models = shorten_models(group.model for group in report.groups)
    reasons = [
        f"- {group.task} on {group.repo}, {models[group.model]}: {group.cause}"
        for group in report.groups
        if group.cause
    ]
    return [
        "Does retrieval help a small model? The same cases were asked without code "
        "(`none`), with as much irrelevant code (`placebo`), with what the assistant finds (`retrieval`) and with the "
        "code that helps (`oracle`): shares of right answers, and the paired difference with its 95 % interval.",
        found_table(report.groups),
        "`n` are the cases that both `none` and `retrieval` answered. Better or worse: the interval excludes zero and "
        "the exact test, adjusted by Holm over a model's tasks and repositories, is below 0.05. Perhaps: only before "
        "it is adjusted. Not shown is not the same as no difference: what each run could have seen stands in the "
        f"details. With fewer than {MIN_CLUSTERS} files there is no interval, and the test decides alone. "
        "[How it is measured](evaluation.md).",
        *(["## Why it helped or did not", "\n".join(reasons)] if reasons else []),
        made,
    ]


def _describe_progress(progress: Sequence[Progress]) -> list[str]:
    """How much of the plan is done, and what was run outside of it."""
    planned = [each for each in progress if each.n_planned is not None]
    others = [each for each in progress if each.n_planned is None]
    parts = []
    if planned:
        n_cells = sum(len(each.answered) for each in planned)
        n_begun = sum(bool(n) for each in planned for n in each.answered.values())
        n_complete = sum(each.n_complete for each in planned)
        parts += [
            "## What is done of the plan",
            f"The plan was fixed before the runs. Of its {n_cells} cells (a task on a repository by a model under an "
            f"arm) {n_complete} are complete, {n_begun - n_complete} begun, {n_cells - n_begun} not begun (—). Cases "
            "answered:",
            progress_table(planned),
        ]
        fewer = [
            f"{each.task} on {each.repo} ({each.n_cases})" for each in planned if each.n_cases < (each.n_planned or 0)
        ]
        if fewer:
            parts.append(f"All that the repository gives, fewer than planned: {', '.join(dict.fromkeys(fewer))}.")
    if others:
        title = "Runs outside of the plan" if planned else "Cases answered"
        parts += [f"{'###' if planned else '##'} {title}", progress_table(others)]
    return parts


def draw_pictures(report: Report) -> dict[str, str]:
    """The plots as SVG files' texts, by the keys of ``to_results_page``."""
    drawn: dict[str, str] = {}
    for model in dict.fromkeys(group.model for group in report.groups):
        own = [group for group in report.groups if group.model == model]
        plots = {f"gains {model}": draw_gains(own, "gains", f"Gain of retrieval with {model}")}
        for repo in dict.fromkeys(group.repo for group in own):
            groups = [group for group in own if group.repo == repo and any(arm.correct.n_hits for arm in group.arms)]
            plots[f"arms {model} {repo}"] = draw_arms(groups, "arms", f"Arms on {repo}, {model}")
        drawn |= {key: as_file(plot.svg) for key, plot in plots.items() if plot is not None}
    return drawn


def without_paths(value: Any) -> Any:
    """A set-up whose texts hold no folders of this machine: of an absolute path the last part is left."""
    if isinstance(value, str):
        return _FOLDERS_OF_PATH.sub("", value)
    if isinstance(value, Mapping):
        return {key: without_paths(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(part) for part in value]
    return value


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--docs", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The page to write.")
@click.option("--results", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where the JSON goes.")
def publish(folders: Sequence[Path], docs: Path, results: Path) -> None:
    """Write the results of the runs in FOLDERS for publication."""
    from . import build, to_json

    report, _ = build(folders, PUBLICATION)
    report = replace(report, setups=without_paths(report.setups))
    pictures = draw_pictures(report)
    names = {key: f"{docs.stem}-{re.sub(r'[^A-Za-z0-9.]+', '-', key)}.svg" for key in pictures}
    try:
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{report.name}.json").write_text(to_json(report), "utf-8")
        for key, svg in pictures.items():
            (docs.parent / names[key]).write_text(svg, "utf-8")
        docs.write_text(to_results_page(report, names), "utf-8")
    except OSError as error:
        raise EvaluationError(f"Cannot write {error.filename}: {error.strerror or error}.") from error
    click.echo(f"{docs}, {len(pictures)} plots beside it, and {results / report.name}.json")


def _picture(pictures: Mapping[str, str], key: str, words: str) -> list[str]:
    return [f"![{words}]({pictures[key]})"] if key in pictures else []


def _describe_setups(setups: Sequence[Mapping[str, Any]]) -> list[str]:
    parts = []
    for setup in setups:
        tasks = setup.get("tasks", ())
        arms = list(dict.fromkeys(arm for start in setup.get("starts", ()) for arm in start.get("arms", ())))
        commands = []
        for repo in dict.fromkeys(str(task.get("repo", "")) for task in tasks):
            names = " ".join(str(task["task"]) for task in tasks if str(task.get("repo", "")) == repo)
            place = "" if repo == "built-in" else f" --repo {repo}"
            chosen = f" --arms {','.join(arms)}" if arms else ""
            # What a run does not say is the task's own, greedy, once: 0, None and 1 sample need no option.
            wishes = ("limit", "context_tokens", "max_tokens", "temperature")
            options = [f"--{name.replace('_', '-')} {setup[name]}" for name in wishes if setup.get(name)]
            options += [f"--samples {setup['n_samples']}"] if setup.get("n_samples", 1) > 1 else []
            asked = " ".join(["", f"--model {setup.get('model')}", *options, f"--seed {setup.get('seed', 0)}"])
            commands.append(f"    quarry eval run {names}{place}{chosen}{asked}")
        parts.append("\n".join(commands))
        rows = [
            [str(task.get(name, "")) for name in ("task", "repo", "n_cases", "version", "max_tokens")] for task in tasks
        ]
        if rows:
            parts.append(to_table(["task", "repository", "cases", "version", "answer tokens at most"], rows))
        repos = [
            [
                str(repo.get("name")),
                str(repo.get("origin")),
                write_commit(str(repo.get("commit") or repo.get("content"))),
            ]
            for repo in setup.get("repos", ())
        ]
        if repos:
            parts.append(to_table(["repository", "from", "commit or content"], repos))
    return [part for part in parts if part]


if __name__ == "__main__":
    try:
        publish(standalone_mode=False)
    except (QuarryError, click.ClickException) as error:
        click.echo(f"eval.report.publish: {error}", err=True)
        sys.exit(1)
