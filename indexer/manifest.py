"""What each ref holds: its files, and for each chunk of them the row in the matrix and the lines.

One file a ref, replaced atomically: that swap is the commit point of a build. Columns are arrays, so that
a manifest of 500,000 chunks opens in milliseconds.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from .graph import FileNames
from .matrix import Rows
from .records import Finding, Skipped

_MAX_KEPT = 4  # manifests that stay read, so that an edit in a lasting process does not parse 10,000 files anew
_MAX_NAME_CHARS = 240  # of a file or a folder: file systems take 255, and a temporary file's name is longer


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file of a ref; its chunks are ``first_chunk`` up to ``first_chunk + n_chunks`` of the columns."""

    path: str
    blob: str
    n_bytes: int
    language: str | None
    first_chunk: int
    n_chunks: int


@dataclass(frozen=True)
class Manifest:
    """All that one ref holds. ``rows``, ``start_lines`` and ``end_lines`` have one entry a chunk.

    ``n_dependents`` says of each file how many others use what it defines; ``names`` are what that was counted
    from, for the next build, and absent where the manifest was read for searching.
    """

    ref: str
    commit: str | None
    origin: str
    indexed_at: str
    files: Sequence[ManifestFile]
    rows: Rows
    start_lines: NDArray[np.int32]
    end_lines: NDArray[np.int32]
    skipped: Sequence[Skipped]
    findings: Sequence[Finding]
    n_dependents: NDArray[np.float32]
    names: Sequence[FileNames] = ()

    @property
    def has_names(self) -> bool:
        """Whether the names were read, too."""
        return len(self.names) == len(self.files)

    @cached_property
    def position_of_row(self) -> Rows:
        """Where each row of the matrix stands in the columns, -1 where it does not; shape (largest row + 1,)."""
        positions = np.full(int(self.rows.max()) + 1 if len(self.rows) else 0, -1, dtype=np.int64)
        positions[self.rows] = np.arange(len(self.rows))
        return positions

    def positions_of(self, rows: Rows) -> Rows:
        """Where each of ``rows`` stands in the columns, -1 for those of other refs; shape (len(rows),)."""
        positions = np.full(len(rows), -1, dtype=np.int64)
        known = rows < len(self.position_of_row)
        positions[known] = self.position_of_row[rows[known]]
        return positions

    @cached_property
    def blobs(self) -> dict[str, str]:
        """The blob of every file that was read for this ref, by path; also of those left out for their content."""
        blobs = {file.path: file.blob for file in self.files}
        blobs.update((s.path, s.blob) for s in self.skipped if s.blob)
        return blobs

    def file_of(self, position: int) -> ManifestFile:
        """The file of the chunk at ``position`` in the columns."""
        return self.files[int(self.file_of_position[position])]

    @cached_property
    def first_chunks(self) -> NDArray[np.int64]:
        """Where each file's chunks begin in the columns; shape (n_files,)."""
        return np.asarray([file.first_chunk for file in self.files], dtype=np.int64)

    @cached_property
    def chunk_counts(self) -> NDArray[np.int64]:
        """How many chunks each file has, none if its lines are blank; shape (n_files,)."""
        return np.asarray([file.n_chunks for file in self.files], dtype=np.int64)

    @cached_property
    def file_of_position(self) -> NDArray[np.int64]:
        """The index of the file that each chunk is of; shape (n_chunks,)."""
        return np.repeat(np.arange(len(self.files), dtype=np.int64), self.chunk_counts)


_lock = threading.Lock()
_last_read: OrderedDict[Path, tuple[tuple[int, int, int], Manifest]] = OrderedDict()


def manifest_path(folder: Path, ref: str) -> Path:
    """Where the manifest of ``ref`` lies: slashes and all but ASCII are escaped, long names go on within folders."""
    name = quote(ref, safe="@")
    parts = [name[start : start + _MAX_NAME_CHARS] for start in range(0, len(name), _MAX_NAME_CHARS)]
    return folder.joinpath(*parts[:-1], f"{parts[-1]}.npz")


def list_refs(folder: Path) -> list[str]:
    """The refs that have a manifest, most recently indexed first."""
    changed_ns: dict[str, int] = {}
    for path in folder.rglob("*.npz"):
        with suppress(FileNotFoundError):  # removed meanwhile
            changed_ns[unquote("".join(path.relative_to(folder).parts).removesuffix(".npz"))] = path.stat().st_mtime_ns
    return sorted(changed_ns, key=lambda ref: changed_ns[ref], reverse=True)


