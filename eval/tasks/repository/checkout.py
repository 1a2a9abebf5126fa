"""A repository's files on disk, all of them, and which of those the index would hold.

Tests may need data that is never indexed, so the checkout is whole but for links and submodules.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eval.errors import HarvestError
from indexer.repository import Source
from indexer.selection import Decoded, read_text, reason_by_name

_MAX_BYTES = 2**30  # of all files: more is a collection of data, and every trial needs a copy
_DIGEST_CHARS = 16


@dataclass(frozen=True, slots=True)
class Checkout:
    """``folder`` holds every file; ``content`` is a digest of their names and contents.

    ``texts`` are the files that the index would hold, by path.
    """

    folder: Path
    content: str
    texts: Mapping[str, str]


def check_out(source: Source, parent: Path, max_file_bytes: int) -> Checkout:
    """Write the files of ``source`` below ``parent``, unless they are there. Raises HarvestError, SourceError.

    Of a project within a larger repository, whose paths all begin with its folder, that folder is the root.
    """
    files = sorted(source.list_files(lambda path, n_bytes: None).files, key=lambda file: file.path)
    if sum(file.n_bytes for file in files) > _MAX_BYTES:
        raise HarvestError(
            f"The files of {source.origin} take more than {_MAX_BYTES // 2**20} MiB, and a task that runs tests "
            "copies them: give a part of it with --repo."
        )
    names = "\n".join(f"{file.blob} {file.path}" for file in files)
    content = hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST_CHARS]
    folder = parent / content / "checkout"
    is_new = not folder.is_dir()
    target = folder.with_name("checkout.part") if is_new else folder
    if is_new:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
    leave_out = partial(reason_by_name, max_file_bytes=max_file_bytes)
    texts: dict[str, str] = {}
    prefix = _project_folder([file.path for file in files])
    for file, data in source.read_all(files):
        if data is None:
            continue
        path = file.path.removeprefix(prefix)
        if is_new:
            _write(target, path, data)
        if leave_out(path, file.n_bytes) is None and isinstance(decoded := read_text(file, data), Decoded):
            texts[path] = decoded.text
    if is_new:
        target.rename(folder)
    return Checkout(folder, content, texts)


def _project_folder(paths: Sequence[str]) -> str:
    """The folder, with a slash at its end, that all paths lie in and that pip can install; empty for the root."""
    common = os.path.commonpath([path.rpartition("/")[0] for path in paths]) if paths else ""
    if common and {f"{common}/{name}" for name in ("pyproject.toml", "setup.py", "setup.cfg")} & set(paths):
        return f"{common}/"
    return ""


def _write(folder: Path, path: str, data: bytes) -> None:
    target = folder / path
    if os.path.commonpath([folder, os.path.normpath(target)]) != str(folder):
        raise HarvestError(f"{path!r} leads out of the repository: nothing is written there.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    if data.startswith(b"#!"):  # tests start scripts; the source does not tell which files are executable
        target.chmod(0o755)
