"""``build_index``: a source becomes an index, incrementally and resumably. The pipeline on a page.

    list -> leave out -> read -> decode -> redact -> chunk -> embed -> Chroma -> lexicon -> matrix -> manifest

Only files whose content is new are read, and only chunks that are new are embedded. Killed anywhere, the
last manifest still answers, and the next build goes on from what this one had stored; a rebuild begins again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .chunking import CHUNKER_VERSION, chunk_file
from .collect import compact, drop_gone_refs, needs_compaction
from .contents import IndexedFile, count_changed_files, make_manifest, same_content, split_known
from .embedding import Encoder, canonical_name, open_encoder
from .errors import EncoderMismatch, IndexBusy, IndexingError, SourceError, UnknownRepository
from .graph import collect_names
from .home import leaving_origin
from .index_folder import RepositoryFolder, RepositoryInfo
from .languages import detect_language
from .manifest import list_refs, read_manifest, write_manifest
from .progress import Progress, ProgressMeter
from .records import Finding, Skipped
from .repository import Source
from .secrets import open_scanner
from .selection import read_text
from .settings import IndexerSettings
from .writer import IndexWriter


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``n_embedded`` is 0 when nothing had changed.

    ``n_files_changed`` counts files that are new, other or gone since the ref was indexed last; ``has_moved`` says
    that it is of another commit.
    """

    name: str
    ref: str
    commit: str | None
    n_files: int
    n_files_read: int
    n_files_changed: int
    n_chunks: int
    n_embedded: int
    has_moved: bool
    seconds: float
    skipped: Sequence[Skipped]
    findings: Sequence[Finding]
    notes: Sequence[str]


def build_index(
    source: Source,
    name: str,
    settings: IndexerSettings,
    *,
    encoder_name: str | None = None,
    rebuild: bool = False,
    keep_refs: bool = False,
    only_known: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> BuildReport:
    """Bring the index ``name`` up to date with ``source``. Raises a QuarryError in one line.

    ``rebuild`` makes the index anew, all refs of it forgotten. ``keep_refs`` keeps also those refs that the source's
    repository does not have any more. ``only_known`` makes no new index or ref: UnknownRepository where ``source``'s
    ref is not indexed, or not any more. Waits for another writer of the same index as long as the settings say. What
    makes people wait is told through ``on_note``, a line each.
    """
    started = time.perf_counter()
    folder = RepositoryFolder(settings.home, name)
    try:
        with folder.locked(settings.lock_wait_seconds, on_note):
            folder.remove_leftovers()
            if only_known and source.ref not in list_refs(folder.refs):
                raise UnknownRepository(f"{name!r} is not indexed at {source.ref!r} any more.")
            if not rebuild:
                report = _build(source, folder, settings, encoder_name, started, on_progress, on_note)
                gone = () if keep_refs else drop_gone_refs(source, folder)
                if needs_compaction(folder):
                    compact(folder, on_note)
                seconds = time.perf_counter() - started
                return replace(report, seconds=seconds, notes=[*report.notes, *_gone_note(gone)])
            # Beside the old index, which answers until the new one is whole, and by the same encoder.
            new = folder.next_generation(keep_chroma=False)
            encoder_name = encoder_name or (folder.encoder if folder.origin == source.origin else None)
            report = _build(source, new, settings, encoder_name, started, on_progress, on_note)
            new.publish()
            new.remove_leftovers()
            with suppress(IndexBusy), leaving_origin(settings.home, folder.origin, wait_seconds=0):
                pass  # it is left already, and whoever fetches its clone just now has a use for that
            return report
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
    last = read_manifest(folder.refs, source.ref, with_names=True)
    known = split_known(source, folder, last, settings.max_file_bytes)
    files, skipped, to_read = known.indexed, known.skipped, known.to_read
    n_embedded = 0
    not_utf8: list[str] = []
    if to_read:
        encoder = open_encoder(info.encoder if info else wanted or canonical_name(settings.encoder))
        _write_info(folder, info, source, encoder)
        rules = settings.home / "cache" / "secret-rules"
        if on_note is not None and not rules.exists():
            on_note("Preparing the secret scanner: some seconds, once.")
        scanner = open_scanner(rules)
        with IndexWriter(folder, encoder) as writer:
            progress = ProgressMeter(to_read, on_progress)
            for file, content in source.read_all(to_read):
                decoded = read_text(file, content)
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
                columns = np.asarray(rows, dtype=np.int64).reshape(-1, 3)
                files.append(IndexedFile(file, language, columns, findings, collect_names(chunks)))
                progress.advance(file, len(chunks))
            writer.finish()
            n_embedded = writer.n_embedded
    if not files:
        raise SourceError(_nothing_to_index(source, skipped))
    manifest = make_manifest(source, files, skipped)
    if last is None or not same_content(last, manifest):
        write_manifest(folder.refs, manifest)
    return BuildReport(
        name=folder.name,
        ref=source.ref,
        commit=source.commit,
        n_files=len(files),
        n_files_read=len(to_read),
        n_files_changed=count_changed_files(last, manifest),
        n_chunks=len(manifest.rows),
        n_embedded=n_embedded,
        has_moved=last is None or last.commit != manifest.commit,
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
            name=folder.name,
            origin=source.origin,
            encoder=encoder.name,
            encoder_fingerprint=encoder.fingerprint,
            dim=encoder.dim,
            chunker_version=CHUNKER_VERSION,
            data=folder.data_number,
            chroma=folder.chroma_number,
        )
        if folder.read_info() != new:  # else a first build of the same kind was killed, and this one goes on with it
            folder.clear()
            folder.path.mkdir(parents=True, exist_ok=True)
            folder.write_info(new)
    elif info.encoder_fingerprint != encoder.fingerprint:
        raise EncoderMismatch(
            f"The encoder {encoder.name!r} has changed since {folder.name!r} was indexed: run "
            f"`quarry index {source.origin} --name {folder.name} --rebuild`."
        )


def _encoding_note(not_utf8: Sequence[str]) -> Sequence[str]:
    if not not_utf8:
        return ()
    shown = ", ".join(not_utf8[:3]) + (", …" if len(not_utf8) > 3 else "")
    return (f"{len(not_utf8)} files are not UTF-8 and were read as Latin-1: {shown}",)


def _gone_note(gone: Sequence[str]) -> Sequence[str]:
    if not gone:
        return ()
    return (f"forgot what the repository does not have any more: {', '.join(gone)} (--keep-refs keeps such refs)",)


def _nothing_to_index(source: Source, skipped: Sequence[Skipped]) -> str:
    if skipped:
        reasons = ", ".join(sorted({s.reason for s in skipped})[:5])
        return f"{source.origin} holds nothing to index: all {len(skipped)} files are left out ({reasons})."
    at = f" at {source.ref} ({source.commit[:12]})" if source.commit is not None else ""
    hint = ": --worktree indexes what is not committed yet" if at and Path(source.origin).is_absolute() else ""
    return f"{source.origin} holds no files to index{at}{hint}."
