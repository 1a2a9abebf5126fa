"""The commands `quarry models` (list), `… pull NAME` (download and verify) and `… speed NAME` (measure)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assistant.models.download import Progress
    from assistant.models.providers import ModelListing
    from assistant.settings import AssistantSettings

_LINE_EVERY_PERCENT = 10  # plain lines for a log: ten of them, not ten thousand


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, for scripts.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models that can be asked, and which of them `auto` takes."""
    if context.invoked_subcommand is not None:
        return
    from assistant.models.providers import list_models
    from assistant.settings import AssistantSettings

    listings = list_models(AssistantSettings())
    if as_json:
        click.echo(json.dumps([asdict(listing) for listing in listings], indent=2))
    else:
        _print_table(listings)


@models.command()
@click.argument("name", required=False)
def pull(name: str | None) -> None:
    """Download the model NAME (such as qwen2.5-coder-1.5b) and verify it. Goes on where it stopped.

    Without NAME it is the model that the settings choose; of one at a server, whether it answers is said.
    """
    from assistant.models.catalogue import find_model
    from assistant.models.download import pull_model
    from assistant.models.providers import choose_model
    from assistant.settings import AssistantSettings

    settings = AssistantSettings()
    if name is None:
        name = choose_model(settings)
        if not name.startswith("embedded/"):
            _say_whether_it_answers(settings, name)
            return
    model = find_model(name)
    with _progress_display(model.name) as show:
        path = pull_model(settings.home, model, progress=show)
    click.echo(f"{model.full_name} is at {path} ({model.n_bytes / 1e6:,.0f} MB, SHA-256 verified)")


@models.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
def speed(name: str | None, as_json: bool) -> None:
    """Measure how fast the embedded model NAME reads and writes on this machine, with nothing cached.

    Without NAME it is the model that the settings choose.
    """
    from assistant.errors import ModelUnavailable
    from assistant.models.catalogue import find_model
    from assistant.models.download import verify_model
    from assistant.models.engine_build import read_engine_build
    from assistant.models.providers import choose_model
    from assistant.models.speed import measure_speed
    from assistant.settings import AssistantSettings

    settings = AssistantSettings()
    if name is None:
        name = choose_model(settings)
        if not name.startswith("embedded/"):
            raise ModelUnavailable(f"{name} is at a server: name an embedded model, such as qwen2.5-coder-0.5b")
    model = find_model(name)
    path = verify_model(settings.home, model)
    measured = measure_speed(path, threads=settings.engine_threads, start_seconds=settings.engine_start_seconds)
    build = read_engine_build()
    if as_json:
        click.echo(json.dumps({"model": model.full_name, "engine": str(build), **asdict(measured)}))
    else:
        click.echo(
            f"{model.full_name} reads {measured.prompt_tokens_per_second:.0f} prompt tokens/s and writes "
            f"{measured.generated_tokens_per_second:.1f} tokens/s (threads: {measured.n_threads}; {build})"
        )
    if not measured.is_sound:
        advice = f". To have the prebuilt one: {build.restore_command}" if build.is_compiled_here else ""
        raise ModelUnavailable(f"{build} computes wrongly: it could not copy a text that it had just read{advice}")


def _say_whether_it_answers(settings: AssistantSettings, name: str) -> None:
    """What a server has is not ours to fetch. That it does not answer is no failure here: asking it is."""
    from assistant.errors import ModelError
    from assistant.models.providers import open_provider
    from assistant.models.services import is_hosted

    try:
        provider = open_provider(settings, name)
    except ModelError as error:
        click.echo(f"quarry: there is nothing to download for {name}, but it cannot be asked: {error}", err=True)
        return
    provider.close()
    says = "is hosted" if is_hosted(provider.model) else "answers"
    click.echo(f"{provider.model} {says}: there is nothing to download")


def _print_table(listings: list[ModelListing]) -> None:
    width = max(len(listing.name) for listing in listings)
    for listing in listings:
        size = f"{listing.n_bytes / 1e6:,.0f} MB" if listing.n_bytes else ""
        note = "  <- auto" if listing.is_auto else ""
        click.echo(
            f"{listing.name:<{width}}  {size:>10}  {listing.state:<14}  {listing.licence or '':<10}{note}".rstrip()
        )
    click.echo("\nChoose one with QUARRY_MODEL=provider/name. `quarry models pull NAME` fetches an embedded one,")
    click.echo(
        "`ollama pull TAG` one of Ollama's. A hosted model, as anthropic/NAME or google_genai/NAME, is asked only"
    )
    click.echo("by its full name, and your code is sent to it: see docs/models.md.")


@contextmanager
def _progress_display(name: str) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, a line every tenth elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines(name)
        return
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(f"asking for {name}", total=None)
        phases: list[str] = []

        def show(progress: Progress) -> None:
            title = _title(progress)
            if phases[-1:] != [title]:  # another phase or source has a speed of its own
                phases.append(title)
                bar.reset(task, description=title, total=progress.total_bytes)
            bar.update(task, completed=progress.done_bytes)

        yield show


def _plain_lines(name: str) -> Callable[[Progress], None]:
    shown: set[tuple[str, int]] = set()
    click.echo(f"asking for {name}", err=True)

    def show(progress: Progress) -> None:
        step = 100 * progress.done_bytes // progress.total_bytes // _LINE_EVERY_PERCENT
        line = (_title(progress), step)
        if line not in shown:
            shown.add(line)
            done_mb, total_mb = progress.done_bytes / 1e6, progress.total_bytes / 1e6
            click.echo(f"{line[0]}: {done_mb:,.0f} of {total_mb:,.0f} MB", err=True)

    return show


def _title(progress: Progress) -> str:
    return f"from {progress.source}" if progress.phase == "downloading" else "verifying SHA-256"
