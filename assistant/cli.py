"""``quarry search``, ``symbols``, ``ask`` and ``chat``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

import click

from .records import REF_FORM

if TYPE_CHECKING:
    from indexer.records import Hit

    from .answer import Assistant
    from .events import AskRequest
    from .records import Answer
    from .search import SearchedRef
    from .settings import AssistantSettings

_PREVIEW_LINES = 6


@click.command()
@click.argument("name")
@click.argument("query")
@click.option("-k", default=10, show_default=True, help="Number of hits.")
@click.option("--ref", help=REF_FORM)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--explain", is_flag=True, help="Show how each hit came to its rank.")
def search(name: str, query: str, k: int, ref: str | None, as_json: bool, explain: bool) -> None:
    """Search NAME for QUERY: words, a question, or a symbol.

    NAME is a repository, NAME@REF, several with commas between them, or `all`.
    """
    from indexer.settings import IndexerSettings

    from .search import Searcher
    from .serialise import search_as_json
    from .targets import label_sources

    result = Searcher(IndexerSettings().home).search(name, query, k=k, ref=ref)
    if as_json:
        click.echo(json.dumps(search_as_json(result), indent=1))
        return
    if not result.hits:
        click.echo("Nothing found.")
    labels = label_sources([(searched.repo, searched.ref) for searched in result.searched])
    for number, hit in enumerate(result.hits, 1):
        _print_hit(number, hit, explain, labels[hit.repo, hit.ref])
    for searched in result.searched:
        _print_searched(searched)
    if explain:
        click.echo("  ".join(f"{step} {ms:.1f} ms" for step, ms in result.timings_ms.items()))


@click.command()
@click.argument("name")
@click.argument("question")
@click.option("--ref", help=REF_FORM)
@click.option("--no-retrieval", is_flag=True, help="Ask the model alone, without code from the repository.")
@click.option("--no-abstain", is_flag=True, help="Ask the model even where the search found nothing that fits.")
@click.option("--compare", is_flag=True, help="Answer without and with code, one after the other.")
@click.option("--model", help="Model to ask, as provider/name; by default what QUARRY_MODEL says.")
@click.option("-k", type=click.IntRange(1), help="Number of hits to choose passages from.")
@click.option("--max-tokens", type=click.IntRange(1), help="Cap on the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
def ask(
    name: str,
    question: str,
    ref: str | None,
    no_retrieval: bool,
    no_abstain: bool,
    compare: bool,
    model: str | None,
    k: int | None,
    max_tokens: int | None,
    as_json: bool,
) -> None:
    """Ask NAME a QUESTION.

    NAME is a repository, NAME@REF, several with commas between them, or `all`.
    """
    from .compare import answer_both, comparison_as_json
    from .events import AskRequest
    from .preparing import check_question
    from .records import Message
    from .serialise import answer_as_json
    from .settings import AssistantSettings

    if compare and no_retrieval:
        raise click.UsageError("--compare asks both with and without retrieval: leave --no-retrieval out.")
    request = AskRequest(
        name,
        [Message("user", question)],
        retrieval=not no_retrieval,
        k=k,
        max_tokens=max_tokens,
        ref=ref,
        abstain=not no_abstain,
    )
    check_question(request.messages)
    settings = AssistantSettings()
    _check_repository(settings, name)
    with _open_assistant(settings, model) as assistant:
        if as_json and compare:
            both = asyncio.run(answer_both(assistant.stream, request))
            click.echo(json.dumps(comparison_as_json(both), indent=1))
        elif as_json:
            click.echo(json.dumps(answer_as_json(asyncio.run(assistant.answer(request))), indent=1))
        elif compare:
            asyncio.run(_print_both(assistant, request))
        else:
            _print_sources(asyncio.run(_print_stream(assistant, request)))


@click.command()
@click.argument("name")
@click.option("--ref", help=REF_FORM)
@click.option("--model", help="Model to ask, as provider/name; by default what QUARRY_MODEL says.")
def chat(name: str, ref: str | None, model: str | None) -> None:
    """Talk about the repository NAME. An empty line or Ctrl-D ends it; Ctrl-C stops an answer."""
    from indexer.errors import QuarryError

    from .events import AskRequest
    from .records import Message
    from .settings import AssistantSettings

    settings = AssistantSettings()
    _check_repository(settings, name)
    messages: list[Message] = []
    with _open_assistant(settings, model) as assistant:
        while question := _read_question():
            asked = [*messages, Message("user", question)]
            try:
                answer = asyncio.run(_print_stream(assistant, AskRequest(name, asked, ref=ref)))
            except KeyboardInterrupt:
                click.echo("\n(stopped)")
                continue
            except QuarryError as error:  # the conversation goes on: the next question may do better
                click.echo(f"quarry: {error}", err=True)
                continue
            _print_sources(answer)
            if not answer.abstained:  # a refusal is ours: kept, it would stand before the next question as the model's
                messages = [*asked, Message("assistant", answer.text)]


def _check_repository(settings: AssistantSettings, name: str) -> None:
    """Fail on an unknown name before a model is loaded."""
    from indexer.home import find_repository

    from .targets import parse_targets

    for target in parse_targets(settings.home, name):
        find_repository(settings.home, target.repo)


@contextmanager
def _open_assistant(settings: AssistantSettings, model: str | None) -> Iterator[Assistant]:
    from .answer import Assistant
    from .models.providers import open_provider

    provider = open_provider(settings, model, n_slots=1)  # one person asks one question at a time
    try:
        yield Assistant(settings, provider)
    finally:
        provider.close()


async def _print_stream(assistant: Assistant, request: AskRequest) -> Answer:
    from .events import AnswerDone, PassagesFound, TokenGenerated

    async with aclosing(assistant.stream(request)) as events:
        async for event in events:
            if isinstance(event, PassagesFound):
                if event.are_read:
                    click.echo(f"reading {len(event.passages)} passages …", err=True)
            elif isinstance(event, TokenGenerated):
                click.echo(event.text, nl=False)
                sys.stdout.flush()
            elif isinstance(event, AnswerDone):
                click.echo()
                return event.answer
    raise AssertionError("a stream ends with AnswerDone or an error")


async def _print_both(assistant: Assistant, request: AskRequest) -> None:
    """Both answers as they come, each under its name, then what they took side by side."""
    from .compare import Arm, stream_both
    from .events import AnswerDone, TokenGenerated

    answers: dict[Arm, Answer] = {}
    shown: Arm | None = None
    async with aclosing(stream_both(assistant.stream, request)) as events:
        async for each in events:
            if each.arm != shown:
                shown = each.arm
                if answers:
                    click.echo()
                click.secho(f"{shown} retrieval", bold=True)
            if isinstance(each.event, TokenGenerated):
                click.echo(each.event.text, nl=False)
                sys.stdout.flush()
            elif isinstance(each.event, AnswerDone):
                answers[each.arm] = each.event.answer
                click.echo()
                _print_sources(each.event.answer)
    click.echo()
    for arm, answer in answers.items():
        unknown = ", ".join(answer.unknown_names) or "none"
        click.echo(
            f"{arm:<8}{answer.usage.prompt_tokens:>7,} + {answer.usage.completion_tokens:,} tokens"
            f"{_say_estimate(answer)}"
            f"  {answer.timings_ms['total'] / 1000:>6.1f} s  names not found: {unknown}"
        )


def _print_sources(answer: Answer) -> None:
    if not answer.text.strip():
        thought = answer.finish_reason == "length"
        hint = "it may have spent its tokens on thinking" if thought else "ask in other words, or search"
        click.echo(f"(the model gave no answer: {hint})", err=True)
    if answer.finish_reason == "length":
        click.echo("(cut at max_tokens: ask for more with --max-tokens)", err=True)
    several = len({passage.repo for passage in answer.passages}) > 1
    if answer.citations:
        click.echo("\ncited:")
    for number, repo, location in dict.fromkeys((c.passage, c.repo, c.location) for c in answer.citations):
        click.echo(f"  [{number}] {repo}: {location}" if several else f"  [{number}] {location}")
    if answer.passages:
        click.echo("\nsources:")
    for passage in answer.passages:
        where = f"{passage.repo}: {passage.location}" if several else passage.location
        at = f" @{passage.commit[:12]}" if passage.commit else ""
        click.echo(f"  [{passage.number}] {where}{at}")
    if answer.unknown_names:
        click.secho(f"\nwarning: found nowhere in the code: {', '.join(answer.unknown_names)}", fg="yellow", err=True)
    if answer.n_citations_removed:
        n = answer.n_citations_removed
        click.echo(f"{n} citation{'' if n == 1 else 's'} of the model removed: nothing there supports them", err=True)
    usage, seconds = answer.usage, answer.timings_ms["total"] / 1000
    click.echo(
        f"\n{answer.model}: {usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens{_say_estimate(answer)}, "
        f"{seconds:.1f} s",
        err=True,
    )


def _say_estimate(answer: Answer) -> str:
    return " (estimated)" if answer.usage.is_estimate else ""


def _read_question() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
    except KeyboardInterrupt:
        click.echo()
        return ""


def _print_hit(number: int, hit: Hit, explain: bool, source: str) -> None:
    chunk = hit.chunk
    name = f"  {chunk.kind} {chunk.symbol}" if chunk.symbol else ""
    click.secho(f"{number:>2}. {f'{source}: ' if source else ''}{chunk.location}", bold=True, nl=False)
    click.echo(name)
    if explain:
        _print_signals(hit)
    lines = chunk.text.split("\n")
    for line in lines[:_PREVIEW_LINES]:
        click.echo(f"      {line}")
    if len(lines) > _PREVIEW_LINES:
        click.echo(f"      … {len(lines) - _PREVIEW_LINES} more lines")


def _print_signals(hit: Hit) -> None:
    """The score, and every signal: those that weighed as value x weight, the largest first, the others by name."""
    from .ranking import load_weights

    weights = load_weights()
    weight_of = {**weights.files, **weights.chunks}
    click.echo(f"    score {hit.score:.3f}")
    weighed = {name: value * weight_of.get(name, 0.0) for name, value in hit.signals.items()}
    for name, points in sorted(weighed.items(), key=lambda item: -abs(item[1])):
        if points:
            click.echo(f"    {points:>+7.3f}  {name} {hit.signals[name]:g} x {weight_of[name]:g}")
    click.echo(f"     0       {', '.join(name for name, points in weighed.items() if not points)}")


def _print_searched(searched: SearchedRef) -> None:
    at = f"{searched.ref} ({searched.commit[:12]})" if searched.commit else searched.ref
    line = f"searched {searched.repo} at {at}"
    if searched.staleness.stale:
        n = searched.staleness.n_changed_files
        moved = f"{n} file{' has' if n == 1 else 's have'} changed since" if n else "its source has moved on since"
        line += f": {moved}; run `quarry index` again, or keep `quarry watch {searched.repo}` running"
    click.echo(line, err=True)


@click.command()
@click.argument("name")
@click.argument("symbol")
@click.option("--ref", help=REF_FORM)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def symbols(name: str, symbol: str, ref: str | None, as_json: bool) -> None:
    """Show where NAME, a repository or NAME@REF, defines SYMBOL, and who calls it."""
    from dataclasses import asdict

    from indexer.home import open_index
    from indexer.settings import IndexerSettings

    from .symbols import find_symbol
    from .targets import parse_target

    home = IndexerSettings().home
    target = parse_target(home, name, ref)
    report = find_symbol(open_index(home, target.repo, target.ref), symbol)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=1))
        return
    for title, places, n in (
        ("defined", report.definitions, report.n_definitions),
        ("called", report.callers, report.n_callers),
    ):
        click.secho(f"{title} {n} time{'' if n == 1 else 's'}", bold=True)
        for place in places:
            inside = f"  in {place.symbol}" if title == "called" and place.symbol else ""
            click.echo(f"  {place.path}:{place.line}{inside}")
            click.echo(f"      {place.text}")
        if n > len(places):
            click.echo(f"  and {n - len(places):,} more")
