"""The layout of QUARRY_HOME, and the repositories in it: open one for reading, lock one for writing.

home/
  models/                     verified model files
  cache/secret-rules/         compiled rules of the secret scanner
  clones/<hash>/              bare clones of repositories that were given by URL
  locks/                      one file a repository and a clone, held by its one writer
  repositories/<name>/
    repository.json           encoder, chunker version, origin
    chroma/                   the durable store, opened by the writer only
    lexicon/  matrix/         what searches read
    refs/<ref>.npz            manifests: what each ref holds
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path

import filelock

from .errors import EncoderMismatch, IndexBusy, InputError, UnknownRepository
from .lexicon import Lexicon
from .manifest import Manifest, list_refs, manifest_path, read_manifest
from .matrix import Matrix
from .records import WORKTREE

# Part of every index: raise it when the files of an index would be read wrongly by the code before.
FORMAT_VERSION = 1

# Folders of indexes that nobody may see yet, or any more. No repository's name begins with a dot.
_REBUILDING, _REMOVING = ".rebuilding-", ".removing-"


@dataclass(frozen=True, slots=True)
class RepositoryInfo:
    """What an index remembers of itself; stored as repository.json."""

    name: str
    origin: str
    encoder: str
    encoder_fingerprint: str
    dim: int
    chunker_version: int
    format_version: int = FORMAT_VERSION


class RepositoryFolder:
    """The folder of one repository's index: where its parts lie, and its lock."""

    def __init__(self, home: Path, name: str, *, rebuilding: bool = False) -> None:
        self.name = name
        self.path = home / "repositories" / (f"{_REBUILDING}{name}" if rebuilding else name)
        self._lock = home / "locks" / f"repository-{name}"
        self.chroma, self.lexicon = self.path / "chroma", self.path / "lexicon"
        self.matrix, self.refs = self.path / "matrix", self.path / "refs"

    def read_info(self) -> RepositoryInfo | None:
        """The index's own record, or None if nothing is indexed under this name."""
        try:
            fields = json.loads((self.path / "repository.json").read_text())
            if fields["format_version"] == FORMAT_VERSION:
                return RepositoryInfo(**fields)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            pass  # damaged, or of a version that kept other fields: the same way out
        raise EncoderMismatch(
            f"The index of {self.name!r} is damaged or was written by another version of Quarry: run "
            f"`quarry index SOURCE --name {self.name} --rebuild`, or `quarry remove {self.name}`."
        )

    def write_info(self, info: RepositoryInfo) -> None:
        """Replace the index's own record, atomically."""
        temporary = self.path / f"repository.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(asdict(info), indent=1) + "\n")
        temporary.replace(self.path / "repository.json")

    def clear(self) -> None:
        """Remove the index; the caller holds the lock. The record goes first: then nothing answers from the rest."""
        (self.path / "repository.json").unlink(missing_ok=True)
        for part in (self.refs, self.matrix, self.lexicon, self.chroma):
            shutil.rmtree(part, ignore_errors=True)

    def replace(self, old: RepositoryFolder) -> None:
        """Take the place of ``old``, which is removed. The caller holds the lock of both, which is one."""
        aside = old.path.with_name(f"{_REMOVING}{old.name}")
        shutil.rmtree(aside, ignore_errors=True)
        if old.path.exists():
            old.path.rename(aside)
        self.path.rename(old.path)
        shutil.rmtree(aside, ignore_errors=True)

    @contextmanager
    def locked(self, wait_seconds: float, on_note: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the writer's lock. Says through ``on_note`` that it waits; raises IndexBusy after ``wait_seconds``.

        The lock is the operating system's, so it is free again however its holder ended.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._lock)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            if on_note is not None:
                on_note(f"Another process is writing the index of {self.name!r}: waiting for it to finish.")
            try:
                lock.acquire(timeout=wait_seconds)
            except filelock.Timeout:
                raise IndexBusy(
                    f"Another process is still writing the index of {self.name!r}: try again when it is done."
                ) from None
        try:
            yield
        finally:
            lock.release()


class OpenedIndex:
    """One ref of one repository as searches read it. Immutable: a later build is seen by opening again."""

    def __init__(self, folder: RepositoryFolder, info: RepositoryInfo, manifest: Manifest) -> None:
        self.info, self.manifest = info, manifest
        # The manifest was read first, so matrix and lexicon hold every row that it names.
        self.matrix = Matrix(folder.matrix, info.dim)
        self.lexicon = Lexicon(folder.lexicon)

    @property
    def name(self) -> str:
        """The repository's name."""
        return self.info.name


def check_name(name: str) -> str:
    """``name`` if it can name a repository; InputError if not."""
    allowed = all(char.isascii() and (char.isalnum() or char in "._-") for char in name)
    if not 1 <= len(name) <= 200 or not allowed or not name[0].isalnum():
        raise InputError(
            f"{name!r} cannot name a repository: use letters, digits, dots, dashes and underscores, and begin with a "
            "letter or a digit."
        )
    return name


def list_repositories(home: Path) -> list[RepositoryInfo]:
    """All repositories that hold an index, by name."""
    folder = home / "repositories"
    names = sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []
    folders = (RepositoryFolder(home, name) for name in names)
    infos = (folder.read_info() for folder in folders if list_refs(folder.refs))
    return [info for info in infos if info is not None]


def find_repository(home: Path, name: str) -> tuple[RepositoryFolder, RepositoryInfo]:
    """The folder and record of ``name``. Raises UnknownRepository with near names."""
    folder = RepositoryFolder(home, check_name(name))
    info = folder.read_info()
    if info is not None and list_refs(folder.refs):
        return folder, info
    names = [known.name for known in list_repositories(home)]
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif names:
        hint = f"Indexed are: {', '.join(names[:8])}."
    else:
        hint = "Nothing is indexed yet."
    raise UnknownRepository(
        f"No repository {name!r} is indexed. {hint} Run `quarry index SOURCE --name {name}` to add it."
    )


def resolve_ref(folder: RepositoryFolder, ref: str | None) -> str:
    """The indexed ref to answer from: the one asked for, else HEAD, else the latest one."""
    refs = list_refs(folder.refs)
    if ref is None:
        return next((known for known in ("HEAD", WORKTREE) if known in refs), refs[0])
    if ref not in refs:
        raise InputError(
            f"{folder.name!r} is not indexed at {ref!r}, only at {', '.join(refs)}: run "
            f"`quarry index SOURCE --name {folder.name} --ref {ref}`."
        )
    return ref


def open_index(home: Path, name: str, ref: str | None = None) -> OpenedIndex:
    """Open a repository at an indexed ref. Raises UnknownRepository or InputError."""
    folder, info = find_repository(home, name)
    manifest = read_manifest(folder.refs, resolve_ref(folder, ref))
    if manifest is None:  # removed between the two looks
        raise UnknownRepository(f"The index of {name!r} has just been removed.")
    return OpenedIndex(folder, info, manifest)


def index_version(home: Path, name: str, ref: str | None = None) -> tuple[str, int]:
    """A value that changes whenever ``open_index`` with the same arguments would give something else."""
    folder, _ = find_repository(home, name)
    chosen = resolve_ref(folder, ref)
    return chosen, manifest_path(folder.refs, chosen).stat().st_mtime_ns


def remove_repository(home: Path, name: str, *, wait_seconds: float) -> None:
    """Remove a repository's index, after its writer if there is one. Raises UnknownRepository or IndexBusy."""
    folder, _ = find_repository(home, name)
    with folder.locked(wait_seconds):
        folder.clear()
        shutil.rmtree(folder.path, ignore_errors=True)
