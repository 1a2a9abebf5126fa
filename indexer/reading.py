"""Lines of an indexed file, put together from its chunks: the file as it was indexed, credentials redacted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from .errors import InputError
from .home import OpenedIndex
from .manifest import Manifest, ManifestFile


@dataclass(frozen=True, slots=True)
class FileLines:
    """Lines ``start_line`` to ``end_line`` of a file whose last line that is not blank is ``n_lines``."""

    path: str
    start_line: int
    end_line: int
    n_lines: int
    text: str


def read_lines(index: OpenedIndex, path: str, start_line: int, end_line: int) -> FileLines:
    """Lines of one file at the opened ref, as far as they are there. Raises InputError.

    Chunks hold every line that is not blank, so the lines between them are blank and given as such.
    """
    manifest = index.manifest
    file = next((file for file in manifest.files if file.path == path), None)
    if file is None:
        raise InputError(_not_there(manifest, path))
    chunks = range(file.first_chunk, file.first_chunk + file.n_chunks)
    n_lines = max((int(manifest.end_lines[i]) for i in chunks), default=0)
    if start_line < 1 or end_line < start_line:
        raise InputError(
            f"Lines {start_line} to {end_line} are no range: begin at 1 or later, end where it begins or later."
        )
    if start_line > n_lines:
        raise InputError(f"{path} has {n_lines} lines at {_state(manifest)}: there is no line {start_line}.")
    last = min(end_line, n_lines)
    lines = [""] * (last - start_line + 1)
    for i in chunks:
        first = int(manifest.start_lines[i])
        if first <= last and int(manifest.end_lines[i]) >= start_line:
            for number, line in enumerate(index.lexicon.get(int(manifest.rows[i])).text.split("\n"), first):
                if start_line <= number <= last:
                    lines[number - start_line] = line
    return FileLines(path, start_line, last, n_lines, "\n".join(lines))


def _state(manifest: Manifest) -> str:
    return f"{manifest.ref} ({manifest.commit[:12]})" if manifest.commit else manifest.ref


def _not_there(manifest: Manifest, path: str) -> str:
    """Why a file cannot be read: it was left out for a reason, or is not there under this path."""
    reason = next((skipped.reason for skipped in manifest.skipped if skipped.path == path), None)
    if reason is not None:
        return f"{path} is not indexed: {reason}."
    near = _near_paths(manifest.files, path)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"No file {path!r} is indexed at {_state(manifest)}.{hint} Paths are those of search hits."


def _near_paths(files: Sequence[ManifestFile], path: str) -> list[str]:
    """Paths that end in the same name, or else look alike."""
    name = PurePosixPath(path).name
    same_name = [file.path for file in files if PurePosixPath(file.path).name == name]
    return same_name[:3] or get_close_matches(path, [file.path for file in files], n=3, cutoff=0.7)
