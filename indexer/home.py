"""The layout of QUARRY_HOME, and the repositories in it: list them, open one for reading, remove one.

home/
  models/                     verified model files
  cache/secret-rules/         compiled rules of the secret scanner
  clones/<hash>/              bare clones of repositories that were given by URL, without credentials
  locks/                      one file a repository and a clone, held by its one writer
  repositories/<name>/
    repository.json           encoder, chunker version, origin, and the numbers of the two folders below
    chroma-<m>/               the durable store, opened by the writer only
    data-<n>/                 one generation of what searches read; a rebuild or a compaction makes the next one
      lexicon/  matrix/
      refs/<ref>.npz          manifests: what each ref holds
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from .errors import IndexBusy, IndexingError, InputError, UnknownRepository
from .index_folder import RepositoryFolder, RepositoryInfo
from .lexicon import Lexicon
from .manifest import Manifest, list_refs, manifest_path, read_manifest, remove_manifest
from .matrix import Matrix
from .records import WORKTREE, Chunk
from .refwords import RefWords

_T = TypeVar("_T")
_MAX_LOOKS = 20  # at an index whose generation changes under the reader's eyes; once is rare


class OpenedIndex:
    """One ref of one repository as searches read it. Immutable: a later build is seen by opening again."""

    def __init__(self, folder: RepositoryFolder, info: RepositoryInfo, manifest: Manifest) -> None:
        self.info, self.manifest = info, manifest
        # The manifest was read first, so matrix and lexicon hold every row that it names.
        self.matrix = Matrix(folder.matrix, info.dim)
        self.lexicon = Lexicon(folder.lexicon)
        if len(manifest.rows) and int(manifest.rows.max()) >= self.matrix.n_rows:
            raise IndexingError(f"The index of {info.name!r} is damaged: run `quarry index` with --rebuild.")
        self.words = RefWords(self.lexicon, manifest, self.matrix)

    @property
    def name(self) -> str:
        """The repository's name."""
        return self.info.name

    def chunk_at(self, position: int) -> Chunk:
        """The chunk at a position of the manifest, with its lines in this ref."""
        manifest = self.manifest
        stored = self.lexicon.get(int(manifest.rows[position]))
        return Chunk(
            id=stored.id,
            path=stored.path,
            start_line=int(manifest.start_lines[position]),
            end_line=int(manifest.end_lines[position]),
            symbol=stored.symbol,
            kind=stored.kind,
            language=stored.language,
            text=stored.text,
            blob=manifest.file_of(position).blob,
        )


def check_name(name: str) -> str:
    """``name`` if it can name a repository; InputError if not."""
    allowed = all(char.isascii() and (char.isalnum() or char in "._-") for char in name)
    if not 1 <= len(name) <= 200 or not allowed or not name[0].isalnum():
        raise InputError(
            f"{name!r} cannot name a repository: use letters, digits, dots, dashes and underscores, and begin with a "
            "letter or a digit."
        )
    return name


def list_names(home: Path) -> list[str]:
    """The names under which there is something, by name, whether it can be read or not."""
    folder = home / "repositories"
    return sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []


def list_repositories(home: Path) -> list[RepositoryInfo]:
    """All repositories that hold an index, by name."""
    infos = (of_one_generation(home, name, _read_indexed_info) for name in list_names(home))
    return [info for info in infos if info is not None]


def find_repository(home: Path, name: str) -> tuple[RepositoryFolder, RepositoryInfo]:
    """The folder and record of ``name``. Raises UnknownRepository with near names."""

    def look(folder: RepositoryFolder) -> tuple[RepositoryFolder, RepositoryInfo] | None:
        info = _read_indexed_info(folder)
        return None if info is None else (folder, info)

    found = of_one_generation(home, check_name(name), look)
    if found is not None:
        return found
    raise unknown_repository(name, [known for known in list_names(home) if known != name])


def unknown_repository(name: str, names: Sequence[str]) -> UnknownRepository:
    """The error for ``name`` where ``names`` are indexed: it offers the near ones."""
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif names:
        hint = f"Indexed are: {', '.join(names[:8])}."
    else:
        hint = "Nothing is indexed yet."
    return UnknownRepository(
        f"No repository {name!r} is indexed. {hint} Run `quarry index SOURCE --name {name}` to add it."
    )


