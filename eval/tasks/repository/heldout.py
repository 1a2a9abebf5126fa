"""The tree that is indexed: the repository without the bodies that are asked for, their copies and their tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Span

from .records import Function
from .tested import TestedRepository


@dataclass(frozen=True, slots=True)
class HeldOut:
    """``tree`` is the folder to index. ``notes`` say what was taken out.

    All cases of a harvest share one tree, in which all their bodies are missing: a case does not find the body of
    another one either.
    """

    tree: Path
    notes: Sequence[str]
    spans: Mapping[str, Span]

    def sources_of(self, function: Function) -> list[Span]:
        """The repository's definitions that the original body uses, as lines of the tree, in order of first use."""
        raise NotImplementedError


def build_tree(repository: TestedRepository, hidden: Sequence[Function]) -> HeldOut:
    """Write the tree, or find the one that was written for the same content and functions."""
    raise NotImplementedError
