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
# What stands before the name that is defined, in languages that have a word for it.
_DEFINING_WORDS = (
    r"def(?:p|macrop?|guardp?|delegate|module|protocol|impl)?|class|func|fun|fn|function\*?|interface|struct|enum|union"
    r"|trait|impl|type|module|mod|namespace|object|record|protocol|const|let|var|val|data|newtype"
)


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
    callers = sorted(_find_callers(index, name), key=_by_place)
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
    qualifier = _split(symbol)[:-1]
    form = _definition_form(name)
    for chunk, start_line in _chunks_with(index, "defines", name):
        named = [(defined, scopes) for defined in chunk.defines if (scopes := _split(defined))[-1] == name]
        lines = chunk.text.split("\n")
        found = _find_lines(chunk, lines, name, form, len(named))
        indents = {line: len(lines[line]) - len(lines[line].lstrip()) for line in found}
        if len(set(indents.values())) == len({len(scopes) for _, scopes in named}):  # `Shop.run` is deeper than `run`
            named.sort(key=lambda each: len(each[1]))
            found.sort(key=lambda line: indents[line])
        for (defined, scopes), line in zip(named, found, strict=True):
            if scopes[-1 - len(qualifier) : -1] == qualifier:
                yield SymbolPlace(chunk.path, start_line + line, defined, chunk.kind, lines[line].strip())


def _find_callers(index: OpenedIndex, name: str) -> Iterator[SymbolPlace]:
    form = _definition_form(name)
    for chunk, start_line in _chunks_with(index, "calls", name):
        lines = chunk.text.split("\n")
        for called, line in chunk.calls:
            if called == name and not form.search(lines[line]):  # a definition looks like a call in Elixir
                yield SymbolPlace(chunk.path, start_line + line, chunk.symbol, chunk.kind, lines[line].strip())


def _find_lines(chunk: StoredChunk, lines: Sequence[str], name: str, form: re.Pattern[str], n: int) -> list[int]:
    """The lines, from 0, of the ``n`` definitions of ``name`` in ``chunk``, which keeps their names alone.

    Those that have the form of one; in languages without such a word, those that say the name and do not call it.
    """
    said = lines_that_say(name, lines)  # also in decorators and comments above
    below = [number for number in said if not lines[number].lstrip().startswith(_ABOVE_DEFINITION)]
    calling = {line for called, line in chunk.calls if called == name}
    formed = [number for number in below if form.search(lines[number])]
    plain = [number for number in below if number not in calling]
    found = next((each for each in (formed, plain, below) if len(each) >= n), below or said or [0])
    return [found[min(number, len(found) - 1)] for number in range(n)]


def _definition_form(name: str) -> re.Pattern[str]:
    """``def name``, ``func (r *Router) name``, ``class Outer::name``."""
    return re.compile(rf"\b(?:{_DEFINING_WORDS})\s+(?:\([^)]*\)\s*)?(?:\w+[.:#]+)*{re.escape(name)}(?!\w)")


def _split(symbol: str) -> list[str]:
    """The parts of a dotted name, the name itself last."""
    return re.split(r"[.:#]+", symbol)


def _chunks_with(index: OpenedIndex, field: NameField, name: str) -> Iterator[tuple[StoredChunk, int]]:
    """The ref's chunks that define or call ``name``, with the line that each begins on."""
    for position in index.words.find(name, field, _MAX_CHUNKS).tolist():
        yield index.lexicon.get(int(index.manifest.rows[position])), int(index.manifest.start_lines[position])


def _by_place(place: SymbolPlace) -> tuple[str, int]:
    return place.path, place.line
