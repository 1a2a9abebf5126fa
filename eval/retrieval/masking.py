"""A source whose files have no names: what finds code by its content alone is then left.

Names of files and folders are hidden from the index and so from everything that is made of it. What the code says of
itself (an import, a comment) stays: it is content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from indexer.languages import detect_language
from indexer.listing import LeaveOut, Listing
from indexer.records import Skipped, SourceFile
from indexer.repository import Source


class MaskedSource:
    """The files of another source under names that say nothing, in one folder, each with its own suffix.

    Which files are left out is decided by their true names. The same files get the same names; their numbers follow
    a hash of the true path, so that neighbours are not told by them either.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.origin, self.ref = source.origin, source.ref
        self.notes: Sequence[str] = source.notes
        self._true_files: dict[str, SourceFile] = {}

    @property
    def commit(self) -> str | None:
        """Full id of the commit that the files are of."""
        return self._source.commit

    def list_files(self, leave_out: LeaveOut, known_bytes: Mapping[str, int] = {}) -> Listing:
        """The files of the source, renamed."""
        listing = self._source.list_files(leave_out, known_bytes)
        paths = [file.path for file in listing.files] + [skipped.path for skipped in listing.skipped]
        masks = _mask_paths(paths)
        self._true_files = {masks[file.path]: file for file in listing.files}
        files = [SourceFile(masks[file.path], file.blob, file.n_bytes) for file in listing.files]
        # Reasons name folders, so they are hidden too.
        skipped = [Skipped(masks[s.path], s.n_bytes, "left out", s.blob) for s in listing.skipped]
        return Listing(sorted(files, key=lambda file: file.path), skipped)

    def read(self, file: SourceFile) -> bytes:
        """The content of a listed file. Raises SourceError."""
        return self._source.read(self._true_files[file.path])

    def read_all(self, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """Each of many listed files with its content, None for one that has gone meanwhile. Raises SourceError."""
        contents = self._source.read_all([self._true_files[file.path] for file in files])
        for file, (true, content) in zip(files, contents, strict=True):
            yield replace(file, blob=true.blob, n_bytes=true.n_bytes), content

    def find_gone(self, refs: Sequence[str]) -> Sequence[str]:
        """Those of ``refs`` that the source does not have any more."""
        return self._source.find_gone(refs)

    def true_path(self, path: str) -> str:
        """The true path of a listed file, by the path that it has here."""
        return self._true_files[path].path


def _mask_paths(paths: Sequence[str]) -> dict[str, str]:
    ordered = sorted(set(paths), key=lambda path: hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest())
    width = len(str(len(ordered)))
    return {path: f"{number:0{width}}{_kept_suffix(path)}" for number, path in enumerate(ordered, 1)}


def _kept_suffix(path: str) -> str:
    """The suffix, if it says what language the file is in; any other might be a name (``README.Debian``)."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if detect_language(f"x{suffix}") is not None or suffix in (".txt", ".rst", ".adoc", ".org") else ""
