"""Reads the files of published sets: JSON Lines, packed or not. What is wrong is said with file, line and reason."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import HarvestError
from eval.tasks.base import TaskInput

Fields = Mapping[str, type | tuple[type, ...]]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a set's file. ``id`` is the set's own."""

    id: str
    line: int
    values: Mapping[str, Any]

    def __getitem__(self, field: str) -> Any:
        return self.values[field]


def find_file(given: TaskInput, task: str, patterns: Sequence[str], described: str) -> Path:
    """The set's file: the one that is given, or the first in the given folder whose name fits a pattern.

    Raises HarvestError with what is wanted.
    """
    if given.data is None:
        raise HarvestError(f"{task} is made from a published set: give its file with --data ({described}).")
    if given.data.is_file():
        return given.data
    for pattern in patterns:
        found = sorted(given.data.rglob(pattern))
        if found:
            return found[0]
    raise HarvestError(
        f"{given.data} holds no file of {task}: {described} is wanted, named like {' or '.join(patterns)}."
    )


def read_items(path: Path, fields: Fields, id_field: str | None) -> list[Item]:
    """The items of a file of JSON Lines, packed by gzip or not, in their order.

    Every item has all of ``fields``, with values of those types. ``id_field`` tells them apart; without one the
    number of the line does. Raises HarvestError.
    """
    items: list[Item] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(_read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise HarvestError(f"{path}, line {number}: no JSON ({error}).") from None
        reason = _reason_against(values, fields)
        if reason is not None:
            raise HarvestError(f"{path}, line {number}: {reason}.")
        name = str(values[id_field]) if id_field is not None else str(number)
        if name in seen:
            raise HarvestError(f"{path}, line {number}: {id_field} {name} is that of line {seen[name]} too.")
        seen[name] = number
        items.append(Item(name, number, values))
    if not items:
        raise HarvestError(f"{path} holds no items.")
    return items


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        return data.decode()
    except UnicodeDecodeError as error:
        raise HarvestError(f"{path} is no UTF-8 text: wrong at byte {error.start}.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise HarvestError(f"{path} is a damaged gzip file: fetch it again.") from None
    except OSError as error:
        raise HarvestError(f"{path} cannot be read: {error.strerror}.") from None


def _reason_against(values: Any, fields: Fields) -> str | None:
    if not isinstance(values, dict):
        return "no JSON object"
    for name, kind in fields.items():
        if name not in values:
            return f"the field `{name}` is missing (there are {', '.join(map(str, values)) or 'none'})"
        if not isinstance(values[name], kind):
            wanted = kind if isinstance(kind, tuple) else (kind,)
            return f"the field `{name}` is no {' or '.join(each.__name__ for each in wanted)}"
    return None