def resolve_ref(folder: RepositoryFolder, ref: str | None) -> str:
    """The indexed ref to answer from: the one asked for, HEAD, the working tree, or what was indexed last."""
    refs = list_refs(folder.refs)
    if ref is None and refs:
        return next((known for known in ("HEAD", WORKTREE) if known in refs), refs[0])
    if ref is None or ref not in refs:
        option = "--worktree" if ref == WORKTREE else f"--ref {ref}"
        raise InputError(
            f"{folder.name!r} is not indexed at {ref!r}, only at {', '.join(refs)}: run "
            f"`quarry index SOURCE --name {folder.name} {option}`."
        )
    return ref


def open_index(home: Path, name: str, ref: str | None = None) -> OpenedIndex:
    """Open a repository at an indexed ref. Raises UnknownRepository or InputError."""
    find_repository(home, name)

    def look(folder: RepositoryFolder) -> OpenedIndex:
        info = folder.read_info()
        manifest = read_manifest(folder.refs, resolve_ref(folder, ref)) if info is not None else None
        if info is None or manifest is None:  # removed between the two looks
            raise UnknownRepository(f"The index of {name!r} has just been removed.")
        return OpenedIndex(folder, info, manifest)

    return of_one_generation(home, name, look)


def find_version(home: Path, name: str, ref: str | None = None) -> tuple[str, int]:
    """The ref that ``open_index`` opens with the same arguments, and a number that changes whenever its index does.

    Raises UnknownRepository or InputError.
    """

    def look(folder: RepositoryFolder) -> tuple[str, int] | None:
        if _read_indexed_info(folder) is None:
            return None
        chosen = resolve_ref(folder, ref)
        try:
            changed_ns = manifest_path(folder.refs, chosen).stat().st_mtime_ns
        except FileNotFoundError:
            raise UnknownRepository(f"The index of {name!r} has just been removed.") from None
        return chosen, folder.data_number << 64 | changed_ns

    found = of_one_generation(home, check_name(name), look)
    if found is None:
        raise unknown_repository(name, [known for known in list_names(home) if known != name])
    return found


def remove_repository(home: Path, name: str, *, wait_seconds: float) -> None:
    """Remove a repository's index, after its writer if there is one. Raises UnknownRepository or IndexBusy.

    Also one that is damaged or that another version has written, which cannot be opened. The clone of a repository
    that was given by URL goes with the last index of it.
    """
    if check_name(name) not in list_names(home):
        raise unknown_repository(name, list_names(home))
    folder = RepositoryFolder(home, name)
    with folder.locked(wait_seconds):
        _remove(home, folder, wait_seconds)


def remove_ref(home: Path, name: str, ref: str, *, wait_seconds: float) -> None:
    """Remove one ref of an index; the last one takes the index with it. What only it held goes at a later compaction.

    Raises UnknownRepository, InputError for a ref that is not indexed, or IndexBusy.
    """
    folder, _ = find_repository(home, name)
    with folder.locked(wait_seconds):
        resolve_ref(folder, ref)
        if list_refs(folder.refs) == [ref]:
            _remove(home, folder, wait_seconds)
        else:
            remove_manifest(folder.refs, ref)


def _remove(home: Path, folder: RepositoryFolder, wait_seconds: float) -> None:
    """Remove an index whose lock is held, and the clone that it was read from."""
    with leaving_origin(home, folder.origin, wait_seconds=wait_seconds):
        folder.remove()


@contextmanager
def leaving_origin(home: Path, origin: str | None, *, wait_seconds: float) -> Iterator[None]:
    """Within, an index ceases to be of ``origin``. The clone of a URL goes then, unless another index is of it.

    Raises IndexBusy, before anything is done, if the clone is being fetched for longer than ``wait_seconds``.
    """
    if origin is None or Path(origin).is_absolute():
        yield
        return
    from .clones import hold_clone  # and with it GitPython, which a path needs not

    # The record goes under the clone's lock: of two indexes that are removed at once, the second sees no other.
    with hold_clone(origin, home / "clones", wait_seconds=wait_seconds) as clone:
        yield
        if all(RepositoryFolder(home, name).origin != origin for name in list_names(home)):
            shutil.rmtree(clone, ignore_errors=True)


def _read_indexed_info(folder: RepositoryFolder) -> RepositoryInfo | None:
    return folder.read_info() if list_refs(folder.refs) else None


def of_one_generation(home: Path, name: str, look: Callable[[RepositoryFolder], _T]) -> _T:
    """What ``look`` sees of one generation. It looks again where that one was replaced meanwhile."""
    for _ in range(_MAX_LOOKS):
        folder = RepositoryFolder(home, name)
        try:
            seen = look(folder)
        except Exception:  # of any library: files may go away at any moment
            if not folder.has_moved_on():
                raise
            continue
        if not folder.has_moved_on():
            return seen
    raise IndexBusy(f"The index of {name!r} is being made anew again and again: try again later.")
