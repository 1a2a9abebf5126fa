"""``build_index``: a source becomes an index, incrementally and resumably. The pipeline on a page.

    list -> leave out -> read -> decode -> redact -> chunk -> embed -> Chroma -> lexicon -> matrix -> manifest

Only files whose content is new are read, and only chunks that are new are embedded. Killed anywhere, the
last manifest still answers, and the next build goes on from what this one had stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np

from .chunking import CHUNKER_VERSION, chunk_file
from .embedding import Encoder, canonical_name, open_encoder
from .errors import EncoderMismatch, IndexingError, SourceError
from .home import RepositoryFolder, RepositoryInfo
from .languages import detect_language
from .manifest import Manifest, ManifestFile, list_refs, read_manifest, write_manifest
from .records import Finding, Skipped, SourceFile
from .repository import Source
from .secrets import SecretScanner
from .selection import Decoded, decode, reason_by_content, reason_by_name
from .settings import IndexerSettings
from .writer import IndexWriter


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is. Files and bytes are those that have to be read."""

    n_files_done: int
    n_files: int
    n_bytes_done: int
    n_bytes: int
    n_chunks: int
    elapsed_seconds: float

    @property
    def chunks_per_second(self) -> float:
        """Since the first file was read."""
        return self.n_chunks / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """By the share of bytes done; None before there is anything to go by."""
        if not self.n_bytes_done:
            return None
        return self.elapsed_seconds * (self.n_bytes - self.n_bytes_done) / self.n_bytes_done


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``n_embedded`` is 0 when nothing had changed."""

    name: str
    ref: str
    commit: str | None
    n_files: int
    n_files_read: int
    n_chunks: int
    n_embedded: int
    seconds: float
    skipped: Sequence[Skipped]
    findings: Sequence[Finding]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class _IndexedFile:
    """A file of the new manifest. ``chunks``: row, first and last line of each."""

    file: SourceFile
    language: str | None
    chunks: Sequence[tuple[int, int, int]]
    findings: Sequence[Finding]


def build_index(
    source: Source,
    name: str,
    settings: IndexerSettings,
    *,
    encoder_name: str | None = None,
    rebuild: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> BuildReport:
    """Bring the index ``name`` up to date with ``source``. Raises a QuarryError in one line.

    ``rebuild`` forgets the index first. Waits for another writer of the same index as long as the settings
    say. What makes people wait is told through ``on_note``, a line each.
    """
    started = time.perf_counter()
    folder = RepositoryFolder(settings.home, name)
    try:
        with folder.locked(settings.lock_wait_seconds, on_note):
            if rebuild:
                open_encoder(canonical_name(encoder_name or settings.encoder))  # if that fails, nothing is lost
                folder.clear()
            return _build(source, folder, settings, encoder_name, started, on_progress, on_note)
    except OSError as error:
        raise IndexingError(
            f"Cannot write the index below {folder.path}: {error.strerror or error}. The last complete index still "
            "answers; make room or fix the folder, then run the same command again."
        ) from error


def _build(
    source: Source,
    folder: RepositoryFolder,
    settings: IndexerSettings,
    encoder_name: str | None,
    started: float,
    on_progress: Callable[[Progress], None] | None,
    on_note: Callable[[str], None] | None,
) -> BuildReport:
    wanted = canonical_name(encoder_name) if encoder_name is not None else None
    info = _check_fit(folder, source, wanted)
    last = read_manifest(folder.refs, source.ref)
    files, skipped, to_read = _split_known(source, folder, settings.max_file_bytes)
    n_embedded = 0
    not_utf8: list[str] = []
    if to_read:
        encoder = open_encoder(info.encoder if info else wanted or canonical_name(settings.encoder))
        _write_info(folder, info, source, encoder)
        rules = settings.home / "cache" / "secret-rules"
        if on_note is not None and not rules.exists():
            on_note("Preparing the secret scanner: some seconds, once.")
        scanner = SecretScanner(rules)
        with IndexWriter(folder, encoder) as writer:
            progress = _ProgressMeter(to_read, on_progress)
            for file in to_read:
                decoded = _read(source, file)
                if isinstance(decoded, Skipped):
                    skipped.append(decoded)
                    progress.advance(file, 0)
                    continue
                if decoded.encoding == "latin-1":
                    not_utf8.append(file.path)
                redacted, findings = scanner.redact(file.path, decoded.text)
                language = detect_language(file.path)
                chunks = chunk_file(file.path, file.blob, redacted, language)
                rows = [(writer.add(chunk), chunk.start_line, chunk.end_line) for chunk in chunks]
                files.append(_IndexedFile(file, language, rows, findings))
                progress.advance(file, len(chunks))
            writer.finish()
            n_embedded = writer.n_embedded
    if not files:
        raise SourceError(_nothing_to_index(source.origin, skipped))
    manifest = _to_manifest(source, files, skipped)
    if last is None or not _same_content(last, manifest):
        write_manifest(folder.refs, manifest)
    return BuildReport(
        name=folder.name,
        ref=source.ref,
        commit=source.commit,
        n_files=len(files),
        n_files_read=len(to_read),
        n_chunks=len(manifest.rows),
        n_embedded=n_embedded,
        seconds=time.perf_counter() - started,
        skipped=manifest.skipped,
        findings=manifest.findings,
        notes=[*source.notes, *_encoding_note(not_utf8)],
    )


def _check_fit(folder: RepositoryFolder, source: Source, encoder_name: str | None) -> RepositoryInfo | None:
    """The index's record if it can take ``source`` in, None if there is no index yet; raises if it does not fit."""
    info = folder.read_info()
    if info is None or not list_refs(folder.refs):
        return None
    rebuild = f"quarry index {source.origin} --name {folder.name} --rebuild"
    if info.origin != source.origin:
        raise IndexingError(
            f"The name {folder.name!r} is taken by {info.origin}: choose another one with --name, or replace it by "
            f"`{rebuild}`."
        )
    if encoder_name is not None and encoder_name != info.encoder:
        raise EncoderMismatch(
            f"The index of {folder.name!r} was made with the encoder {info.encoder!r}, not {encoder_name!r}. To change "
            f"it, run `{rebuild} --encoder {encoder_name}`."
        )
    if info.chunker_version != CHUNKER_VERSION:
        raise EncoderMismatch(
            f"The index of {folder.name!r} was cut by another version of the chunker: run `{rebuild}`."
        )
    return info


