"""What the files of a repository define, in any language with a grammar: one table of symbols out of syntax trees.

Names are those of the text, dotted through classes and modules, without imports or types. What a language's grammar
calls a parameter, a base or a return type is in ``signatures``. Files that do not parse give nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from indexer.definitions import FUNCTIONS, read_definition
from indexer.languages import Language, detect_language, get_language, language_of_text, parse
from indexer.references import find_references

from .constants import read_constants
from .docs import read_doc
from .environment import count_uses, find_variables, is_comment
from .heritage import read_bases, read_members, read_thrown
from .nodes import Member
from .signatures import read_parameters, read_returns
from .symbols import Mention, Outline, Symbol

if TYPE_CHECKING:
    from tree_sitter import Node

_SEVERAL_CLAUSES = frozenset(("haskell", "elixir"))  # a function is written as several equations
_PROSE = frozenset(("markdown", "html", "json", "yaml", "toml", "css"))
_CLOSURES = frozenset(
    "function_expression arrow_function generator_function lambda lambda_expression lambda_literal closure_expression "
    "func_literal anonymous_function anonymous_function_creation_expression function_definition do_block "
    "block_argument block".split()
)
_BLOCKS_ARE_CLOSURES = frozenset(("ruby",))  # elsewhere `block` is a function's body


def read_outline(files: Iterable[tuple[str, str]]) -> Outline:
    """Parse ``(path, text)`` of every file, in order of path."""
    outline = Outline()
    for path, text in sorted(files):
        outline.texts[path] = text
        language = language_of_text(path, detect_language(path), text)
        if language is None or language in _PROSE:
            continue
        root = parse(text, language)
        if root is not None:
            _FileReader(outline, path, text, get_language(language)).read(root)
    return outline


@dataclass(slots=True)
class _Open:
    """A function whose body is being read: what was found in it so far."""

    symbol: Symbol
    start: int
    end: int
    thrown: list[Member | None] = field(default_factory=list)


class _FileReader:
    """Walks one tree, on a stack of its own: a chain of one operator is nested as deep as it is long."""

    def __init__(self, outline: Outline, path: str, text: str, language: Language) -> None:
        self._outline, self._path, self._language = outline, path, language
        self._lines = text.split("\n")
        self._content = text.encode("utf-8", "replace")
        self._functions: list[_Open] = []
        self._closures: list[tuple[int, int]] = []
        self._symbols: list[Symbol] = []

    def read(self, root: Node) -> None:
        stack: list[tuple[Node, str, _Open | None, bool, bool]] = [(root, "", None, False, False)]
        while stack:
            node, scope, function, in_function, is_type_body = stack.pop()
            name, kind, inner = "", "", node
            if node.type in self._language.wrappers or node.type in self._language.definitions:
                name, kind, inner = read_definition(node, self._language, in_function=in_function)
            if node.type == "bind":  # Haskell's value, which may be a function without parameters
                kind = "constant" if any(v for _, v, _ in read_constants(node, "haskell", in_type=False)) else kind
            if (name and kind not in ("variable", "constant", "property", "assignment")) or (
                name and _is_callable(inner)
            ):
                name = name.replace("::", ".").replace(":", ".")
                dotted = f"{scope}.{name}" if scope else name
                symbol = self._define(node, inner, dotted, kind, in_function)
                if symbol.is_function:
                    function = _Open(symbol, inner.start_byte, inner.end_byte)
                    self._functions.append(function)
                    in_function = True
                else:
                    self._symbols.append(symbol)
                scope, is_type_body = dotted, symbol.is_type
            elif in_function and self._is_closure(node):
                self._closures.append((node.start_byte, node.end_byte))
                function = None
            elif not in_function:
                for constant in read_constants(node, self._language.name, in_type=is_type_body):
                    self._add_constant(node, scope, constant)
            if function is not None:
                thrown = read_thrown(node, self._language.name)
                if thrown is not None:
                    function.thrown.append(Member(thrown, node.start_point.row + 1) if thrown else None)
            stack.extend(
                (child, scope, function, in_function, is_type_body) for child in reversed(inner.named_children)
            )
        self._finish(root)

    def _is_closure(self, node: Node) -> bool:
        if node.type in ("block", "do_block"):
            return self._language.name in _BLOCKS_ARE_CLOSURES
        return node.type in _CLOSURES

    def _define(self, node: Node, inner: Node, name: str, kind: str, is_local: bool) -> Symbol:
        language = self._language.name
        is_function = kind in FUNCTIONS
        kind = "function" if kind in ("assignment", "variable", "constant", "property") else kind
        parameters, has_rest = read_parameters(inner, language) if is_function or kind == "function" else (None, False)
        bases, n_bases = read_bases(inner, language)
        return Symbol(
            path=self._path,
            language=language,
            name=name,
            kind=kind,
            head_line=_name_row(inner) + 1,
            start_line=node.start_point.row + 1,
            end_line=inner.end_point.row + 1,
            is_local=is_local,
            parameters=parameters,
            has_rest=has_rest,
            returns=read_returns(inner, language),
            bases=bases,
            n_bases=n_bases,
            members=read_members(inner, language),
            doc=read_doc(self._lines, node, inner, language),
        )

    def _add_constant(self, node: Node, scope: str, constant: tuple[str, str, int]) -> None:
        name, value, line = constant
        dotted = f"{scope}.{name}" if scope and node.type != "preproc_def" else name
        doc = read_doc(self._lines, node, node, self._language.name) if value else ""
        self._symbols.append(
            Symbol(self._path, self._language.name, dotted, "constant", line, line, line, False, value=value, doc=doc)
        )

    def _finish(self, root: Node) -> None:
        """Mentions, calls and environment variables go to the innermost function around them."""
        self._functions.sort(key=lambda each: (each.start, -each.end))
        starts = [each.start for each in self._functions]
        line_starts = [0]
        line_starts.extend(match.end() for match in re.finditer(rb"\n", self._content))
        references = find_references(root, self._content, self._language.name)
        called = set(references.call_offsets)
        calls: dict[int, set[str]] = defaultdict(set)
        for offset, raw in zip(references.name_offsets, references.names, strict=True):
            name = raw.decode("utf-8", "replace")
            at = self._innermost(starts, offset)
            is_call = offset + len(raw) - 1 in called
            if not is_call and self._language.name in ("c", "cpp") and _is_declared(self._content, offset + len(raw)):
                continue
            within = self._functions[at].symbol.name if at is not None and not self._is_in_closure(offset, at) else None
            if at is not None and is_call:
                calls[at].add(name)
            line = bisect_right(line_starts, offset)
            receiver = _receiver(self._content[max(0, offset - 60) : offset])
            self._outline.mentions[name].append(Mention(self._path, line, within, is_call, receiver))
        environment = self._read_environment(starts, line_starts)
        for number, each in enumerate(self._functions):
            found = replace(
                each.symbol,
                thrown=tuple(each.thrown),
                environment=tuple(environment.get(number, ())),
                calls=frozenset(calls[number]),
            )
            self._symbols.append(found)
        for symbol in _merge_clauses(self._symbols, self._language.name):
            self._outline.symbols.append(symbol)
            if symbol.has_own_name:
                self._outline.names[symbol.name] += 1
                self._outline.last_names[symbol.last_name] += 1

    def _innermost(self, starts: Sequence[int], offset: int) -> int | None:
        at = bisect_right(starts, offset) - 1
        while at >= 0:
            if offset < self._functions[at].end:
                return at
            at -= 1
        return None

    def _is_in_closure(self, offset: int, at: int) -> bool:
        function = self._functions[at]
        return any(function.start <= start <= offset < end for start, end in self._closures)

    def _read_environment(self, starts: Sequence[int], line_starts: Sequence[int]) -> dict[int, list[Member]]:
        """By function the variables that it reads, none for one that also reads some whose name is computed."""
        found: dict[int, list[Member]] = defaultdict(list)
        text = self._content.decode("utf-8", "replace")
        if not text.isascii():  # offsets of characters are not those of bytes
            text = self._content.decode("latin-1")
        for start, name in find_variables(text):
            at = self._innermost(starts, start)
            line = bisect_right(line_starts, start)
            if at is not None and not is_comment(self._lines[line - 1]):
                found[at].append(Member(name, line))
        for at in list(found):
            function = self._functions[at]
            if count_uses(text[function.start : function.end]) != len(found[at]):
                del found[at]
        return found


def _merge_clauses(symbols: Sequence[Symbol], language: str) -> Iterator[Symbol]:
    """One symbol for the several equations of a function, without parameters; all others as they are."""
    if language not in _SEVERAL_CLAUSES:
        yield from symbols
        return
    groups: dict[tuple[str, bool], list[Symbol]] = defaultdict(list)
    for symbol in symbols:
        groups[symbol.name, not symbol.has_own_name].append(symbol)
    for same in groups.values():
        if len(same) == 1 or not all(each.is_function for each in same):
            yield from same
            continue
        thrown = tuple(each for symbol in same for each in symbol.thrown)
        calls = frozenset().union(*(symbol.calls for symbol in same))
        doc = next((symbol.doc for symbol in same if symbol.doc), "")
        yield replace(same[0], parameters=None, returns="", thrown=thrown, calls=calls, doc=doc)


def _is_callable(node: Node) -> bool:
    """Whether a variable's definition is that of a function: `const open = (key) => …`."""
    return node.type in (
        "lexical_declaration",
        "variable_declaration",
        "assignment_statement",
        "expression_statement",
    ) and any(
        (value := child.child_by_field_name(name)) is not None and value.type in _CLOSURES
        for child in node.named_children
        for name in ("value", "right")
    )


def _name_row(node: Node) -> int:
    name = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    return name.start_point.row if name is not None else node.start_point.row


def _is_declared(content: bytes, end: int) -> bool:
    """Whether a name before a bracket that is no call is a prototype's or a definition's."""
    return content[end : end + 8].lstrip().startswith(b"(")


def _receiver(before: bytes) -> str:
    """What stands before the dot in front of a name: `self`, a name, `?` for anything else, or nothing."""
    text = before.decode("utf-8", "replace").rstrip()
    if not text.endswith((".", "->", "::", ":", "\\")):
        return ""
    if text.endswith(":") and not text.endswith("::"):
        return ""
    found = re.search(r"([\w$@]+)(?:\.|->|::|\\)$", text.removesuffix("?."))
    return found[1].lstrip("$@") if found else "?"
