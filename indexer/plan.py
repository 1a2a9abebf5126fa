"""What indexing a source would do, without doing it: files by language, what is left out and why, an estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .chunking import chunk_file
from .languages import detect_language
from .records import Skipped
from .repository import Source
from .selection import read_text, reason_by_name

# Chunks a second end to end, on two cores, with the built-in encoder; see docs/benchmarks.md.
TYPICAL_CHUNKS_PER_SECOND = 800
START_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of a dry run. Nothing was written; ``n_chunks`` is counted, ``estimated_seconds`` is not."""

    origin: str
    ref: str
    commit: str | None
    n_files: int
    n_bytes: int
    n_chunks: int
    estimated_seconds: float
    languages: Mapping[str, int]
    skipped: Sequence[Skipped]
    notes: Sequence[str]


def plan_index(source: Source, max_file_bytes: int) -> Plan:
    """Read and cut every file of ``source`` as a build would, and store nothing."""
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes))
    skipped = list(listing.skipped)
    languages: Counter[str] = Counter()
    n_bytes = n_chunks = 0
    for file, content in source.read_all(listing.files):
        decoded = read_text(file, content)
        if isinstance(decoded, Skipped):
            skipped.append(decoded)
            continue
        language = detect_language(file.path)
        languages[language or "text"] += 1
        n_bytes += file.n_bytes
        n_chunks += len(chunk_file(file.path, file.blob, decoded.text, language))
    return Plan(
        origin=source.origin,
        ref=source.ref,
        commit=source.commit,
        n_files=sum(languages.values()),
        n_bytes=n_bytes,
        n_chunks=n_chunks,
        estimated_seconds=START_SECONDS + n_chunks / TYPICAL_CHUNKS_PER_SECOND,
        languages=dict(languages.most_common()),
        skipped=sorted(skipped, key=lambda s: s.path),
        notes=source.notes,
    )
