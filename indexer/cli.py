"""``quarry index``, ``list``, ``remove`` and ``watch``. What is printed is for people; ``--json`` for programs."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .errors import InputError
from .records import Skipped
from .settings import IndexerSettings

if TYPE_CHECKING:
    from .build import BuildReport
    from .plan import Plan
    from .progress import Progress

_MAX_SHOWN = 12  # redacted credentials that are listed one by one; --json has all


@click.command()
@click.argument("source")
@click.option("--name", help="Name of the index; by default the last part of SOURCE.")
@click.option("--ref", help="Branch, tag or commit to index; by default what HEAD is.")
@click.option("--worktree", is_flag=True, help="Index the files as they are now, with uncommitted changes.")
@click.option(
    "--encoder",
    help="A sentence-transformers model by name or path; by default QUARRY_ENCODER, or the one the index was made "
    "with.",
)
@click.option(
    "--rebuild", is_flag=True, help="Make this index anew and forget all its refs; the old one answers until then."
)
@click.option("--keep-refs", is_flag=True, help="Keep indexed refs that the repository does not have any more.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be indexed and what not, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def index(
    source: str,
    name: str | None,
    ref: str | None,
    worktree: bool,
    encoder: str | None,
    rebuild: bool,
    keep_refs: bool,
    plan_only: bool,
    as_json: bool,
) -> None:
    """Index SOURCE, a local path or a git URL, so that it can be searched and asked."""
    from .build import build_index
    from .home import check_name
    from .plan import plan_index
    from .repository import default_name, open_source

    if ref is not None and worktree:
        raise InputError("Give --ref or --worktree, not both.")
    settings = IndexerSettings()
    name = check_name(name or default_name(source))
    if plan_only:
        with tempfile.TemporaryDirectory(prefix="quarry-plan-") as clones:
            opened = open_source(source, clones=Path(clones) / "clones", ref=ref, worktree=worktree)
            plan = plan_index(opened, settings.max_file_bytes)
        _print_plan(plan, as_json)
        return
    opened = open_source(
        source,
        clones=settings.home / "clones",
        ref=ref,
        worktree=worktree,
        wait_seconds=settings.lock_wait_seconds,
        on_note=_print_note,
    )
    with _progress_shown(quiet=as_json) as on_progress:
        report = build_index(
            opened,
            name,
            settings,
            encoder_name=encoder,
            rebuild=rebuild,
            keep_refs=keep_refs,
            on_progress=on_progress,
            on_note=_print_note,
        )
    _print_report(report, as_json)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """List the indexed repositories with their refs."""
    from .overview import describe_repositories

    settings = IndexerSettings()
    repositories = describe_repositories(settings.home)
    if as_json:
        click.echo(json.dumps([asdict(repository) for repository in repositories], indent=1))
        return
    if not repositories:
        click.echo("Nothing is indexed yet. Run `quarry index SOURCE`.")
    for repository in repositories:
        click.echo(f"{repository.name}  {repository.origin}")
        if repository.problem:
            click.echo(f"    {repository.problem}")
        for state in repository.refs:
            commit = state.commit[:12] if state.commit else "no commit"
            click.echo(
                f"    {state.ref} ({commit})  {state.n_files:,} files, {state.n_chunks:,} chunks, {state.indexed_at}"
            )


@click.command()
@click.argument("name")
@click.option("--ref", help="Remove this indexed ref alone; `@worktree` is the one of --worktree.")
def remove(name: str, ref: str | None) -> None:
    """Remove the index NAME, or one ref of it. The repository itself is not touched.

    What was cloned of a URL goes with the last index of it.
    """
    from .home import remove_ref, remove_repository

    settings = IndexerSettings()
    if ref is not None:
        remove_ref(settings.home, name, ref, wait_seconds=settings.lock_wait_seconds)
        click.echo(f"Removed {ref} from the index of {name}.")
        return
    remove_repository(settings.home, name, wait_seconds=settings.lock_wait_seconds)
    click.echo(f"Removed the index of {name}.")


@click.command()
@click.argument("name")
def watch(name: str) -> None:
    """Keep the index NAME fresh while its files change, until Ctrl-C.

    Follows HEAD if that is indexed, and the working tree if it was indexed with --worktree.
    """
    import threading

    from .watch import WatchUpdate, find_watchable, watch_index
    from .words import without_half_characters

    settings = IndexerSettings()
    origin, refs = find_watchable(name, settings)
    click.echo(f"watching {without_half_characters(str(origin))} for {name} ({', '.join(refs)}); Ctrl-C ends")

    def show(update: WatchUpdate) -> None:
        at = f" at {update.commit[:12]}" if update.commit else ""
        click.echo(
            f"{update.ref}{at}: {update.n_files_changed:,} files changed, {update.n_embedded:,} chunks embedded, "
            f"{update.ms:,.0f} ms"
        )

    watch_index(name, settings, threading.Event(), on_update=show, on_error=_print_note)


@contextmanager
def _progress_shown(*, quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A bar with files, chunks, chunks/s and time left on a terminal; a line every five seconds elsewhere."""
    if quiet:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_lines()
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("indexing"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%  {task.fields[words]}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, words="preparing")

        def update(progress: Progress) -> None:
            bar.update(task, total=progress.n_bytes or 1, completed=progress.n_bytes_done, words=_describe(progress))

        yield update


