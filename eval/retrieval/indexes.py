"""The indexes that questions are asked of: built from nothing, timed, kept, in a home of their own.

No index of the user's is touched or read. One that is kept is used again as long as the files, the encoder and the
code that makes indexes are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import indexer
from indexer.build import build_index
from indexer.embedding import canonical_name, open_encoder
from indexer.errors import QuarryError
from indexer.home import open_index
from indexer.repository import Source
from indexer.secrets import SecretScanner
from indexer.selection import reason_by_name
from indexer.settings import IndexerSettings

from .records import IndexFigures

_FOLDER = "retrieval"  # below the home's evaluations; a home itself


def evaluation_settings(settings: IndexerSettings, home: Path | None = None) -> IndexerSettings:
    """The settings with the home that evaluations have for themselves: ``home``, or one below the user's own."""
    chosen = home.expanduser().absolute() if home is not None else settings.home / "evaluations" / _FOLDER
    return settings.model_copy(update={"home": chosen})


def index_name(repository: str, source: Source, settings: IndexerSettings, *, is_masked: bool, form: str = "") -> str:
    """A name of its own for each repository, place, ref, encoder, form, and with and without file names."""
    parts = [source.origin, source.ref, canonical_name(settings.encoder), str(is_masked)]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:10]
    kinds = [form, "masked" if is_masked else ""]
    return "-".join([repository, *(kind for kind in kinds if kind), digest])


def warm_up(settings: IndexerSettings) -> None:
    """What the first index of a process and of a home waits for, and no index should be charged with."""
    open_encoder(canonical_name(settings.encoder)).encode(["warm"])
    SecretScanner(settings.home / "cache" / "secret-rules")


def ensure_index(
    source: Source,
    name: str,
    settings: IndexerSettings,
    *,
    fresh: bool = False,
    on_note: Callable[[str], None] | None = None,
) -> IndexFigures:
    """The index of ``source`` under ``name``, kept or built from nothing. Raises a QuarryError in one line."""
    record = settings.home / "built" / f"{name}.json"
    key = _fingerprint(source, settings)
    if not fresh:
        kept = _read_record(record, key)
        if kept is not None and _opens(settings.home, name, source.ref):
            return kept
    report = build_index(source, name, settings, encoder_name=settings.encoder, rebuild=True, on_note=on_note)
    figures = IndexFigures(report.n_files, report.n_chunks, report.seconds, is_kept=False)
    record.parent.mkdir(parents=True, exist_ok=True)
    temporary = record.with_suffix(".tmp")
    temporary.write_text(json.dumps({"key": key, "figures": asdict(figures)}, indent=1) + "\n")
    temporary.replace(record)
    return figures


def _opens(home: Path, name: str, ref: str) -> bool:
    try:
        open_index(home, name, ref)
    except QuarryError:  # removed, damaged, or of another version: made anew
        return False
    return True


def _read_record(record: Path, key: str) -> IndexFigures | None:
    try:
        stored = json.loads(record.read_text())
        figures = IndexFigures(**(stored["figures"] | {"is_kept": True}))
        return figures if stored["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none yet, or a damaged one: the index is made anew


def _fingerprint(source: Source, settings: IndexerSettings) -> str:
    """Changes with the files, the encoder's weights, the settings, and the code that makes indexes.

    The code itself is hashed: whoever works on it need not remember to raise a version before measuring.
    """
    digest = hashlib.sha256()
    package = Path(str(indexer.__file__)).parent
    for path in sorted([*package.glob("*.py"), *package.glob("*.toml")]):
        digest.update(path.read_bytes())
    digest.update(open_encoder(canonical_name(settings.encoder)).fingerprint.encode())
    digest.update(str(settings.max_file_bytes).encode())
    listing = source.list_files(partial(reason_by_name, max_file_bytes=settings.max_file_bytes))
    for file in sorted(listing.files, key=lambda file: file.path):
        digest.update(f"{file.blob} {file.path}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
