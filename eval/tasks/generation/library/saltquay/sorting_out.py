"""Doing the same to many things, of which some will not do: what went well, and what did not with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .errors import HouseError


def sort_out(items: Iterable[Any], action: Callable[[Any], Any]) -> tuple[list[Any], list[str]]:
    """The results of ``action`` in order, and a line ``#3 reason`` for each item that the house refused, from 1.

    Only a HouseError is a refusal; anything else is raised.
    """
    done: list[Any] = []
    refused: list[str] = []
    for place, item in enumerate(items, start=1):
        try:
            done.append(action(item))
        except HouseError as error:
            refused.append(f"#{place} {error}")
    return done, refused


def try_in_turn(actions: Iterable[Callable[[], Any]]) -> Any:
    """The result of the first action that the house does not refuse. Raises the first refusal if all do."""
    first: HouseError | None = None
    for action in actions:
        try:
            return action()
        except HouseError as error:
            first = first or error
    raise first or HouseError("nothing to try")
