"""What evaluations read of a repository: its files by the index's rules, and a pinned budget of code."""

from __future__ import annotations

from functools import partial

from assistant.settings import AssistantSettings
from indexer.repository import Source
from indexer.selection import Decoded, read_text, reason_by_name

_CONTEXT_TOKENS = 1600  # of every run that sets none, so that answers do not depend on how fast a machine reads


def pin_context(settings: AssistantSettings) -> AssistantSettings:
    """The settings of a run: its budget of code is a number, not a time."""
    return settings.model_copy(update={"context_tokens": settings.context_tokens or _CONTEXT_TOKENS})


def read_python_files(source: Source, max_file_bytes: int) -> list[tuple[str, str]]:
    """``(path, text)`` of every Python file that the index holds, in order of path."""
    return read_source_files(source, max_file_bytes, ".py")


def read_source_files(source: Source, max_file_bytes: int, suffix: str = "") -> list[tuple[str, str]]:
    """``(path, text)`` of every file that the index holds and whose name ends so, in order of path."""
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes)).files
    wanted = [file for file in listing if file.path.endswith(suffix)]
    contents = source.read_all(sorted(wanted, key=lambda file: file.path))
    texts = ((file.path, read_text(file, content)) for file, content in contents)
    return [(path, decoded.text) for path, decoded in texts if isinstance(decoded, Decoded)]