def _print_lines() -> Callable[[Progress], None]:
    last_seconds = 0.0

    def update(progress: Progress) -> None:
        nonlocal last_seconds
        if progress.elapsed_seconds - last_seconds >= 5:
            last_seconds = progress.elapsed_seconds
            click.echo(f"indexing: {_describe(progress)}", err=True)

    return update


def _describe(progress: Progress) -> str:
    left = progress.seconds_left
    return (
        f"{progress.n_files_done:,}/{progress.n_files:,} files, {progress.n_chunks:,} chunks, "
        f"{progress.chunks_per_second:,.0f} chunks/s" + (f", {left:,.0f} s left" if left is not None else "")
    )


def _print_note(line: str) -> None:
    click.echo(line, err=True)


def _print_report(report: BuildReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(report), indent=1))
        return
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    at = f" at {report.commit[:12]}" if report.commit else ""
    if report.n_files_read == 0:
        click.echo(f"{report.name}: up to date{at}, {report.n_chunks:,} chunks ({report.seconds:.1f} s)")
        return
    rate = report.n_embedded / report.seconds if report.seconds else 0.0
    click.echo(
        f"{report.name}: {report.n_files:,} files, {report.n_chunks:,} chunks{at}; {report.n_embedded:,} new ones "
        f"embedded in {report.seconds:.1f} s ({rate:,.0f} chunks/s)"
    )
    _print_skipped(report.skipped)
    if report.findings:
        click.echo(f"redacted {len(report.findings)} credentials before storing anything:")
        for finding in report.findings[:_MAX_SHOWN]:
            click.echo(f"    {finding.path}:{finding.line}  {finding.rule}")
        _print_rest(len(report.findings))
    click.echo(f'try: quarry search {report.name} "..."   or   quarry ask {report.name} "..."')


def _print_plan(plan: Plan, as_json: bool) -> None:
    from .words import without_half_characters

    if as_json:
        click.echo(json.dumps(asdict(plan), indent=1))
        return
    for note in plan.notes:
        click.echo(f"note: {note}", err=True)
    at = f" at {plan.commit[:12]}" if plan.commit else ""
    origin = without_half_characters(plan.origin)
    click.echo(
        f"would index {plan.n_files:,} files of {origin}{at}: {plan.n_bytes:,} bytes, {plan.n_chunks:,} chunks, "
        f"about {plan.estimated_seconds:,.0f} s with the built-in encoder"
    )
    for language, n_files in plan.languages.items():
        click.echo(f"    {language:<12} {n_files:,} files")
    _print_skipped(plan.skipped)


def _print_skipped(skipped: Sequence[Skipped]) -> None:
    from .words import without_half_characters

    if not skipped:
        return
    click.echo(f"left out {len(skipped):,} files:")
    for reason, n_files in Counter(s.reason for s in skipped).most_common():
        examples = [without_half_characters(s.path) for s in skipped if s.reason == reason]
        shown = ", ".join(examples[:3]) + (", …" if len(examples) > 3 else "")
        click.echo(f"    {n_files:>5,}  {reason}: {shown}")


def _print_rest(n_all: int) -> None:
    if n_all > _MAX_SHOWN:
        click.echo(f"    and {n_all - _MAX_SHOWN:,} more (see --json)")