def _write_info(folder: RepositoryFolder, info: RepositoryInfo | None, source: Source, encoder: Encoder) -> None:
    """Record a new index's encoder before its first chunk, or check that an old index still fits it."""
    if info is None:
        new = RepositoryInfo(
            folder.name, source.origin, encoder.name, encoder.fingerprint, encoder.dim, CHUNKER_VERSION
        )
        if folder.read_info() != new:  # else a first build of the same kind was killed, and this one goes on with it
            folder.clear()
            folder.write_info(new)
    elif info.encoder_fingerprint != encoder.fingerprint:
        raise EncoderMismatch(
            f"The encoder {encoder.name!r} has changed since {folder.name!r} was indexed: run "
            f"`quarry index {source.origin} --name {folder.name} --rebuild`."
        )


def _split_known(
    source: Source, folder: RepositoryFolder, max_file_bytes: int
) -> tuple[list[_IndexedFile], list[Skipped], list[SourceFile]]:
    """The source's files as: indexed before with this content, left out, and still to be read."""
    known: dict[tuple[str, str], _IndexedFile | Skipped] = {}
    for ref in list_refs(folder.refs):
        manifest = read_manifest(folder.refs, ref)
        if manifest is not None:
            known |= _known_files(manifest)
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes))
    indexed: list[_IndexedFile] = []
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


def _known_files(manifest: Manifest) -> dict[tuple[str, str], _IndexedFile | Skipped]:
    findings: dict[str, list[Finding]] = {}
    for finding in manifest.findings:
        findings.setdefault(finding.path, []).append(finding)
    columns = np.stack([manifest.rows, manifest.start_lines, manifest.end_lines], axis=1).tolist()
    known: dict[tuple[str, str], _IndexedFile | Skipped] = {}
    for file in manifest.files:
        chunks = [tuple(chunk) for chunk in columns[file.first_chunk : file.first_chunk + file.n_chunks]]
        known[file.path, file.blob] = _IndexedFile(
            SourceFile(file.path, file.blob, file.n_bytes), file.language, chunks, findings.get(file.path, ())
        )
    known.update({(s.path, s.blob): s for s in manifest.skipped if s.blob})
    return known


def _encoding_note(not_utf8: Sequence[str]) -> Sequence[str]:
    if not not_utf8:
        return ()
    shown = ", ".join(not_utf8[:3]) + (", …" if len(not_utf8) > 3 else "")
    return (f"{len(not_utf8)} files are not UTF-8 and were read as Latin-1: {shown}",)


def _read(source: Source, file: SourceFile) -> Decoded | Skipped:
    decoded = decode(source.read(file))
    if decoded is None:
        return Skipped(file.path, file.n_bytes, "binary", file.blob)
    reason = reason_by_content(file.path, decoded.text)
    if reason is not None:
        return Skipped(file.path, file.n_bytes, reason, file.blob)
    return decoded


def _to_manifest(source: Source, files: Sequence[_IndexedFile], skipped: Sequence[Skipped]) -> Manifest:
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
    )


def _same_content(one: Manifest, other: Manifest) -> bool:
    return (one.commit, one.files, one.skipped) == (other.commit, other.files, other.skipped)


def _nothing_to_index(origin: str, skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return f"{origin} holds no files to index."
    reasons = sorted({s.reason for s in skipped})
    return f"{origin} holds nothing to index: all {len(skipped)} files are left out ({', '.join(reasons[:5])})."


class _ProgressMeter:
    """Counts what a build has read, and tells so after every file."""

    def __init__(self, to_read: Sequence[SourceFile], on_progress: Callable[[Progress], None] | None) -> None:
        self._started, self._on_progress = time.perf_counter(), on_progress
        self._n_files, self._n_bytes = len(to_read), sum(file.n_bytes for file in to_read)
        self._n_files_done = self._n_bytes_done = self._n_chunks = 0

    def advance(self, file: SourceFile, n_chunks: int) -> None:
        self._n_files_done += 1
        self._n_bytes_done += file.n_bytes
        self._n_chunks += n_chunks
        if self._on_progress is not None:
            elapsed = time.perf_counter() - self._started
            self._on_progress(
                Progress(self._n_files_done, self._n_files, self._n_bytes_done, self._n_bytes, self._n_chunks, elapsed)
            )
