"""Bugs of one too many or too few: in numbers, slices and loops."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .scope import Edit, Scope, called_name, has_star, whole_number


def shift_constant(scope: Scope) -> Iterator[Edit]:
    """A whole number one larger or smaller."""
    for node in scope.nodes:
        for number in _numbers_of(node):
            yield from _off_by_one(scope, "off by one", number)


def move_slice(scope: Scope) -> Iterator[Edit]:
    """A bound left out, or one further."""
    kind = "slice bound"
    for node in scope.of(ast.Slice):
        for bound in (node.lower, node.upper):
            if bound is None:
                continue
            yield Edit(kind, scope.start(bound), scope.end(bound), "")
            if whole_number(bound) is not None:
                yield from _off_by_one(scope, kind, bound)
            else:
                yield scope.replace(kind, bound, f"{scope.bracketed(bound)} + 1")


def move_loop(scope: Scope) -> Iterator[Edit]:
    """A range that begins or ends one off, the first element left out, `break` and `continue` for each other."""
    kind = "loop bound"
    for node in scope.of(ast.Call):
        if called_name(node) == "range" and node.args and not has_star(node.args):
            stop = node.args[0] if len(node.args) == 1 else node.args[1]
            for bound, step in ((stop, "- 1"), (stop, "+ 1"), *([(node.args[0], "+ 1")] if len(node.args) > 1 else [])):
                if whole_number(bound) is not None:
                    yield from _off_by_one(scope, kind, bound)
                else:
                    yield scope.replace(kind, bound, f"{scope.bracketed(bound)} {step}")
    for loop in scope.of(ast.For):
        if isinstance(loop.iter, ast.Name):
            yield scope.replace(kind, loop.iter, f"{loop.iter.id}[1:]")
        for inner in _own_statements(loop.body):
            if isinstance(inner, ast.Break):
                yield scope.replace(kind, inner, "continue")
            elif isinstance(inner, ast.Continue):
                yield scope.replace(kind, inner, "break")


def _numbers_of(node: ast.AST) -> Iterator[ast.expr]:
    """Whole numbers right below a node, where slices and loops do not count: those are kinds of their own."""
    if isinstance(node, ast.Slice) or (isinstance(node, ast.Call) and called_name(node) == "range"):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and type(child.value) is int:
            yield child


def _off_by_one(scope: Scope, kind: str, node: ast.expr) -> Iterator[Edit]:
    number = whole_number(node)
    if number is not None:
        yield scope.replace(kind, node, str(number + 1))
        if number != 0:
            yield scope.replace(kind, node, str(number - 1))


def _own_statements(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a loop's body that belong to this loop, at any depth."""
    for statement in statements:
        yield statement
        if not isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.FunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                yield from _own_statements(getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                yield from _own_statements(handler.body)
