"""A file becomes chunks along its syntax tree: definitions stand alone, small siblings stay together.

Chunks are whole lines; together they hold every non-blank line once, in order. A definition that is too
large is cut between its statements, and every piece keeps the definition's name. Files in a language
without a grammar are split by LangChain's text splitter at blank lines, then at line ends.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tree_sitter import Node

from .definitions import FUNCTIONS, find_definitions, read_definition
from .languages import Language, get_language, language_of_text, parse
from .records import Chunk
from .references import References, find_references

# Part of every index: raise it when the same file would give other chunks.
CHUNKER_VERSION = 4

MAX_CHARS = 1500  # some 400 tokens: four such passages fit a prompt that two cores read in 10 s
STANDALONE_CHARS = 300  # a definition of 8 lines or more is worth a vector of its own
TARGET_CHARS = 1000  # small neighbours are gathered up to here, so that no vector stands for two lines

_BRACKET_CHARS = 20  # what a chunk may grow beyond the limit by, to keep its closing bracket

_COMMENTS = frozenset({"comment", "line_comment", "block_comment", "doc_comment", "haddock", "attribute_item"})


@dataclass(frozen=True, slots=True)
class _Atom:
    """Lines [start, end), 0-based, that are never cut. ``scope`` is the definition around them.

    ``heads`` are the definitions that begin here: a piece of a large one belongs to it without defining it.
    """

    start: int
    end: int
    scope: str
    symbol: str
    kind: str
    standalone: bool
    heads: tuple[str, ...]

    @property
    def defines(self) -> bool:
        """Whether the lines define the symbol, or are but a part of their scope."""
        return self.symbol != self.scope


@dataclass(frozen=True, slots=True)
class _Span:
    """Lines [start, end), 0-based, that become a chunk."""

    start: int
    end: int
    symbol: str
    kind: str
    heads: tuple[str, ...] = ()


def chunk_file(path: str, blob: str, text: str, language: str | None) -> list[Chunk]:
    """Cut one decoded file into chunks, in order; an empty list for a file of blank lines."""
    lines = text.split("\n")
    language = language_of_text(path, language, text)
    root = parse(text, language) if language is not None else None
    if language is None or root is None:
        return list(_to_chunks(path, blob, lines, language or "text", list(_split_text(text)), References()))
    sizes = _LineSizes(lines)
    atoms = list(_cut(root, len(lines), get_language(language), sizes))
    spans = _with_definitions(
        _absorb_brackets(_pack(atoms, sizes), lines, sizes), find_definitions(root, get_language(language))
    )
    references = find_references(root, text.encode("utf-8", "replace"), language)
    return list(_to_chunks(path, blob, lines, language, spans, references))


class _LineSizes:
    """Number of characters of any range of lines, in constant time."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._sums = [0, *accumulate(len(line) + 1 for line in lines)]

    def between(self, start: int, end: int) -> int:
        return self._sums[end] - self._sums[start]

    def reach(self, start: int, n_chars: int) -> int:
        """The last line end within ``n_chars`` of ``start``, at least one line further."""
        return max(start + 1, bisect_right(self._sums, self._sums[start] + n_chars) - 1)


@dataclass(frozen=True, slots=True)
class _Region:
    """Lines [start, end) that still have to be looked at, and the node that they belong to, if to one."""

    node: Node | None
    start: int
    end: int
    scope: str
    scope_kind: str
    heads: tuple[str, ...] = ()


def _cut(root: Node, n_lines: int, language: Language, sizes: _LineSizes) -> Iterator[_Atom]:
    """All lines as atoms, in order, cutting between the children of a node as deep as size demands.

    A stack of its own, not recursion: a chain of one operator is nested as deep as it is long.
    """
    stack = [_Region(root, 0, n_lines, "", "block")]
    while stack:
        region = stack.pop()
        name, kind, inner = "", "", region.node
        if region.node is not None:
            name, kind, inner = read_definition(region.node, language, in_function=region.scope_kind in FUNCTIONS)
        symbol = f"{region.scope}.{name}" if region.scope and name else name or region.scope
        heads = (*region.heads, symbol) if name else region.heads
        size = sizes.between(region.start, region.end)
        if size <= MAX_CHARS and region.node is not root:
            standalone = bool(name) and size >= STANDALONE_CHARS
            kind = kind or region.scope_kind
            yield _Atom(region.start, region.end, region.scope, symbol, kind, standalone, heads)
            continue
        rows = _child_rows(inner, region.start, region.end) if inner is not None else []
        if len(rows) <= 1 and not (rows and rows[0][1] is not None and rows[0][1].child_count):
            # Nothing to cut along (a huge literal or comment, say): cut by lines.
            yield from _cut_lines(region, symbol, kind or region.scope_kind, heads, sizes)
            continue
        ends = [row for row, _ in rows[1:]] + [region.end]
        parts = [
            _Region(child, row, end, symbol, kind or region.scope_kind, () if number else heads)
            for number, ((row, child), end) in enumerate(zip(rows, ends, strict=True))
        ]
        stack.extend(reversed(parts))


def _cut_lines(region: _Region, symbol: str, kind: str, heads: tuple[str, ...], sizes: _LineSizes) -> Iterator[_Atom]:
    start = region.start
    while start < region.end:
        stop = min(region.end, sizes.reach(start, MAX_CHARS))
        yield _Atom(start, stop, symbol, symbol, kind, False, heads)
        start, heads = stop, ()