def remove_manifest(folder: Path, ref: str) -> None:
    """Forget ``ref``. Its rows stay in the matrix until it is compacted."""
    manifest_path(folder, ref).unlink(missing_ok=True)


def read_rows(folder: Path, ref: str) -> Rows:
    """The rows that ``ref`` names, without reading the rest of its manifest; none if it is not indexed."""
    try:
        with np.load(manifest_path(folder, ref)) as columns:
            return np.asarray(columns["rows"])
    except FileNotFoundError:
        return np.zeros(0, dtype=np.int64)


def mentions_any(folder: Path, ref: str, blobs: Collection[str]) -> bool:
    """Whether the manifest of ``ref`` may name one of ``blobs``: a look at its bytes, quicker than reading it."""
    try:
        with np.load(manifest_path(folder, ref)) as columns:
            head = columns["head"].tobytes()
    except FileNotFoundError:
        return False
    return any(blob.encode() in head for blob in blobs)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest`` in place of the ref's last one, atomically."""
    head = {
        "ref": manifest.ref,
        "commit": manifest.commit,
        "origin": manifest.origin,
        "indexed_at": manifest.indexed_at,
        "files": [[f.path, f.blob, f.n_bytes, f.language, f.first_chunk, f.n_chunks] for f in manifest.files],
        "skipped": [[s.path, s.n_bytes, s.reason, s.blob] for s in manifest.skipped],
        "findings": [[f.path, f.line, f.rule] for f in manifest.findings],
    }
    target = manifest_path(folder, manifest.ref)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(
            file,
            head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            rows=manifest.rows,
            start_lines=manifest.start_lines,
            end_lines=manifest.end_lines,
            n_dependents=manifest.n_dependents,
            **_names_to_columns(manifest.names),
        )
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
    state = target.stat()
    with _lock:  # the next build in this process begins with it
        _keep(target, (state.st_mtime_ns, state.st_size, state.st_ino), manifest)


def read_manifest(folder: Path, ref: str, *, with_names: bool = False) -> Manifest | None:
    """The manifest of ``ref``, or None if that ref is not indexed. Not to be changed: it may be another reader's.

    ``with_names``: also what only builds need.
    """
    path = manifest_path(folder, ref)
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    mark = (state.st_mtime_ns, state.st_size, state.st_ino)
    with _lock:
        known = _last_read.get(path)
    if known is not None and known[0] == mark and (known[1].has_names or not with_names):
        return known[1]
    manifest = _read_manifest(path, with_names=with_names)
    if manifest is not None:
        with _lock:
            _keep(path, mark, manifest)
    return manifest


def _keep(path: Path, mark: tuple[int, int, int], manifest: Manifest) -> None:
    _last_read[path] = (mark, manifest)
    _last_read.move_to_end(path)
    while len(_last_read) > _MAX_KEPT:
        _last_read.popitem(last=False)


def _read_manifest(path: Path, *, with_names: bool) -> Manifest | None:
    try:
        with np.load(path) as columns:
            head = json.loads(columns["head"].tobytes())
            rows, starts, ends = columns["rows"], columns["start_lines"], columns["end_lines"]
            n_dependents = columns["n_dependents"]
            names = _columns_to_names(columns) if with_names else ()
    except FileNotFoundError:
        return None
    return Manifest(
        ref=head["ref"],
        commit=head["commit"],
        origin=head["origin"],
        indexed_at=head["indexed_at"],
        files=[ManifestFile(*fields) for fields in head["files"]],
        rows=rows,
        start_lines=starts,
        end_lines=ends,
        skipped=[Skipped(*fields) for fields in head["skipped"]],
        findings=[Finding(*fields) for fields in head["findings"]],
        n_dependents=n_dependents,
        names=names,
    )


def _names_to_columns(names: Sequence[FileNames]) -> dict[str, Any]:
    none = [np.zeros(0, dtype=np.uint32)]
    return {
        "defined": np.concatenate([file.defined for file in names] or none),
        "defined_ends": np.cumsum([len(file.defined) for file in names], dtype=np.int64),
        "used": np.concatenate([file.used for file in names] or none),
        "used_ends": np.cumsum([len(file.used) for file in names], dtype=np.int64),
    }


def _columns_to_names(columns: Mapping[str, NDArray[Any]]) -> list[FileNames]:
    defined = np.split(columns["defined"], columns["defined_ends"][:-1])
    used = np.split(columns["used"], columns["used_ends"][:-1])
    if not len(columns["defined_ends"]):
        return []
    return [FileNames(here, there) for here, there in zip(defined, used, strict=True)]
