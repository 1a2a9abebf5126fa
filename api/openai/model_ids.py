"""Repositories as models of ``/v1``: ``quarry/<repository>``, ``quarry/<repository>@<ref>``, ``quarry/all``.

What a caller may not see does not exist here: it is in no list, no model and no hint.
"""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from assistant.targets import ALL, parse_targets
from indexer.errors import InputError, UnknownRepository
from indexer.home import find_version
from indexer.overview import describe_repositories
from indexer.records import WORKTREE

from ..callers import Caller
from .schemas import Model

PREFIX = "quarry/"


def list_models(home: Path, caller: Caller) -> list[Model]:
    """Every model that ``caller`` may ask: each repository, at each indexed ref, and all of them."""
    models = []
    newest = 0
    for repository in describe_repositories(home):
        if not caller.may_see(repository.name) or not repository.refs:
            continue
        times = [int(datetime.fromisoformat(state.indexed_at).timestamp()) for state in repository.refs]
        newest = max(newest, *times)
        models.append(Model(id=PREFIX + repository.name, created=max(times)))
        models += [
            Model(id=f"{PREFIX}{repository.name}@{_written(state.ref)}", created=created)
            for state, created in zip(repository.refs, times, strict=True)
        ]
    if models and PREFIX + ALL not in [model.id for model in models]:
        models.append(Model(id=PREFIX + ALL, created=newest))
    return models


def resolve_model(home: Path, caller: Caller, model: str) -> str:
    """The repositories that ``model`` names, as ``AskRequest.repo`` takes them.

    Raises UnknownRepository, with near names that the caller may see.
    """
    text = model.removeprefix(PREFIX).strip()
    if not model.startswith(PREFIX) or not text:
        raise unknown_model(home, caller, model)
    try:
        text = caller.narrow(text)
        for target in parse_targets(home, text):
            find_version(home, target.repo, target.ref)
    except (UnknownRepository, InputError):
        raise unknown_model(home, caller, model) from None
    return text


def unknown_model(home: Path, caller: Caller, model: str) -> UnknownRepository:
    """The error for a model that is not there, with the nearest that are."""
    known = [each.id for each in list_models(home, caller)]
    wanted = model if model.startswith(PREFIX) else PREFIX + model
    near = get_close_matches(wanted, known, n=3, cutoff=0.6)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif known:
        hint = "GET /v1/models lists all."
    else:
        hint = "Nothing is indexed yet: run `quarry index SOURCE` first."
    return UnknownRepository(f"The model {model!r} does not exist. {hint}")


def _written(ref: str) -> str:
    """A ref as it stands behind the @ of a model's name."""
    return ref.removeprefix("@") if ref == WORKTREE else ref
