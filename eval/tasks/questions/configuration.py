"""The keys of configuration files: TOML, YAML and JSON by their syntax trees, INI by its lines.

Keys within lists are left out: they have no name that says where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from indexer.languages import parse

from .nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_LANGUAGES = {".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
_INI = frozenset((".ini", ".cfg", ".properties", ".editorconfig"))
_SCALARS = frozenset(
    "string integer float boolean number true false null plain_scalar double_quote_scalar single_quote_scalar "
    "local_date offset_date_time".split()
)
_KEY = re.compile(r"^[\w$@/.*-]{1,60}$")


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A key, dotted through the tables around it, with its scalar value as it is written. The line is 1-based."""

    name: str
    value: str
    line: int

    @property
    def last(self) -> str:
        """The key itself, without the tables around it."""
        return self.name.rpartition(".")[2]


def is_configuration(path: str) -> bool:
    """Whether a file's name says that it is one of these formats."""
    return _suffix(path) in _LANGUAGES or _suffix(path) in _INI


def read_keys(path: str, text: str) -> list[ConfigKey]:
    """Every key with a scalar value, in order; nothing for a file that does not parse."""
    suffix = _suffix(path)
    if suffix in _INI:
        return list(_read_ini(text))
    root = parse(text, _LANGUAGES[suffix]) if suffix in _LANGUAGES else None
    if root is None or root.has_error:
        return []
    return list(_read_toml(root) if suffix == ".toml" else _read_nested(root))


def _suffix(path: str) -> str:
    pure = PurePosixPath(path)
    return pure.suffix.lower() or pure.name.lower()


def _read_ini(text: str) -> Iterator[ConfigKey]:
    section = ""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if number < len(lines) and re.match(r"^\s+\S", lines[number]) and not line.startswith("["):
            continue  # the value goes on below
        if header := re.match(r"^\[([^\]]+)\]\s*$", line):
            section = header[1]
        elif (pair := re.match(r"^([\w.-]+)\s*[=:]\s*(\S.*?)\s*$", line)) and _KEY.match(pair[1]):
            yield ConfigKey(f"{section}.{pair[1]}" if section else pair[1], pair[2], number)


def _read_toml(root: Node) -> Iterator[ConfigKey]:
    for child in root.named_children:
        if child.type == "pair":
            yield from _toml_pair(child, "")
        elif child.type == "table":
            table = _key_text(child.named_children[0])
            for pair in child.named_children[1:]:
                if pair.type == "pair":
                    yield from _toml_pair(pair, table)


def _toml_pair(pair: Node, table: str) -> Iterator[ConfigKey]:
    key, value = pair.named_children[0], pair.named_children[-1]
    if value.type in _SCALARS:
        name = _key_text(key)
        yield ConfigKey(f"{table}.{name}" if table else name, text_of(value), pair.start_point.row + 1)


def _key_text(node: Node) -> str:
    return text_of(node).replace('"', "").replace("'", "").replace(" ", "")


def _read_nested(root: Node) -> Iterator[ConfigKey]:
    stack: list[tuple[Node, str]] = [(root, "")]
    while stack:
        node, prefix = stack.pop()
        if node.type in ("array", "block_sequence", "flow_sequence"):
            continue
        if node.type not in ("pair", "block_mapping_pair"):
            stack.extend((child, prefix) for child in reversed(node.named_children))
            continue
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        name = text_of(key).strip("\"'")
        if value is None or not _KEY.match(name) or "." in name:
            continue
        dotted = f"{prefix}.{name}" if prefix else name
        scalar = value
        while scalar.type in ("flow_node", "block_node") and len(scalar.named_children) == 1:
            scalar = scalar.named_children[0]
        if scalar.type in _SCALARS:
            yield ConfigKey(dotted, text_of(scalar), node.start_point.row + 1)
        elif scalar.type not in ("block_scalar", "alias", "flow_node", "block_node"):
            stack.append((scalar, dotted))
