"""An indexed file as the page shows it: highlighted lines, those that were asked for marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.search import Searcher
from assistant.targets import Target
from indexer.errors import InputError
from indexer.home import OpenedIndex, find_repository
from indexer.index_folder import RepositoryFolder
from indexer.manifest import list_refs, read_manifest
from indexer.reading import read_lines

from .highlighting import highlight_lines

MAX_LINES_SHOWN = 3000  # a page of more is slow on a phone; beyond it, a window around what was asked for
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_ALL = 10**9


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line: its number, its HTML, and whether it is among those that were asked for."""

    number: int
    html: str
    marked: bool


@dataclass(frozen=True, slots=True)
class FileView:
    """A file, or the window of a long one. ``moved_from`` is the commit that was asked for and is indexed no more."""

    repo: str
    ref: str
    commit: str | None
    path: str
    n_lines: int
    lines: Sequence[FileLine]
    marked: tuple[int, int] | None
    moved_from: str | None

    @property
    def is_window(self) -> bool:
        """Whether there are lines before or after those that are shown."""
        return len(self.lines) < self.n_lines


def parse_lines(text: str | None) -> tuple[int, int] | None:
    """``12`` or ``12-20`` as a range; None for none. Raises InputError."""
    if not text:
        return None
    match = _RANGE.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is no range of lines: write 12 or 12-20.")
    first = int(match[1])
    return first, int(match[2] or first)


def view_file(
    searcher: Searcher, home: Path, repo: str, path: str, *, ref: str | None, commit: str | None, lines: str | None
) -> FileView:
    """The file at ``commit`` if an indexed ref is there, ``ref`` before others; else at ``ref``, or at the default one.

    Raises UnknownRepository, or InputError where there is no such file, ref or line.
    """
    marked = parse_lines(lines)
    index = searcher.open(Target(repo, _ref_at(home, repo, commit, ref) if commit else ref)).index
    start, end = _window(index, path, marked)
    read = read_lines(index, path, start, end)
    html = highlight_lines(read.text, path)
    manifest = index.manifest
    first, last = marked or (0, 0)
    return FileView(
        repo=repo,
        ref=manifest.ref,
        commit=manifest.commit,
        path=path,
        n_lines=read.n_lines,
        lines=[FileLine(number, line, first <= number <= last) for number, line in enumerate(html, read.start_line)],
        marked=marked,
        moved_from=commit if commit and manifest.commit != commit else None,
    )


def _window(index: OpenedIndex, path: str, marked: tuple[int, int] | None) -> tuple[int, int]:
    """The lines to show: all of them, or so many around the marked ones."""
    first, last = marked or (1, 1)
    n_lines = read_lines(index, path, first, last).n_lines  # says what is wrong with path or lines
    if n_lines <= MAX_LINES_SHOWN:
        return 1, _ALL
    start = max(1, min((first + min(last, n_lines)) // 2 - MAX_LINES_SHOWN // 2, n_lines - MAX_LINES_SHOWN + 1))
    return start, start + MAX_LINES_SHOWN - 1


def _ref_at(home: Path, repo: str, commit: str, ref: str | None) -> str | None:
    """An indexed ref that is at ``commit``, ``ref`` before others; ``ref`` if there is none."""
    folder: RepositoryFolder = find_repository(home, repo)[0]
    for known in sorted(list_refs(folder.refs), key=lambda known: known != ref):
        manifest = read_manifest(folder.refs, known)
        if manifest is not None and manifest.commit == commit:
            return known
    return ref
