"""``quarry search``, ``quarry ask`` and ``quarry chat``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from indexer.records import Hit

    from .answer import AskRequest, Assistant
    from .records import Answer
    from .settings import AssistantSettings

_PREVIEW_LINES = 6


@click.command()
@click.argument("name")
@click.argument("query")
@click.option("-k", default=10, show_default=True, help="Number of hits.")
@click.option("--ref", help="The indexed ref to search; by default HEAD.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--explain", is_flag=True, help="Show how each hit came to its rank.")
def search(name: str, query: str, k: int, ref: str | None, as_json: bool, explain: bool) -> None:
    """Search the repository NAME for QUERY: words, a question, or a symbol."""
    from indexer.settings import IndexerSettings

    from .search import Searcher
    from .serialise import search_as_json

    result = Searcher(IndexerSettings().home).search(name, query, k=k, ref=ref)
    if as_json:
        click.echo(json.dumps(search_as_json(result), indent=1))
        return
    if not result.hits:
        click.echo("Nothing found.")
    for number, hit in enumerate(result.hits, 1):
        _print_hit(number, hit, explain)
    if explain:
        click.echo("  ".join(f"{step} {ms:.1f} ms" for step, ms in result.timings_ms.items()))


@click.command()
@click.argument("name")
@click.argument("question")
@click.option("--ref", help="The indexed ref to answer from; by default HEAD.")
@click.option("--no-retrieval", is_flag=True, help="Ask the model alone, without code from the repository.")
@click.option("--model", help="Model to ask, as provider/name; by default what QUARRY_MODEL says.")
@click.option("-k", type=click.IntRange(1), help="Number of hits to choose passages from.")
@click.option("--max-tokens", type=click.IntRange(1), help="Cap on the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
def ask(
    name: str,
    question: str,
    ref: str | None,
    no_retrieval: bool,
    model: str | None,
    k: int | None,
    max_tokens: int | None,
    as_json: bool,
) -> None:
    """Ask the repository NAME a QUESTION."""
    from .answer import AskRequest, check_question
    from .records import Message
    from .serialise import answer_as_json
    from .settings import AssistantSettings

    request = AskRequest(
        name, [Message("user", question)], retrieval=not no_retrieval, k=k, max_tokens=max_tokens, ref=ref
    )
    check_question(request.messages)
    settings = AssistantSettings()
    _check_repository(settings, name)
    with _open_assistant(settings, model) as assistant:
        if as_json:
            click.echo(json.dumps(answer_as_json(asyncio.run(assistant.answer(request))), indent=1))
        else:
            _print_sources(asyncio.run(_print_stream(assistant, request)))


@click.command()
@click.argument("name")
@click.option("--ref", help="The indexed ref to answer from; by default HEAD.")
@click.option("--model", help="Model to ask, as provider/name; by default what QUARRY_MODEL says.")
def chat(name: str, ref: str | None, model: str | None) -> None:
    """Talk about the repository NAME. An empty line or Ctrl-D ends it; Ctrl-C stops an answer."""
    from indexer.errors import QuarryError

    from .answer import AskRequest
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
            messages = [*asked, Message("assistant", answer.text)]


def _check_repository(settings: AssistantSettings, name: str) -> None:
    """Fail on an unknown name before a model is loaded."""
    from indexer.home import find_repository

    find_repository(settings.home, name)


@contextmanager
def _open_assistant(settings: AssistantSettings, model: str | None) -> Iterator[Assistant]:
    from .answer import Assistant
    from .models.providers import open_provider

    provider = open_provider(settings, model)
    try:
        yield Assistant(settings, provider)
    finally:
        provider.close()


async def _print_stream(assistant: Assistant, request: AskRequest) -> Answer:
    from .answer import AnswerDone, PassagesFound, TokenGenerated

    async with aclosing(assistant.stream(request)) as events:
        async for event in events:
            if isinstance(event, PassagesFound):
                click.echo(f"reading {len(event.passages)} passages …", err=True)
            elif isinstance(event, TokenGenerated):
                click.echo(event.text, nl=False)
                sys.stdout.flush()
            elif isinstance(event, AnswerDone):
                click.echo()
                return event.answer
    raise AssertionError("a stream ends with AnswerDone or an error")


def _print_sources(answer: Answer) -> None:
    if answer.finish_reason == "length":
        click.echo("(cut at max_tokens: ask for more with --max-tokens)", err=True)
    if answer.passages:
        click.echo("\nsources:")
    for passage in answer.passages:
        at = f" @{passage.commit[:12]}" if passage.commit else ""
        click.echo(f"  [{passage.number}] {passage.location}{at}")
    usage, seconds = answer.usage, answer.timings_ms["total"] / 1000
    click.echo(
        f"\n{answer.model}: {usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens, {seconds:.1f} s",
        err=True,
    )


def _read_question() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
    except KeyboardInterrupt:
        click.echo()
        return ""


def _print_hit(number: int, hit: Hit, explain: bool) -> None:
    chunk = hit.chunk
    name = f"  {chunk.kind} {chunk.symbol}" if chunk.symbol else ""
    click.secho(f"{number:>2}. {chunk.location}", bold=True, nl=False)
    click.echo(name)
    if explain:
        click.echo(f"    score {hit.score:.5f}  " + "  ".join(f"{key} {value:g}" for key, value in hit.signals.items()))
    lines = chunk.text.split("\n")
    for line in lines[:_PREVIEW_LINES]:
        click.echo(f"      {line}")
    if len(lines) > _PREVIEW_LINES:
        click.echo(f"      … {len(lines) - _PREVIEW_LINES} more lines")
