"""What stands around a hit in its file: the chunks before and after it, and the first lines of what encloses it.

Everything comes out of the index, where credentials are redacted, and from the same ref as the hit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from indexer.home import OpenedIndex
from indexer.lexicon import StoredChunk
from indexer.manifest import ManifestFile
from indexer.records import Hit
from indexer.words import COMMENT_MARKS, last_name, lines_that_say

from .excerpts import NumberedLine, count_signature_lines

_MAX_CHUNKS_BACK = 200  # a class of 300,000 characters: beyond that, its first line is not looked for
_MAX_NAMED = 1000  # chunks that define one name
_NO_SIGNATURE = (*COMMENT_MARKS, '"', "'", "@", "import ", "from ", "use ")  # a line that only says the name
_NO_DEFINITIONS = frozenset({"markdown", "html", "css", "json", "yaml", "toml", "text"})  # a heading encloses nothing


class Surroundings(Protocol):
    """What packing asks of the files that hits are from."""

    def find_heads(self, hit: Hit) -> Sequence[NumberedLine]:
        """The signatures of the definitions that enclose ``hit`` and begin in a chunk before it, in order."""

    def find_beside(self, hit: Hit, step: int) -> Hit | None:
        """The chunk right before (``step`` -1) or after (1) ``hit`` in its file, with the hit's score; None at the
        file's ends."""


class NoSurroundings:
    """Of hits whose files cannot be asked: nothing is known around them."""

    def find_heads(self, hit: Hit) -> Sequence[NumberedLine]:
        """See ``Surroundings``; no signature is known."""
        return ()

    def find_beside(self, hit: Hit, step: int) -> Hit | None:
        """See ``Surroundings``; no neighbour is known."""
        return None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a hit is: the file in the manifest of an index, and its chunk's position in the columns."""

    index: OpenedIndex
    file: ManifestFile
    position: int


class IndexSurroundings:
    """The surroundings of ``hits`` in the refs that they were found in."""

    def __init__(self, indexes: Iterable[OpenedIndex], hits: Sequence[Hit]) -> None:
        wanted = {(hit.repo, hit.commit, hit.chunk.path) for hit in hits}
        self._files: dict[tuple[str, str | None, str], tuple[OpenedIndex, ManifestFile]] = {}
        for index in indexes:
            commit = index.manifest.commit
            paths = {path for repo, at, path in wanted if (repo, at) == (index.name, commit)}
            found = ((file.path, file) for file in index.manifest.files if file.path in paths)
            self._files.update({(index.name, commit, path): (index, file) for path, file in found})

    def find_heads(self, hit: Hit) -> Sequence[NumberedLine]:
        """The signatures of the definitions that enclose ``hit`` and begin in a chunk before it, in order."""
        place = self._locate(hit)
        if place is None or not hit.chunk.symbol or hit.chunk.language in _NO_DEFINITIONS:
            return ()
        heads: list[NumberedLine] = []
        for symbol in _enclosing(hit.chunk.symbol, _read(place.index, place.position).defines):
            for position in _find_definitions(place, symbol):
                stored = _read(place.index, position)
                if symbol in stored.defines:
                    heads += _find_signature(stored.text, symbol, int(place.index.manifest.start_lines[position]))
                    break
        return sorted(heads, key=lambda line: line[0] or 0)

    def find_beside(self, hit: Hit, step: int) -> Hit | None:
        """The chunk right before or after ``hit`` in its file, with the hit's score; None at the file's ends."""
        place = self._locate(hit)
        if place is None:
            return None
        position = place.position + step
        if not 0 <= position - place.file.first_chunk < place.file.n_chunks:
            return None
        return replace(hit, chunk=place.index.chunk_at(position), signals={})

    def _locate(self, hit: Hit) -> _Place | None:
        """None where the index has changed since the hit was found: then nothing around it is certain."""
        found = self._files.get((hit.repo, hit.commit, hit.chunk.path))
        if found is None:
            return None
        index, file = found
        starts = index.manifest.start_lines[file.first_chunk : file.first_chunk + file.n_chunks]
        offset = int(np.searchsorted(starts, hit.chunk.start_line))
        if offset == len(starts) or starts[offset] != hit.chunk.start_line:
            return None
        position = file.first_chunk + offset
        return _Place(index, file, position) if _read(index, position).id == hit.chunk.id else None


def _read(index: OpenedIndex, position: int) -> StoredChunk:
    return index.lexicon.get(int(index.manifest.rows[position]))


def _find_definitions(place: _Place, symbol: str) -> Sequence[int]:
    """Positions before the place, in its file, the nearest first, of chunks that may define ``symbol``."""
    first = max(place.file.first_chunk, place.position - _MAX_CHUNKS_BACK)
    named = place.index.words.find(last_name(symbol), "defines", _MAX_NAMED)
    if len(named) == _MAX_NAMED:  # a name that is everywhere, so that those of this file may be missing
        return range(place.position - 1, first - 1, -1)
    return sorted((int(position) for position in named if first <= position < place.position), reverse=True)


def _enclosing(symbol: str, defines: Sequence[str]) -> list[str]:
    """The dotted names around a chunk, and its own where it is a later piece of it, without those begun in it.

    A chunk of several symbols has them of one scope, so the first one tells.
    """
    parts = symbol.split(", ")[0].split(".")
    names = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
    return [name for name in names if name not in defines]


def _find_signature(text: str, symbol: str, start_line: int) -> list[NumberedLine]:
    """The lines of the signature of ``symbol``, which begins in ``text``; nothing if its name is not to be seen."""
    lines = text.split("\n")
    said = lines_that_say(symbol.rpartition(".")[2], lines)
    offset = next((number for number in said if not lines[number].lstrip().startswith(_NO_SIGNATURE)), None)
    if offset is None:
        return []
    signature = lines[offset : offset + count_signature_lines(lines[offset:])]
    return [(start_line + offset + i, line) for i, line in enumerate(signature)]
