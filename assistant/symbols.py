"""Where a symbol is defined and who calls it: looked up by name, out of the syntax trees.

Names are compared, not types: two methods of one name are both shown, each with the scope that it is defined in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from indexer.errors import InputError
from indexer.home import OpenedIndex
from indexer.lexicon import NameField, StoredChunk
from indexer.words import COMMENT_MARKS, last_name, lines_that_say

MAX_PLACES = 200  # of each kind; more are counted, not shown
_MAX_CHUNKS = 5_000
_ABOVE_DEFINITION = (*COMMENT_MARKS, ";", '"""', "@")  # no `use`, no quote: in JavaScript these may begin one


@dataclass(frozen=True, slots=True)
class SymbolPlace:
    """One line. ``symbol`` is the dotted name that is defined there, or the definition that the call stands in."""

    path: str
    line: int
    symbol: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SymbolReport:
    """The definitions and the calls of one name in one ref, by path and line, at most ``MAX_PLACES`` of each."""

    repo: str
    ref: str
    commit: str | None
    symbol: str
    definitions: Sequence[SymbolPlace]
    callers: Sequence[SymbolPlace]
    n_definitions: int
    n_callers: int


def find_symbol(index: OpenedIndex, symbol: str) -> SymbolReport:
    """Look ``symbol`` up, by its name or qualified as in ``Router.add``. Raises InputError with near names."""
    name = last_name(symbol.strip())
    if not name:
        raise InputError("Name a symbol: a function, a method or a type, such as `Router.add`.")
    definitions = sorted(_find_definitions(index, name, symbol.strip()), key=_by_place)
    callers = sorted(_find_callers(index, name, definitions), key=_by_place)
    if not definitions and not callers:
        alike = get_close_matches(name, index.lexicon.defined_names(name[:1]), n=20, cutoff=0.6)
        near = [other for other in alike if len(index.words.find(other, "defines", 1))][:3]  # others are of other refs
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise InputError(f"{index.name!r} neither defines nor calls {symbol!r}.{hint}")
    manifest = index.manifest
    return SymbolReport(
        repo=index.name,
        ref=manifest.ref,
        commit=manifest.commit,
        symbol=symbol,
        definitions=definitions[:MAX_PLACES],
        callers=callers[:MAX_PLACES],
        n_definitions=len(definitions),
        n_callers=len(callers),
    )


def _find_definitions(index: OpenedIndex, name: str, symbol: str) -> Iterator[SymbolPlace]:
    qualifier = re.split(r"[.:#]+", symbol)[:-1]
    for chunk, start_line in _chunks_with(index, "defines", name):
        lines = chunk.text.split("\n")
        for defined in chunk.defines:
            scopes = re.split(r"[.:#]+", defined)
            if scopes[-1] == name and scopes[-1 - len(qualifier) : -1] == qualifier:
                said = lines_that_say(name, lines)  # also in decorators and comments above
                below = [number for number in said if not lines[number].lstrip().startswith(_ABOVE_DEFINITION)]
                line = (below or said or [0])[0]
                yield SymbolPlace(chunk.path, start_line + line, defined, chunk.kind, lines[line].strip())


def _find_callers(index: OpenedIndex, name: str, definitions: Sequence[SymbolPlace]) -> Iterator[SymbolPlace]:
    own_lines = {(place.path, place.line) for place in definitions}  # where a definition looks like a call: Elixir
    for chunk, start_line in _chunks_with(index, "calls", name):
        lines = chunk.text.split("\n")
        for called, line in chunk.calls:
            if called == name and (chunk.path, start_line + line) not in own_lines:
                yield SymbolPlace(chunk.path, start_line + line, chunk.symbol, chunk.kind, lines[line].strip())


def _chunks_with(index: OpenedIndex, field: NameField, name: str) -> Iterator[tuple[StoredChunk, int]]:
    """The ref's chunks that define or call ``name``, with the line that each begins on."""
    for position in index.words.find(name, field, _MAX_CHUNKS).tolist():
        yield index.lexicon.get(int(index.manifest.rows[position])), int(index.manifest.start_lines[position])


def _by_place(place: SymbolPlace) -> tuple[str, int]:
    return place.path, place.line
