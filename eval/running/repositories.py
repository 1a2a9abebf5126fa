"""The repositories of a run: opened, fingerprinted, and each with a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.settings import AssistantSettings
from eval.tasks.base import Task
from indexer.clones import is_url
from indexer.errors import InputError
from indexer.repository import Source, default_name, open_source

from .indexes import fingerprint_files
from .records import BUILT_IN, RepoSetup


@dataclass(frozen=True, slots=True)
class OpenedRepository:
    """A repository of the run; ``source`` is None for a task's own."""

    setup: RepoSetup
    source: Source | None


def open_repositories(
    paths: Sequence[str], tasks: Sequence[Task], settings: AssistantSettings, say: Callable[[str], None]
) -> list[OpenedRepository]:
    """Those of ``paths`` if a task asks about one, and one that is built in if a task needs none.

    Raises InputError where a task has nothing to ask about, and SourceError for what cannot be opened.
    """
    opened: list[OpenedRepository] = []
    if any(task.needs_repository for task in tasks):
        if not paths:
            names = ", ".join(task.name for task in tasks if task.needs_repository)
            raise InputError(f"{names} asks about a repository: give --repo PATH.")
        for path in paths:
            source = open_source(path, clones=settings.home / "clones")
            for note in source.notes:
                say(f"note: {note}")
            content = fingerprint_files(source, settings.max_file_bytes)
            if any(_is_same(source, content, each) for each in opened):
                say(f"note: {path} is given twice: it counts once")
                continue
            name = _distinct(default_name(path), [each.setup.name for each in opened])
            # A run folder is made to be shown: of a folder of this machine it keeps the name alone.
            origin = source.origin if is_url(source.origin) else Path(source.origin).name
            setup = RepoSetup(name, origin, source.ref, source.commit, content)
            opened.append(OpenedRepository(setup, source))
    if any(not task.needs_repository for task in tasks):
        opened.append(OpenedRepository(RepoSetup(BUILT_IN, "", "", None, ""), None))
    return opened


def _is_same(source: Source, content: str, known: OpenedRepository) -> bool:
    other = known.source
    return (
        other is not None
        and (source.origin, source.ref) == (other.origin, other.ref)
        and (source.commit, content) == (known.setup.commit, known.setup.content)
    )


def _distinct(name: str, taken: Sequence[str]) -> str:
    number = 2
    distinct = name
    while distinct in taken or distinct == BUILT_IN:
        distinct, number = f"{name}-{number}", number + 1
    return distinct
