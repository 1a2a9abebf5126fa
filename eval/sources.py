"""What evaluations read of a repository: its Python files by the index's rules, its index, a pinned budget of code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from assistant.settings import AssistantSettings
from indexer.build import build_index
from indexer.index_folder import RepositoryFolder
from indexer.progress import Progress
from indexer.repository import Source
from indexer.selection import decode, reason_by_content, reason_by_name

_CONTEXT_TOKENS = 1600  # of every run that sets none, so that answers do not depend on how fast a machine reads


@dataclass(frozen=True, slots=True)
class PythonFiles:
    """``(path, text)`` of each Python file that is indexed, and a fingerprint of all listed files, Python or not."""

    files: Sequence[tuple[str, str]]
    content: str


def pin_context(settings: AssistantSettings) -> AssistantSettings:
    """The settings of a run: its budget of code is a number, not a time."""
    return settings.model_copy(update={"context_tokens": settings.context_tokens or _CONTEXT_TOKENS})


def read_python_files(source: Source, max_file_bytes: int) -> PythonFiles:
    """The Python files of ``source`` by the rules of the index: what is left out there is not asked about."""
    files = []
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes)).files
    listing = sorted(listing, key=lambda file: file.path)
    for file in listing:
        if not file.path.endswith(".py"):
            continue
        decoded = decode(source.read(file))
        if decoded is not None and reason_by_content(file.path, decoded.text) is None:
            files.append((file.path, decoded.text))
    names = "\n".join(f"{file.blob} {file.path}" for file in listing)
    return PythonFiles(files, hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()[:16])


def read_source_files(source: Source, max_file_bytes: int) -> list[tuple[str, str]]:
    """``(path, text)`` of every file that the index holds, in order of path."""
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes)).files
    listing = sorted(listing, key=lambda file: file.path)
    files = []
    for file, content in source.read_all(listing):
        decoded = decode(content) if content is not None else None
        if decoded is not None and reason_by_content(file.path, decoded.text) is None:
            files.append((file.path, decoded.text))
    return files


def index_repository(
    source: Source,
    name: str,
    settings: AssistantSettings,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> str:
    """Bring the index up to date with ``source``; returns what made it, for the configuration."""
    build_index(source, name, settings, on_progress=on_progress, on_note=on_note)
    info = RepositoryFolder(settings.home, name).read_info()
    assert info is not None  # the build has just written it
    return f"{info.encoder} {info.encoder_fingerprint[:12]}, chunker {info.chunker_version}"
