"""The tasks, one module or package each. ``TASKS`` names where each is, so that only what is run is imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from indexer.errors import InputError

from .base import Task

TASKS: Mapping[str, str] = {
    "questions": "eval.tasks.questions.task:TASK",
    "questions-free": "eval.tasks.questions.task:FREE",
    "completion": "eval.tasks.completion:TASK",
    "repair": "eval.tasks.repair.task:TASK",
    "reasoning": "eval.tasks.reasoning.task:TASK",
    "generation": "eval.tasks.generation.task:TASK",
    "optimisation": "eval.tasks.optimisation.task:TASK",
    "concurrency": "eval.tasks.concurrency.task:TASK",
    "humaneval": "eval.tasks.published.humaneval:TASK",
    "humanevalpack": "eval.tasks.published.humanevalpack:TASK",
    "cruxeval": "eval.tasks.published.cruxeval:TASK",
    "repoeval": "eval.tasks.published.repoeval:TASK",
    "repoexec": "eval.tasks.published.repoexec:TASK",
    "monkeyeval": "eval.tasks.published.monkeyeval:TASK",
}

# Tasks that ask in prose for what only the repository says. Without its code most cannot be known, so they are never
# pooled; and their answers cite, which is taken out before a model judges them.
FACTS = ("questions", "questions-free")


def is_published(task: str) -> bool:
    """Whether a task is made from the user's copy of a published set, which ``--data`` names."""
    return TASKS.get(task, "").startswith("eval.tasks.published.")


def list_tasks() -> list[str]:
    """The names of the tasks that are here, in the order of ``TASKS``."""
    return [name for name, place in TASKS.items() if _is_there(place.partition(":")[0])]


def load_task(name: str) -> Task:
    """The task of this name. Raises InputError and lists the known ones."""
    if name not in list_tasks():
        raise InputError(f"There is no task {name!r}: choose from {', '.join([*list_tasks(), 'retrieval'])}.")
    module, _, attribute = TASKS[name].partition(":")
    return cast(Task, getattr(import_module(module), attribute))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its package is not here
        return False
