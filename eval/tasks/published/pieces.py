"""The pieces that programs are put together from: what stands before a function in its item, and what an answer gives.

Answers repeat what their item or its tests define, and show by examples what they do. Neither must decide about them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from indexer.definitions import read_definition
from indexer.languages import get_language, parse

_ATTRIBUTES = frozenset({"attribute_item", "line_comment", "block_comment", "comment"})  # they belong to what follows
_EXAMPLES = frozenset({"expression_statement", "for_statement", "for_in_statement", "if_statement", "try_statement"})


@dataclass(frozen=True, slots=True)
class Head:
    """An item's head: the ``name`` of its last function, ``before`` it, and what stands in its class before it."""

    name: str
    before: str
    members: str


def split_head(head: str, rest: str, language: str) -> Head | None:
    """The parts of ``head``, which ``rest`` completes; None where it defines no function.

    Items are not always about the function that they name, and a head may go on into its body.
    """
    data, end = (head + rest).encode(), len(head.encode())
    root = parse(head + rest, language)
    found = [(name, node) for name, node in _definitions(root, language) if node.start_byte < end]
    if not found:
        return None
    name, node = found[-1]
    before = data[: node.start_byte].decode()
    body = node.child_by_field_name("body")
    if node.type != "class_declaration" or body is None:
        return Head(name, before, "")
    methods = [(name, each) for name, each in _definitions(body, language) if each.start_byte < end]
    if not methods:
        return None
    name, method = methods[-1]
    return Head(name, before, data[body.start_byte + 1 : method.start_byte].decode().rstrip())


def top_names(code: str, language: str, class_name: str = "") -> set[str]:
    """The names that code gives at its top, or in its class ``class_name``."""
    holder = _class_body(code, language, class_name) if class_name else parse(code, language)
    return {name for name, _ in _definitions(holder, language)}


def without(code: str, language: str, names: Collection[str], *, examples: bool = True) -> str:
    """Code without its top definitions of ``names``; without ``examples`` also without statements that only run."""
    root = parse(code, language)
    if root is None:
        return code
    cuts: list[tuple[int, int]] = []
    start: int | None = None  # of attributes and comments before a definition
    for node in root.children:
        if node.type in _ATTRIBUTES:
            start = node.start_byte if start is None else start
            continue
        name = read_definition(node, get_language(language), in_function=False)[0]
        if name in names or (not examples and not name and node.type in _EXAMPLES):
            cuts.append((node.start_byte if start is None else start, node.end_byte))
        start = None
    data = code.encode()
    for begin, end in reversed(cuts):
        data = data[:begin] + data[end:]
    return data.decode()


def insert_members(code: str, language: str, class_name: str, members: str) -> str:
    """Code with ``members`` at the beginning of its class ``class_name``."""
    body = _class_body(code, language, class_name)
    if body is None:
        return code
    data = code.encode()
    return f"{data[: body.start_byte + 1].decode()}\n{members}\n{data[body.start_byte + 1 :].decode()}"


def _definitions(holder: Node | None, language: str) -> Iterator[tuple[str, Node]]:
    for node in holder.named_children if holder is not None else ():
        name = read_definition(node, get_language(language), in_function=False)[0]
        if name:
            yield name, node


def _class_body(code: str, language: str, class_name: str) -> Node | None:
    found = [node for name, node in _definitions(parse(code, language), language) if name == class_name]
    return found[0].child_by_field_name("body") if found else None
