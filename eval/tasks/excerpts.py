"""How a function stands in a prompt, and what is searched for where a function is given whole."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from .python_source import FunctionNode, first_line, parameters_of

_MAX_QUERY_NAMES = 12
_COMMON = frozenset(dir(builtins)) | {name for kind in (str, list, dict, set, bytes) for name in dir(kind)}


@dataclass(frozen=True, slots=True)
class FoundFunction:
    """A function in a file's syntax tree, with the classes around it, outermost first."""

    node: FunctionNode
    owners: tuple[ast.ClassDef, ...]

    @property
    def first_line(self) -> int:
        """That of its first decorator, else of ``def``."""
        return first_line(self.node)


def find_function(tree: ast.Module, line: int) -> FoundFunction | None:
    """The function whose ``def``, or first decorator, is on a line; None if there is none."""
    pending: list[tuple[ast.AST, tuple[ast.ClassDef, ...]]] = [(tree, ())]
    while pending:
        node, owners = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FunctionNode):
                found = FoundFunction(child, owners)
                if line in (child.lineno, found.first_line):
                    return found
            pending.append((child, (*owners, child) if isinstance(child, ast.ClassDef) else owners))
    return None


def show_function(text: str, found: FoundFunction) -> str:
    """A function's source as it stands in the file, under the headers of the classes around it."""
    lines = text.split("\n")
    shown: list[str] = []
    for owner in found.owners:
        header = lines[owner.lineno - 1 : max(first_line(owner.body[0]) - 1, owner.lineno)]
        while len(header) > 1 and not header[-1].rstrip().endswith(":"):
            header.pop()  # blank lines and comments before the body
        shown += header
    shown += lines[found.first_line - 1 : found.node.end_lineno]
    return "\n".join(line.rstrip("\r") for line in shown)


def describe_function(found: FoundFunction) -> str:
    """What a search for the code that a function uses says: its name, its purpose, and the names in its body."""
    name = ".".join([*(owner.name for owner in found.owners), found.node.name])
    documented = (ast.get_docstring(found.node) or "").strip().splitlines()
    used = ", ".join(names_used(found.node)[:_MAX_QUERY_NAMES])
    return " ".join(part for part in (name, documented[0] if documented else "", used) if part)


def names_used(node: FunctionNode) -> list[str]:
    """Names and attributes that a body reads and does not set itself, in order, without those that Python brings."""
    own = {argument.arg for argument in parameters_of(node.args)}
    inside = [inner for statement in node.body for inner in ast.walk(statement)]
    own |= {inner.id for inner in inside if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load)}
    read: dict[str, tuple[int, int]] = {}
    for inner in inside:
        name = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
        if isinstance(inner, ast.Name | ast.Attribute) and name not in own and name not in _COMMON:
            read.setdefault(name, (inner.lineno, inner.col_offset))
    return sorted(read, key=lambda name: read[name])
