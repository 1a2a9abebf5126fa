"""What an index holds already of a source, and the manifest of what it will hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np

from .graph import NO_NAMES, FileNames, count_dependents
from .home import RepositoryFolder
from .manifest import Manifest, ManifestFile, list_refs, read_manifest
from .records import Finding, Skipped, SourceFile
from .repository import Source
from .selection import reason_by_name


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file of the new manifest. ``chunks``: row, first and last line of each."""

    file: SourceFile
    language: str | None
    chunks: Sequence[tuple[int, int, int]]
    findings: Sequence[Finding]
    names: FileNames = NO_NAMES


def split_known(
    source: Source, folder: RepositoryFolder, max_file_bytes: int
) -> tuple[list[IndexedFile], list[Skipped], list[SourceFile]]:
    """The source's files as: indexed before with this content, left out, and still to be read."""
    known: dict[tuple[str, str], IndexedFile | Skipped] = {}
    for ref in list_refs(folder.refs):
        manifest = read_manifest(folder.refs, ref, with_names=True)
        if manifest is not None:
            known |= _known_files(manifest)
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes))
    indexed: list[IndexedFile] = []
    skipped = list(listing.skipped)
    to_read: list[SourceFile] = []
    for file in listing.files:
        before = known.get((file.path, file.blob))
        if before is None:
            to_read.append(file)
        elif isinstance(before, Skipped):
            skipped.append(before)
        else:
            indexed.append(before)
    return indexed, skipped, to_read


def _known_files(manifest: Manifest) -> dict[tuple[str, str], IndexedFile | Skipped]:
    findings: dict[str, list[Finding]] = {}
    for finding in manifest.findings:
        findings.setdefault(finding.path, []).append(finding)
    columns = np.stack([manifest.rows, manifest.start_lines, manifest.end_lines], axis=1).tolist()
    known: dict[tuple[str, str], IndexedFile | Skipped] = {}
    for file, names in zip(manifest.files, manifest.names, strict=True):
        chunks = [tuple(chunk) for chunk in columns[file.first_chunk : file.first_chunk + file.n_chunks]]
        known[file.path, file.blob] = IndexedFile(
            SourceFile(file.path, file.blob, file.n_bytes), file.language, chunks, findings.get(file.path, ()), names
        )
    known.update({(s.path, s.blob): s for s in manifest.skipped if s.blob})
    return known


def make_manifest(source: Source, files: Sequence[IndexedFile], skipped: Sequence[Skipped]) -> Manifest:
    """The manifest of ``source`` with these files, by path."""
    ordered = sorted(files, key=lambda indexed: indexed.file.path)
    columns = np.asarray([chunk for indexed in ordered for chunk in indexed.chunks], dtype=np.int64).reshape(-1, 3)
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