def _child_rows(node: Node, start: int, end: int) -> list[tuple[int, Node | None]]:
    """First line of each child, with comments drawn to what follows them; the first row is ``start``.

    Where several children begin on one line, the largest one speaks for the line.
    """
    rows: list[tuple[int, Node | None]] = []
    pending: int | None = None
    for child in node.children:
        row = max(start, child.start_point.row)
        if row >= end:
            break
        previous = rows[-1][1] if rows else None
        last_row = _last_row(previous) if previous is not None else -1
        if child.type in _COMMENTS and row == child.start_point.row and row > last_row:
            pending = row if pending is None else pending
            continue
        first = pending if pending is not None else row
        pending = None
        if rows and (first <= rows[-1][0] or row <= last_row):
            # Shares a line with its predecessor: one of the two must carry both.
            if previous is None or _n_rows(child) > _n_rows(previous):
                rows[-1] = (rows[-1][0], child)
            continue
        rows.append((first, child))
    if pending is not None:
        rows.append((pending, None))
    if rows:
        rows[0] = (start, rows[0][1])
    return rows


def _last_row(node: Node) -> int:
    """The last row that holds something of ``node``: one that ends at column 0 ends on the row before."""
    end = node.end_point
    return end.row - 1 if end.column == 0 and end.row > node.start_point.row else end.row


def _n_rows(node: Node) -> int:
    return _last_row(node) - node.start_point.row


def _pack(atoms: Sequence[_Atom], sizes: _LineSizes) -> Iterator[_Span]:
    """Gather neighbouring atoms of one scope into spans."""
    group: list[_Atom] = []
    for atom in atoms:
        if group and (
            atom.standalone
            or group[-1].standalone
            or atom.scope != group[0].scope
            or sizes.between(group[0].start, atom.end) > (TARGET_CHARS if atom.defines else MAX_CHARS)
        ):
            yield _to_span(group)
            group = []
        group.append(atom)
    if group:
        yield _to_span(group)


def _absorb_brackets(spans: Iterator[_Span], lines: Sequence[str], sizes: _LineSizes) -> Iterator[_Span]:
    """Lines without a single word, such as a class's closing bracket, go with the span before them if they fit."""
    held: _Span | None = None
    for span in spans:
        wordless = not any(char.isalnum() for line in lines[span.start : span.end] for char in line)
        if held is not None and wordless and sizes.between(held.start, span.end) <= MAX_CHARS + _BRACKET_CHARS:
            held = replace(held, end=span.end)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _to_span(group: Sequence[_Atom]) -> _Span:
    start, end = group[0].start, group[-1].end
    heads = tuple(dict.fromkeys(head for atom in group for head in atom.heads))
    named = [atom for atom in group if atom.defines]
    if not named:
        return _Span(start, end, group[0].symbol, group[0].kind, heads)
    symbols = list(dict.fromkeys(atom.symbol for atom in named))
    kinds = {atom.kind for atom in named}
    return _Span(start, end, ", ".join(symbols), kinds.pop() if len(kinds) == 1 else "definitions", heads)


def _with_definitions(spans: Iterator[_Span], definitions: Sequence[tuple[int, str]]) -> list[_Span]:
    """The spans with the names of all that begins in them, also of what was not cut: a small class's methods."""
    rows = [row for row, _ in definitions]
    named = []
    for span in spans:
        inside = [name for _, name in definitions[bisect_left(rows, span.start) : bisect_left(rows, span.end)]]
        named.append(replace(span, heads=tuple(dict.fromkeys([*span.heads, *inside]))))
    return named


def _split_text(text: str) -> Iterator[_Span]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # 0.4 s: only where it is needed

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=MAX_CHARS,
        chunk_overlap=0,
        separators=["\n\n", "\n"],
        keep_separator="end",
        strip_whitespace=False,
    )
    line = 0
    pieces = splitter.split_text(text)
    for piece in pieces:
        n_breaks = piece.count("\n")
        yield _Span(line, line + n_breaks + (0 if piece.endswith("\n") else 1), "", "text")
        line += n_breaks


def _to_chunks(
    path: str, blob: str, lines: Sequence[str], language: str, spans: Sequence[_Span], references: References
) -> Iterator[Chunk]:
    seen: dict[str, int] = {}
    offsets = [0, *accumulate(len(line.encode("utf-8", "replace")) + 1 for line in lines)]
    for span in spans:
        start, end = span.start, span.end
        while start < end and not lines[start].strip():
            start += 1
        while end > start and not lines[end - 1].strip():
            end -= 1
        if start == end:
            continue
        text = "\n".join(lines[start:end])
        key = f"{path}\0{span.symbol}\0{text}"
        n_before = seen.get(key, 0)
        seen[key] = n_before + 1
        identity = f"{key}\0{n_before}" if n_before else key  # the same lines twice in one scope are two chunks
        digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:32]
        calls = {
            (name, bisect_right(offsets, offset) - 1 - start)
            for offset, name in references.calls_between(offsets[start], offsets[end])
        }
        yield Chunk(
            id=digest,
            path=path,
            start_line=start + 1,
            end_line=end,
            symbol=span.symbol,
            kind=span.kind,
            language=language,
            text=text,
            blob=blob,
            defines=span.heads,
            names=references.names_between(offsets[start], offsets[end]),
            calls=tuple(sorted(calls)),
        )
