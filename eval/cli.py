"""``quarry eval``: list what can be measured, run it, report and compare runs, fetch what is published on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .judging.cli import judge
from .retrieval.cli import MINED_OF_A_KIND, retrieval
from .running.records import DEFAULT_CONTEXT_TOKENS

if TYPE_CHECKING:
    from .running.run import Run

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def evaluate() -> None:
    """Measure how much retrieval helps, on a repository of yours."""


class _RunCommand(click.Group):
    """Runs tasks by their names; ``retrieval``, which asks no model, has options of its own and is a command."""

    allow_interspersed_args = True  # as commands have it; a group would take --repo for a task

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] in self.commands:
            return self.commands[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        return click.Command.invoke(self, ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return click.Command.collect_usage_pieces(self, ctx)


@evaluate.command(name="list")
def list_what_there_is() -> None:
    """Print the tasks and the arms, with what each needs."""
    from .arms import DESCRIPTIONS
    from .tables import to_table
    from .tasks import list_tasks, load_task

    rows = []
    for name in list_tasks():
        task = load_task(name)
        needs = [*(["a repository"] if task.needs_repository else []), *(["a sandbox"] if task.runs_code else [])]
        rows.append([name, task.description, " and ".join(needs) or "nothing", str(task.default_limit)])
    about = "The search alone: does it find the code of a docstring or a commit's message, or of your own questions?"
    rows.append(["retrieval", about, "a repository", f"{MINED_OF_A_KIND} of a kind"])
    click.echo(to_table(["task", "what is asked", "needs", "cases"], rows))
    click.echo()
    click.echo(to_table(["arm", "what the model is given to read"], [list(each) for each in DESCRIPTIONS.items()]))
    click.echo("\nOptions of an arm: k=HITS and budget=TOKENS, as in `--arms none,retrieval:k=5,dense:budget=400`.")


@evaluate.group(cls=_RunCommand, invoke_without_command=True)
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...")
@click.option("--repo", "repos", multiple=True, metavar="PATH", help="A repository: a path or a git URL. Repeatable.")
@click.option(
    "--suite",
    type=click.Choice(["standard"]),
    help="Run on pinned packages, which are fetched: python-toon, boltons, strands-agents.",
)
@click.option(
    "--arms",
    default="none,retrieval",
    show_default=True,
    help="What to compare: none, placebo, retrieval, oracle, dense, lexical, fused. Gains are told against none.",
)
@click.option("--model", help="Model to ask, as provider/name; by default what QUARRY_MODEL says.")
@click.option("--limit", type=click.IntRange(1), help="Number of cases of each task; by default the task's own.")
@click.option("--seed", default=0, show_default=True, help="Seed of the cases' draw, the placebo and the bootstrap.")
@click.option("--out", type=_FOLDER, help="Folder of the run; by default one for each configuration.")
@click.option(
    "--context-tokens",
    type=click.IntRange(64),
    default=DEFAULT_CONTEXT_TOKENS,
    show_default=True,
    help="Cap on the code in a prompt, in every arm.",
)
@click.option("--max-tokens", type=click.IntRange(1), help="Cap on an answer, in every arm; by default the task's own.")
@click.option(
    "--python",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Interpreter that the repository's tests run in; by default an environment is made.",
)
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="File or folder of a published set.")
@click.option(
    "--samples", type=click.IntRange(1), default=1, show_default=True, help="Answers to each case, for pass@k."
)
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True, help="0 is greedy.")
@click.option("--unsafe", is_flag=True, help="Run generated code without a sandbox where there is none.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def run(
    tasks: Sequence[str],
    repos: Sequence[str],
    suite: str | None,
    arms: str,
    model: str | None,
    limit: int | None,
    seed: int,
    out: Path | None,
    context_tokens: int,
    max_tokens: int | None,
    python: Path | None,
    data: Path | None,
    samples: int,
    temperature: float,
    unsafe: bool,
    as_json: bool,
) -> None:
    """Ask a model the cases of each TASK under each arm. Stopped anywhere, the same command goes on.

    `quarry eval list` names the tasks. The task `retrieval` asks no model and has options of its own.
    """
    if repos and suite:
        raise click.UsageError("Give --repo or --suite, not both.")
    if samples > 1 and temperature == 0:
        raise click.UsageError("Greedy answers to one prompt are all the same: give --temperature with --samples.")
    if "retrieval" in tasks:
        raise click.UsageError("retrieval runs by itself: `quarry eval run retrieval`, with options of its own.")
    from assistant.models.providers import open_provider
    from assistant.settings import AssistantSettings

    from .arms import parse_arms
    from .running.progress import show_progress
    from .running.run import Run, RunOptions
    from .tasks import load_task

    asking = [name for name in tasks if load_task(name).needs_repository]
    if asking and not repos and not suite:  # before the model is opened, which may be missing too
        raise click.UsageError(f"No repository to ask about for {', '.join(asking)}: give --repo PATH, or --suite.")
    options = RunOptions(
        tasks=tasks,
        repos=repos,
        arms=parse_arms(arms),
        limit=limit,
        seed=seed,
        out=out,
        context_tokens=context_tokens,
        max_tokens=max_tokens,
        python=python,
        data=data,
        unsafe=unsafe,
        temperature=temperature,
        n_samples=samples,
    )
    settings = AssistantSettings()
    if suite:
        from dataclasses import replace

        from .datasets import STANDARD_SUITE, fetch_dataset

        folders = [fetch_dataset(name, settings.home / "datasets") for name in STANDARD_SUITE]
        options = replace(options, repos=[str(folder) for folder in folders])
    provider = open_provider(settings, model, reuse_prompts=False)  # else an answer depends on what was asked before
    started: Run | None = None
    try:
        with show_progress() as display:
            started = Run(options, settings, provider, display.say, display.update)
            try:
                started.go()
            except KeyboardInterrupt:
                _say_what_is_kept(started.folder.path)
                raise click.Abort from None
    finally:
        provider.close()
        if started is not None:
            started.close()
    _print_figures(started.folder.path, as_json)


@evaluate.command()
@click.argument("folders", nargs=-1, required=True, type=_FOLDER, metavar="DIR...")
@click.option("--out", type=_FOLDER, help="Where page and JSON go; by default `reports` in the first DIR.")
@click.option("--open", "opens", is_flag=True, help="Show the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def report(folders: Sequence[Path], out: Path | None, opens: bool, as_json: bool) -> None:
    """Print the figures of the runs in DIR..., as far as they are, and write the report of them all."""
    from .report import to_json, to_markdown, write_report

    paths = write_report(folders, out)
    click.echo(to_json(paths.report) if as_json else to_markdown(paths.report))
    click.echo(f"the page and its figures: {paths.html}, {paths.json}", err=True)
    if opens:
        click.launch(str(paths.html))


@evaluate.command()
@click.argument("before", type=_FOLDER, metavar="DIR")
@click.argument("after", type=_FOLDER, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def compare(before: Path, after: Path, as_json: bool) -> None:
    """Compare two runs on the cases and arms that they share, such as two models or two versions of Quarry."""
    from .report import compare_folders, to_json, to_text

    compared = compare_folders(before, after)
    click.echo(to_json(compared) if as_json else to_text(compared))


@evaluate.command()
@click.argument("dataset", metavar="[PACKAGE]", default="kreuzberg")
@click.option(
    "--to", "parent", type=click.Path(path_type=Path), help="Where to put it; by default below Quarry's home."
)
def fetch(dataset: str, parent: Path | None) -> None:
    """Fetch a pinned package to evaluate on, verify its hash, unpack it, and print its folder.

    PACKAGE is python-toon, boltons, strands-agents or kreuzberg (the default).
    """
    from indexer.settings import IndexerSettings

    from .datasets import fetch_dataset

    click.echo(fetch_dataset(dataset, parent or IndexerSettings().home / "datasets"))


run.add_command(retrieval)
evaluate.add_command(judge)


def _say_what_is_kept(folder: Path) -> None:
    from .running.logs import read_run
    from .tables import count_noun

    n_kept = sum(bool(result.attempts) for result in read_run(folder)[1])
    click.echo(f"Stopped. {count_noun(n_kept, 'answer')} kept in {folder}: the same command goes on.", err=True)


def _print_figures(folder: Path, as_json: bool) -> None:
    from .report import to_json, to_markdown, write_report

    paths = write_report([folder])
    click.echo(to_json(paths.report) if as_json else to_markdown(paths.report))
    click.echo(f"the page: {paths.html}", err=True)
    click.echo(f"every prompt and answer: {folder} (`inspect view --log-dir {folder / 'logs'}`)", err=True)
