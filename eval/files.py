"""Files of ours that are kept between runs: written whole or not at all, and made anew where they are damaged.

A journal is a file of JSON objects, a line each, written one by one: a line that was torn off is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def write_whole(path: Path, text: str) -> None:
    """Write in place of what is there, atomically: whoever is killed meanwhile leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8", "surrogatepass")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)  # on a full disk half of it is there


def read_kept(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none or it is damaged, so that it is made anew."""
    try:
        kept = json.loads(path.read_text("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


def read_record(record: type[T], kept: Mapping[str, Any], **parts: Any) -> T:
    """A dataclass from its kept fields, with ``parts`` in their place. What later versions add is passed over.

    Raises TypeError where a field without a default is missing.
    """
    known = {field.name: kept[field.name] for field in fields(record) if field.name in kept}  # type: ignore[arg-type]
    return record(**(known | parts))


def open_journal(path: Path) -> None:
    """Make its folder, and cut off a last line that is not whole: what follows would be read as part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def add_to_journal(path: Path, kept: Mapping[str, Any]) -> None:
    """Add a line; it is on the disk when this returns."""
    with path.open("a", encoding="utf-8", errors="surrogatepass") as file:
        file.write(json.dumps(kept, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_journal(path: Path) -> Iterator[Any]:
    """What its whole lines hold, oldest first. Raises ValueError for one that is damaged."""
    # Only "\n" ends a line: JSON may hold the other characters that splitlines() splits at.
    return (json.loads(line) for line in path.read_bytes().split(b"\n")[:-1])


def read_sound(path: Path, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """The objects with fields of these names, of a journal whose lines can be made anew: others are passed over."""
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            kept = json.loads(line)
        except ValueError:
            continue
        if isinstance(kept, dict) and kept.keys() >= set(names):
            yield kept
