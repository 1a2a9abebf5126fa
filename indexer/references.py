"""What a file's code refers to, out of its syntax tree: every identifier, and those that are called.

Names only, without types or scopes: enough for "who calls this" and for counting which files others lean on, in
26 languages. Comments and strings hold no identifiers. Languages without a row give nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tree_sitter import Node, Query, QueryCursor

from .languages import get_parser

MIN_NAME_CHARS = 2
MAX_NAME_CHARS = 80
_CALLEE_BYTES = 200  # of a.b.c(...).d: enough to hold the last name

# The leaves that are names, where they are not all called ...identifier.
_MORE_NAMES: Mapping[str, tuple[str, ...]] = {
    "ruby": ("constant",),
    "php": ("name",),
    "elixir": ("alias",),
    "haskell": ("variable", "constructor", "name"),
}
# What a call calls, as tree-sitter patterns; the last name in the captured node is the one that is called.
_CALLS: Mapping[str, str] = {
    "python": "(call function: (_) @call) (decorator [(identifier) (attribute)] @call)",
    "javascript": "(call_expression function: (_) @call) (new_expression constructor: (_) @call)",
    "typescript": "(call_expression function: (_) @call) (new_expression constructor: (_) @call)",
    "tsx": "(call_expression function: (_) @call) (new_expression constructor: (_) @call)",
    "go": "(call_expression function: (_) @call)",
    "rust": "(call_expression function: (_) @call) (macro_invocation macro: (_) @call)",
    "java": "(method_invocation name: (_) @call) (object_creation_expression type: (_) @call)",
    "c": "(call_expression function: (_) @call)",
    "cpp": "(call_expression function: (_) @call) (new_expression type: (_) @call)",
    "csharp": "(invocation_expression function: (_) @call) (object_creation_expression type: (_) @call)",
    "ruby": "(call method: (_) @call)",
    "php": "(function_call_expression function: (_) @call) (member_call_expression name: (_) @call) "
    "(scoped_call_expression name: (_) @call) (object_creation_expression (name) @call)",
    "kotlin": "(call_expression . (_) @call)",
    "scala": "(call_expression function: (_) @call) (instance_expression (_) @call)",
    "swift": "(call_expression . (_) @call)",
    "bash": "(command name: (_) @call)",
    "lua": "(function_call name: (_) @call)",
    "elixir": "(call target: (_) @call)",
    "haskell": "(apply function: (_) @call)",
    "zig": "(call_expression function: (_) @call)",
    "sql": "(invocation (object_reference) @call)",
}
_LAST_NAME = re.compile(rb"([^\W\d]\w*[!?]?)\W*$")
_TYPE_ARGUMENTS = re.compile(rb"<[^<>]*>|\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class References:
    """The names of a file by where they stand (byte offsets, ascending), and those that are called."""

    name_offsets: Sequence[int] = ()
    names: Sequence[bytes] = ()
    call_offsets: Sequence[int] = ()
    calls: Sequence[bytes] = ()

    def names_between(self, start: int, end: int) -> tuple[str, ...]:
        """Sorted distinct names of the bytes [start, end)."""
        found = set(self.names[bisect_left(self.name_offsets, start) : bisect_left(self.name_offsets, end)])
        return tuple(sorted(_decode(name) for name in found if _fits(name)))

    def calls_between(self, start: int, end: int) -> list[tuple[int, str]]:
        """The calls of the bytes [start, end), in order: where each stands, and the name that is called."""
        span = slice(bisect_left(self.call_offsets, start), bisect_left(self.call_offsets, end))
        found = zip(self.call_offsets[span], self.calls[span], strict=True)
        return [(offset, _decode(name)) for offset, name in found if _fits(name)]


def find_references(root: Node, content: bytes, language: str) -> References:
    """The references in ``root``, the syntax tree of ``content`` in ``language``."""
    query = _query(language)
    if query is None:
        return References()
    captures = QueryCursor(query).captures(root)
    # Slices of the content, not node.text: a tree asks for its source piece by piece.
    names = [(node.start_byte, content[node.start_byte : node.end_byte]) for node in captures.get("name", ())]
    calls = []
    for node in captures.get("call", ()):
        end = node.end_byte
        called = _called_name(content[max(node.start_byte, end - _CALLEE_BYTES) : end])
        calls.append((end - 1, called))
        if node.type == "command_name":  # a shell's command is no identifier by its grammar
            names.append((end - 1, called))
    names.sort()
    calls.sort()
    return References(
        [offset for offset, _ in names],
        [name for _, name in names],
        [offset for offset, _ in calls],
        [call for _, call in calls],
    )


def _fits(name: bytes) -> bool:
    return MIN_NAME_CHARS <= len(name) <= MAX_NAME_CHARS


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _called_name(text: bytes) -> bytes:
    """The last name of ``a.b::c<T>``: what is called, whatever it is called on."""
    found = _LAST_NAME.search(_TYPE_ARGUMENTS.sub(b"", text))
    return found[1] if found else b""


@cache
def _query(language: str) -> Query | None:
    calls = _CALLS.get(language)
    if calls is None:
        return None
    grammar = get_parser(language).language
    assert grammar is not None
    kinds = {
        grammar.node_kind_for_id(kind)
        for kind in range(grammar.node_kind_count)
        if grammar.node_kind_is_named(kind) and grammar.node_kind_is_visible(kind)
    }
    # Nodes such as scoped_identifier hold others: their leaves are met by themselves.
    leaves = [
        kind
        for kind in sorted(k for k in kinds if k)
        if kind in _MORE_NAMES.get(language, ())
        or (kind.endswith("identifier") and not kind.startswith(("scoped_", "nested_", "qualified_", "stable_")))
    ]
    names = f"[{' '.join(f'({kind})' for kind in leaves)}] @name" if leaves else ""
    return Query(grammar, f"{names} {calls}")
