"""A source some of whose files have other content: what became a question is taken out of what is searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from indexer.listing import LeaveOut, Listing, blob_id
from indexer.records import SourceFile
from indexer.repository import Source


class BlankedSource:
    """The files of another source under their own names, with ``texts`` by path in the place of some contents.

    A changed file has the blob id of what it holds here, so that an index is made anew where other lines are blank.
    """

    def __init__(self, source: Source, texts: Mapping[str, str]) -> None:
        self._source = source
        self._contents = {path: text.encode("utf-8", "replace") for path, text in texts.items()}
        self.origin, self.ref = source.origin, source.ref
        self.notes: Sequence[str] = source.notes

    @property
    def commit(self) -> str | None:
        """Full id of the commit that the files are of, apart from what is blanked."""
        return self._source.commit

    def list_files(self, leave_out: LeaveOut, known_bytes: Mapping[str, int] = {}) -> Listing:
        """The files of the source, the changed ones as they are here."""
        listing = self._source.list_files(leave_out, known_bytes)
        return Listing([self._as_here(file) for file in listing.files], listing.skipped)

    def read(self, file: SourceFile) -> bytes:
        """The content of a listed file. Raises SourceError."""
        content = self._contents.get(file.path)
        return self._source.read(file) if content is None else content

    def read_all(self, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """Each of many listed files with its content, None for one that has gone meanwhile. Raises SourceError."""
        unchanged = self._source.read_all([file for file in files if file.path not in self._contents])
        for file in files:
            content = self._contents.get(file.path)
            yield next(unchanged) if content is None else (file, content)

    def find_gone(self, refs: Sequence[str]) -> Sequence[str]:
        """Those of ``refs`` that the source does not have any more."""
        return self._source.find_gone(refs)

    def _as_here(self, file: SourceFile) -> SourceFile:
        content = self._contents.get(file.path)
        if content is None:
            return file
        return SourceFile(file.path, blob_id(content, len(file.blob)), len(content))
