"""The folder of one repository's index: its record, where the parts of a generation lie, and the writer's lock.

A new generation is written beside the old one, which answers until repository.json, replaced atomically, names
the new one. Readers that were on their way to the old one look again. The layout is in ``home``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import filelock

from .errors import EncoderMismatch, IndexBusy

# Part of every index: raise it when the files of an index would be read wrongly by the code before.
FORMAT_VERSION = 3

_GENERATION = re.compile(r"(?:data|chroma)-(\d+)")
_FORMER_PARTS = ("chroma", "lexicon", "matrix", "refs")  # of format 1, which had one generation


@dataclass(frozen=True, slots=True)
class RepositoryInfo:
    """What an index remembers of itself; stored as repository.json. ``data`` and ``chroma`` number its folders."""

    name: str
    origin: str
    encoder: str
    encoder_fingerprint: str
    dim: int
    chunker_version: int
    data: int = 1
    chroma: int = 1
    format_version: int = FORMAT_VERSION


class RepositoryFolder:
    """The folder of one repository's index: where the parts of one generation lie, and the writer's lock.

    The generation is the one that was current when this object was made, or last ``reload``ed.
    """

    def __init__(self, home: Path, name: str) -> None:
        self._home, self.name = home, name
        self.path = home / "repositories" / name
        self._record = self.path / "repository.json"
        self._lock = home / "locks" / f"repository-{name}"
        self.reload()

    def reload(self) -> None:
        """Go over to the generation that is current now."""
        self._identity = _identify(self._record)
        self._fields = _read_record(self._record)
        self._lay_out(_number(self._fields, "data"), _number(self._fields, "chroma"))

    def _lay_out(self, data: int, chroma: int) -> None:
        self.data_number, self.chroma_number = data, chroma
        self.data, self.chroma = self.path / f"data-{data}", self.path / f"chroma-{chroma}"
        self.lexicon, self.matrix, self.refs = self.data / "lexicon", self.data / "matrix", self.data / "refs"

    def has_moved_on(self) -> bool:
        """Whether another generation is current by now, or none, so that this one's files may be gone.

        Not by its number: an index that was removed and made again begins with the same one.
        """
        return _identify(self._record) != self._identity

    @property
    def origin(self) -> str | None:
        """What the index is of, also where another version wrote its record; None if there is no telling."""
        return self._text_of("origin")

    @property
    def encoder(self) -> str | None:
        """Which encoder the index was made with, as ``origin``."""
        return self._text_of("encoder")

    def _text_of(self, field: str) -> str | None:
        value = (self._fields or {}).get(field)
        return value if isinstance(value, str) else None

    def read_info(self) -> RepositoryInfo | None:
        """The index's own record, or None if nothing is indexed under this name."""
        if self._fields is None:
            return None
        try:
            if self._fields["format_version"] == FORMAT_VERSION:
                return RepositoryInfo(**self._fields)
        except (KeyError, TypeError):
            pass  # damaged, or of a version that kept other fields: the same way out
        raise EncoderMismatch(
            f"The index of {self.name!r} is damaged or was written by another version of Quarry: run "
            f"`quarry index SOURCE --name {self.name} --rebuild`, or `quarry remove {self.name}`."
        )

    def write_info(self, info: RepositoryInfo) -> None:
        """Replace the index's own record, atomically; it names this generation."""
        fields = asdict(replace(info, data=self.data_number, chroma=self.chroma_number))
        self._record.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._record.with_suffix(f".{os.getpid()}.tmp")
        with temporary.open("w") as file:
            file.write(json.dumps(fields, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._record)
        self._fields = fields

    def clear(self) -> None:
        """Remove this generation; the caller holds the lock. The record goes first: then nothing answers from it."""
        self._record.unlink(missing_ok=True)
        self._fields = None
        for part in (self.data, self.chroma):
            shutil.rmtree(part, ignore_errors=True)

    def remove(self) -> None:
        """Remove the index with all that lies in its folder; the caller holds the lock."""
        self.clear()
        shutil.rmtree(self.path, ignore_errors=True)

    def next_generation(self, *, keep_chroma: bool) -> RepositoryFolder:
        """An empty generation that nobody sees until it is published. The caller holds the lock."""
        draft = RepositoryFolder(self._home, self.name)
        taken = [int(found[1]) for part in self.path.glob("*-*") if (found := _GENERATION.fullmatch(part.name))]
        number = max([0, *taken, self.data_number, self.chroma_number]) + 1
        draft._lay_out(number, self.chroma_number if keep_chroma else number)
        draft._record = draft.data / "repository.json"
        draft._fields = None
        return draft

    def publish(self) -> None:
        """Make this generation, whose record is written, the current one."""
        current = self.path / "repository.json"
        self._record.replace(current)
        self._record = current

    def remove_leftovers(self) -> None:
        """Remove what nothing names: old generations, what killed rebuilds, removals and writes left. Under the lock.

        Does nothing where the record cannot be read: what it named is not known. Where there is no record, nothing in
        the folder counts; OSError for what cannot be removed then, as a build would take it for the index's own.
        """
        if self._fields is not None and self._fields.get("format_version") != FORMAT_VERSION:
            return
        kept = set() if self._fields is None else {self.data.name, self.chroma.name}
        for part in self.path.glob("*"):
            if part.name not in kept and (_GENERATION.fullmatch(part.name) or part.name in _FORMER_PARTS):
                shutil.rmtree(part, ignore_errors=self._fields is not None)
        for unfinished in (*self.path.glob("*.tmp"), *self.refs.rglob("*.tmp")):
            unfinished.unlink()

    @contextmanager
    def locked(self, wait_seconds: float, on_note: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the writer's lock. Says through ``on_note`` that it waits; raises IndexBusy after ``wait_seconds``.

        The lock is the operating system's, so it is free again however its holder ended.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._lock)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            if on_note is not None:
                on_note(f"Another process is writing the index of {self.name!r}: waiting for it to finish.")
            try:
                lock.acquire(timeout=wait_seconds)
            except filelock.Timeout:
                raise IndexBusy(
                    f"Another process is still writing the index of {self.name!r}: try again when it is done."
                ) from None
        try:
            self.reload()  # another writer may have made a new generation while this one waited
            yield
        finally:
            lock.release()


def _identify(path: Path) -> tuple[int, int] | None:
    """A value that differs for every file that was ever put there; None if there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_mtime_ns


def _read_record(path: Path) -> dict[str, Any] | None:
    """The fields of a repository.json, empty if it is damaged; None if there is none."""
    try:
        fields = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _number(fields: dict[str, Any] | None, name: str) -> int:
    value = (fields or {}).get(name, 1)
    return value if isinstance(value, int) else 1
