"""``quarry keys``: make, list and revoke the keys of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .keys import KeyStore


@click.group()
def keys() -> None:
    """Keys of the service: who may ask, about which repositories, and how much."""


@keys.command()
@click.argument("name")
@click.option("--repos", help="Names of the repositories that the key opens, with commas between them; by default all.")
@click.option("--requests-per-minute", type=click.IntRange(1), help="How many requests a minute; by default no limit.")
@click.option(
    "--max-tokens-per-day",
    type=click.IntRange(1),
    help="Tokens of prompts and answers a day (UTC); by default no limit.",
)
def create(name: str, repos: str | None, requests_per_minute: int | None, max_tokens_per_day: int | None) -> None:
    """Make a key for NAME and print it, this one time. Only a key for all repositories may index and remove."""
    opened = None if repos is None else [part.strip() for part in repos.split(",") if part.strip()]
    key = _store().create(
        name, repos=opened, requests_per_minute=requests_per_minute, max_tokens_per_day=max_tokens_per_day
    )
    click.echo(key)
    click.echo("Keep it: it is not shown again. Send it as `Authorization: Bearer KEY`.", err=True)


@keys.command("list")
def list_() -> None:
    """List the keys with what they open, their limits and their last use."""
    known = _store().list_keys()
    if not known:
        click.echo("There are no keys: make one with `quarry keys create NAME`.")
    for key in known:
        opens = "all repositories" if key.repos is None else ", ".join(sorted(key.repos)) or "no repository"
        limits = [
            f"{limit:,} {unit}"
            for limit, unit in ((key.requests_per_minute, "requests/min"), (key.max_tokens_per_day, "tokens/day"))
            if limit is not None
        ]
        used = f"last used {key.last_used_at}" if key.last_used_at else "never used"
        click.echo("  ".join([key.name, opens, *limits, used]))


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke the key of NAME: it opens nothing from now on, in services that run, too. Its conversations go with it."""
    from assistant.conversations.sessions import SessionStore
    from assistant.settings import AssistantSettings

    _store().revoke(name)
    sessions = SessionStore(AssistantSettings())
    try:
        sessions.delete_all(name)  # a new key of that name may be somebody else's
    finally:
        sessions.close()
    click.echo(f"revoked {name}")


def _store() -> KeyStore:
    from indexer.settings import IndexerSettings

    from .keys import KeyStore

    return KeyStore(IndexerSettings().home)
