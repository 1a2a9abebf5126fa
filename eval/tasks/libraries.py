"""What tasks with a made-up library share: the harvest, where a helper stands, and the order of the cases."""

from __future__ import annotations

import ast
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from eval.cases import Case, Span
from eval.tasks.base import Harvest, TaskInput
from eval.tasks.python_source import first_line


class Helped(Protocol):
    """An item for which the library may have helpers, as "path::name"."""

    @property
    def helpers(self) -> tuple[str, ...]:
        """The definitions; empty where it has none."""


T = TypeVar("T", bound=Helped)


def harvest_items(
    given: TaskInput, items: Sequence[T], library: Path, make_case: Callable[[T], Case], what: str
) -> Harvest:
    """The cases, by the seed; with and without a helper take turns. ``tree`` is a copy of the library."""
    tree = given.folder / "library"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(library, tree, ignore=shutil.ignore_patterns("__pycache__"))
    chosen = in_turns(items, given.seed)[: given.limit]
    n_helped = sum(bool(item.helpers) for item in chosen)
    notes = [f"{len(chosen)} {what}; the library has a helper for {n_helped} of them"]
    return Harvest([make_case(item) for item in chosen], tree, notes)


def find_span(library: Path, helper: str) -> Span:
    """The lines of the library that define a helper, its decorators included. Raises LookupError."""
    path, _, name = helper.partition("::")
    for node in ast.parse((library / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return Span(path, first_line(node), node.end_lineno or node.lineno)
    raise LookupError(helper)


def in_turns(items: Sequence[T], seed: int) -> list[T]:
    """Shuffled by the seed, so that any head has its share of items with a helper."""
    rng = random.Random(seed)
    groups = [[item for item in items if item.helpers], [item for item in items if not item.helpers]]
    placed: list[tuple[float, int, T]] = []
    for number, group in enumerate(groups):
        rng.shuffle(group)
        placed += [((place + 0.5) / len(group), number, item) for place, item in enumerate(group)]
    return [item for _, _, item in sorted(placed, key=lambda entry: entry[:2])]
