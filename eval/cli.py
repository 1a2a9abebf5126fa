"""``quarry eval``: run an evaluation, print one again, fetch the repository of the published one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .retrieval.cli import retrieval

if TYPE_CHECKING:
    from indexer.progress import Progress

    from .run import RunProgress
    from .summary import Summary

_MIN_SECONDS_BETWEEN_LINES = 10.0


@click.group()
def evaluate() -> None:
    """Measure how much retrieval helps, on a repository of yours."""


class _Tasks(click.Group):
    """The tasks, which an unknown one is told."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            ctx.fail(f"There is no task {args[0]!r}: choose from {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


@evaluate.group(cls=_Tasks)
def run() -> None:
    """Run an evaluation."""


run.add_command(retrieval)


@run.command(name="questions")
@click.option("--repo", required=True, metavar="PATH", help="The repository that questions are made from.")
@click.option("--limit", type=click.IntRange(1), help="Number of questions; by default 60, or all if there are fewer.")
@click.option("--arms", default="none,retrieval", show_default=True, help="What to compare; the first is the baseline.")
@click.option("--model", help="Model to ask, as provider/name; by default what QUARRY_MODEL says.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run; by default one for each configuration.",
)
@click.option("--name", help="Name of the repository's index; by default the last part of PATH.")
@click.option("--seed", default=0, show_default=True, help="Which questions are drawn, and the bootstrap.")
@click.option(
    "--max-tokens", type=click.IntRange(1), default=48, show_default=True, help="Cap on an answer, in every arm."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def ask_a_model(
    repo: str,
    limit: int | None,
    arms: str,
    model: str | None,
    out: Path | None,
    name: str | None,
    seed: int,
    max_tokens: int,
    as_json: bool,
) -> None:
    """Ask a model questions with and without retrieval. Stopped anywhere, the same command goes on."""
    import asyncio

    from assistant.answer import Assistant
    from assistant.models.providers import open_provider
    from assistant.settings import AssistantSettings
    from indexer.home import check_name
    from indexer.repository import default_name, open_source

    from .arms import Target, choose_arms
    from .prepare import default_folder, describe_run
    from .report import write_report
    from .run import ask_questions
    from .sources import index_repository, pin_context, read_python_files
    from .store import RunFolder
    from .tasks.questions.harvest import choose_questions

    chosen = choose_arms(arms.split(","))
    settings = pin_context(AssistantSettings())
    name = check_name(name or default_name(repo))
    provider = open_provider(settings, model, reuse_prompts=False)  # else an answer depends on what was asked before
    try:
        source = open_source(repo, clones=settings.home / "clones")
        for note in source.notes:
            click.echo(f"note: {note}", err=True)
        python = read_python_files(source, settings.max_file_bytes)
        questions = choose_questions(source, python, limit=limit, seed=seed)
        index = index_repository(source, name, settings, _print_indexing(), lambda line: click.echo(line, err=True))
        config = describe_run(
            source,
            python.content,
            settings,
            repo=name,
            index=index,
            model=provider.model,
            arms=[arm.name for arm in chosen],
            seed=seed,
            n_questions=len(questions),
            max_tokens=max_tokens,
        )
        folder = RunFolder(out or default_folder(settings.home, config))
        folder.claim(config, questions)
        click.echo(f"{len(questions)} questions under {arms}, written to {folder.path}", err=True)
        target = Target(name, source.ref, max_tokens)
        try:
            with _progress_shown() as on_progress:
                asyncio.run(
                    ask_questions(questions, chosen, target, Assistant(settings, provider), folder, on_progress)
                )
        except KeyboardInterrupt:
            n_kept = len(folder.read_answers())
            click.echo(f"Stopped. {n_kept} answers are kept in {folder.path}: the same command goes on.", err=True)
            raise click.Abort from None
    finally:
        provider.close()
    _print_summary(write_report(folder), folder.path, as_json)


@evaluate.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def report(folder: Path, as_json: bool) -> None:
    """Print the figures of the run in FOLDER again, as far as it is."""
    from .report import write_report
    from .store import RunFolder

    _print_summary(write_report(RunFolder(folder)), folder, as_json)


@evaluate.command()
@click.argument("dataset", default="kreuzberg")
@click.option(
    "--to", "parent", type=click.Path(path_type=Path), help="Where to put it; by default below Quarry's home."
)
def fetch(dataset: str, parent: Path | None) -> None:
    """Fetch a pinned package to evaluate on, verify its hash, unpack it, and print its folder."""
    from indexer.settings import IndexerSettings

    from .datasets import fetch_dataset

    click.echo(fetch_dataset(dataset, parent or IndexerSettings().home / "datasets"))


def _print_summary(summary: Summary, folder: Path, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(summary), indent=1))
        return
    from .report import to_markdown

    click.echo(to_markdown(summary))
    click.echo(f"every prompt and answer: {folder / 'answers.jsonl'}", err=True)


@contextmanager
def _progress_shown() -> Iterator[Callable[[RunProgress], None]]:
    """A bar with the time left on a terminal; a line every ten seconds elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_lines()
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("asking"), BarColumn(), TextColumn("{task.fields[words]}"), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=None, words="loading the model")

        def update(progress: RunProgress) -> None:
            bar.update(task, total=progress.n, completed=progress.n_done, words=_describe(progress))

        yield update


def _print_lines() -> Callable[[RunProgress], None]:
    last_seconds = 0.0

    def update(progress: RunProgress) -> None:
        nonlocal last_seconds
        if progress.elapsed_seconds - last_seconds >= _MIN_SECONDS_BETWEEN_LINES:
            last_seconds = progress.elapsed_seconds
            click.echo(f"asking: {_describe(progress)}", err=True)

    return update


def _describe(progress: RunProgress) -> str:
    left = progress.seconds_left
    return f"{progress.n_done}/{progress.n} answers" + (f", {left:,.0f} s left" if left is not None else "")


def _print_indexing() -> Callable[[Progress], None]:
    """Indexing takes seconds mostly: one line when it takes longer, then one every ten seconds."""
    last_seconds = 0.0

    def update(progress: Progress) -> None:
        nonlocal last_seconds
        if progress.elapsed_seconds - last_seconds >= _MIN_SECONDS_BETWEEN_LINES:
            last_seconds = progress.elapsed_seconds
            click.echo(f"indexing: {progress.n_files_done:,}/{progress.n_files:,} files", err=True)

    return update
