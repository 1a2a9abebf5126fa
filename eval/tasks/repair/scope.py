"""A function within its file, with the positions of its nodes, and what the operators ask about nodes.

Positions are bytes of the file. Nothing inside an f-string is looked at: before Python 3.12 its nodes have no
positions. Functions and classes inside the function are left alone: their names have scopes of their own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from eval.tasks.python_source import FunctionNode, parameters_of

Node = TypeVar("Node", bound=ast.AST)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.JoinedStr)
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)  # have their own
_NEEDS_NO_BRACKETS = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, *_DISPLAYS)


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes ``start`` to ``end`` of the file are replaced by ``text``."""

    kind: str
    start: int
    end: int
    text: str


@dataclass(slots=True)
class Scope:
    """``starts`` are the beginnings of lines; ``owner`` is the class around; ``nodes`` are the body's, in order."""

    encoded: bytes
    starts: Sequence[int]
    function: FunctionNode
    owner: ast.ClassDef | None
    nodes: list[ast.AST] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = [node for statement in self.function.body for node in walk(statement)]

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Where a node begins."""
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Where a node ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None  # a parsed one has an end
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr | ast.stmt) -> str:
        """A node's source, without brackets around it."""
        return self.encoded[self.start(node) : self.end(node)].decode()

    def bracketed(self, node: ast.expr) -> str:
        """A node's source as an operand."""
        return self.text(node) if isinstance(node, _NEEDS_NO_BRACKETS) else f"({self.text(node)})"

    def of(self, kind: type[Node]) -> list[Node]:
        """The body's nodes of one type."""
        return [node for node in self.nodes if isinstance(node, kind)]

    def blocks(self) -> Iterator[list[ast.stmt]]:
        """The lists of statements: the body, without its docstring, and what is indented in it."""
        has_docstring = ast.get_docstring(self.function, clean=False) is not None
        yield self.function.body[1:] if has_docstring else self.function.body
        for node in self.nodes:
            for name in ("body", "orelse", "finalbody"):
                statements = getattr(node, name, None)
                if isinstance(statements, list) and statements and not isinstance(node, _INNER):
                    yield statements

    def replace(self, kind: str, node: ast.expr | ast.stmt, text: str) -> Edit:
        """The edit that puts ``text`` in a node's place."""
        return Edit(kind, self.start(node), self.end(node), text)

    def swap(self, kind: str, one: ast.expr, other: ast.expr) -> Edit:
        """The edit by which two neighbours change places."""
        gap = self.encoded[self.end(one) : self.start(other)].decode()
        return Edit(kind, self.start(one), self.end(other), self.text(other) + gap + self.text(one))

    def between(self, kind: str, left: ast.expr, right: ast.expr, pattern: str, text: str) -> Iterator[Edit]:
        """The edit of the operator between two operands; none where a comment stands there too."""
        start = self.end(left)
        gap = self.encoded[start : self.start(right)]
        found = re.search(pattern.encode(), gap)
        if found is not None and b"#" not in gap:
            yield Edit(kind, start + found.start(), start + found.end(), text)

    def drop(self, kind: str, statement: ast.stmt) -> Iterator[Edit]:
        """The edit that takes a statement out with its lines; none where it shares them."""
        start, end = self.starts[statement.lineno - 1], self.end(statement)
        rest, line_end, _ = self.encoded[end:].partition(b"\n")
        is_alone = not self.encoded[start : self.start(statement)].strip()
        if is_alone and (not rest.strip() or rest.strip().startswith(b"#")):
            yield Edit(kind, start, end + len(rest) + len(line_end), "")


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is below it, in order, but for what has a scope or no positions of its own."""
    yield node
    if not isinstance(node, _INNER):
        for child in ast.iter_child_nodes(node):
            yield from walk(child)


def arguments_of(function: FunctionNode) -> list[str]:
    """The names of a function's parameters, but for the object or class that a method belongs to."""
    return [argument.arg for argument in parameters_of(function.args) if argument.arg not in ("self", "cls")]


def assigned_names(target: ast.expr) -> list[str]:
    """The names that an assignment sets; those of attributes and items are not set by it."""
    return [node.id for node in walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def called_name(node: ast.Call) -> str:
    """The last part of what a call names; empty where it names nothing."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def has_star(nodes: Sequence[ast.expr]) -> bool:
    """Whether one of the nodes stands for any number of values."""
    return any(isinstance(node, ast.Starred) for node in nodes)


def is_text(node: ast.expr) -> bool:
    """Whether a node is certainly a string: its ``+`` and ``%`` are no arithmetic."""
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def is_own_attribute(node: ast.AST) -> bool:
    """Whether a node is an attribute of ``self`` or ``cls``."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def whole_number(node: ast.expr) -> int | None:
    """The value of a written whole number, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = whole_number(node.operand)
        return -inner if inner is not None else None
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
