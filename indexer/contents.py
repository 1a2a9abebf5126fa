"""What an index holds already of a source, and the manifest of what it will hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .graph import NO_NAMES, FileNames, count_dependents
from .index_folder import RepositoryFolder
from .manifest import Manifest, ManifestFile, list_refs, mentions_any, read_manifest
from .records import Finding, Skipped, SourceFile
from .repository import Source
from .selection import reason_by_name

_FEW_BLOBS = 200  # so many are looked for in the bytes of other refs' manifests before those are read

Columns = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file of the new manifest. ``chunks``: row, first and last line of each; shape (n_chunks, 3)."""

    file: SourceFile
    language: str | None
    chunks: Columns
    findings: Sequence[Finding]
    names: FileNames = NO_NAMES


@dataclass(frozen=True, slots=True)
class Known:
    """A source's files as: indexed before with this content, left out, and still to be read."""

    indexed: list[IndexedFile]
    skipped: list[Skipped]
    to_read: list[SourceFile]


def split_known(source: Source, folder: RepositoryFolder, last: Manifest | None, max_file_bytes: int) -> Known:
    """What the index holds already of ``source``, in its ref's ``last`` manifest first, then in other refs'."""
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes), _sizes(last))
    known = Known([], list(listing.skipped), [])
    missing = listing.files if last is None else _take(last, listing.files, known)
    for ref in list_refs(folder.refs):
        if not missing:
            break
        if ref == source.ref:
            continue
        if len(missing) <= _FEW_BLOBS and not mentions_any(folder.refs, ref, [file.blob for file in missing]):
            continue
        manifest = read_manifest(folder.refs, ref, with_names=True)
        if manifest is not None:
            missing = _take(manifest, missing, known)
    known.to_read.extend(missing)
    return known


def _sizes(manifest: Manifest | None) -> dict[str, int]:
    if manifest is None:
        return {}
    sizes = {file.blob: file.n_bytes for file in manifest.files}
    sizes.update((s.blob, s.n_bytes) for s in manifest.skipped if s.blob)
    return sizes


def _take(manifest: Manifest, wanted: Sequence[SourceFile], known: Known) -> list[SourceFile]:
    """Move what ``manifest`` has of ``wanted`` into ``known``, and return the rest."""
    numbers = {(file.path, file.blob): number for number, file in enumerate(manifest.files)}
    skipped = {(s.path, s.blob): s for s in manifest.skipped if s.blob}
    findings: dict[str, list[Finding]] = {}
    for finding in manifest.findings:
        findings.setdefault(finding.path, []).append(finding)
    columns = np.stack([manifest.rows, manifest.start_lines, manifest.end_lines], axis=1, dtype=np.int64)
    rest = []
    for file in wanted:
        key = file.path, file.blob
        if (number := numbers.get(key)) is not None:
            before = manifest.files[number]
            chunks = columns[before.first_chunk : before.first_chunk + before.n_chunks]
            known.indexed.append(
                IndexedFile(file, before.language, chunks, findings.get(file.path, ()), manifest.names[number])
            )
        elif (left_out := skipped.get(key)) is not None:
            known.skipped.append(left_out)
        else:
            rest.append(file)
    return rest


def make_manifest(source: Source, files: Sequence[IndexedFile], skipped: Sequence[Skipped]) -> Manifest:
    """The manifest of ``source`` with these files, by path."""
    ordered = sorted(files, key=lambda indexed: indexed.file.path)
    columns = np.concatenate([np.zeros((0, 3), dtype=np.int64), *(indexed.chunks for indexed in ordered)])
    manifest_files = []
    first = 0
    for indexed in ordered:
        file, n_chunks = indexed.file, len(indexed.chunks)
        manifest_files.append(ManifestFile(file.path, file.blob, file.n_bytes, indexed.language, first, n_chunks))
        first += n_chunks
    return Manifest(
        ref=source.ref,
        commit=source.commit,
        origin=source.origin,
        indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        files=manifest_files,
        rows=columns[:, 0],
        start_lines=columns[:, 1].astype(np.int32),
        end_lines=columns[:, 2].astype(np.int32),
        skipped=sorted(skipped, key=lambda s: s.path),
        findings=[finding for indexed in ordered for finding in indexed.findings],
        n_dependents=count_dependents([indexed.names for indexed in ordered]),
        names=[indexed.names for indexed in ordered],
    )


def same_content(one: Manifest, other: Manifest) -> bool:
    """Whether two manifests of one ref say the same, but for the time they were made."""
    return (one.commit, one.files, one.skipped) == (other.commit, other.files, other.skipped)


def count_changed_files(last: Manifest | None, manifest: Manifest) -> int:
    """How many files are new, other or gone in ``manifest`` since the ``last`` one of the ref."""
    return len({path for path, _ in (last.blobs.items() if last is not None else set()) ^ manifest.blobs.items()})
