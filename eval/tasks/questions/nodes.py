"""What every reader of a grammar's nodes needs: text, children, the name that C's declarators declare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

SCRIPT = frozenset(("javascript", "typescript", "tsx"))
PLAIN_NAME = re.compile(r"^\$?[^\W\d]\w*[!?]?$")


@dataclass(frozen=True, slots=True)
class Member:
    """A name with its line, 1-based: a member of an enumeration, a type that is thrown."""

    name: str
    line: int


def text_of(node: Node | None) -> str:
    """A node's source, empty for None."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def child_of(node: Node | None, kind: str) -> Node | None:
    """The first named child of a type, None where there is none."""
    return next((child for child in node.named_children if child.type == kind), None) if node is not None else None


def field_of(node: Node, *names: str) -> Node | None:
    """What stands in the first of these fields that a node has, None where it has none of them."""
    fields = (node.child_by_field_name(name) for name in names)
    return next((found for found in fields if found is not None), None)


def children_of(node: Node | None) -> list[Node]:
    """The named children, none of None."""
    return list(node.named_children) if node is not None else []


def innermost_declarator(declarator: Node | None) -> Node | None:
    """What C's ``*name[3]`` declares; None for a pointer to a function, whose name is no plain one."""
    while declarator is not None:
        if declarator.type == "function_declarator":
            return None
        inner = declarator.child_by_field_name("declarator")
        if inner is None and declarator.type == "reference_declarator" and declarator.named_children:
            inner = declarator.named_children[-1]
        if inner is None:
            return declarator
        declarator = inner
    return None
