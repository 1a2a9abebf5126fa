"""Bugs of what is left out or given back: a check, a statement, the value that is returned."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .scope import Edit, Scope, arguments_of, assigned_names, has_star


def drop_early_return(scope: Scope) -> Iterator[Edit]:
    """A check that ends the function or the turn of a loop, left out."""
    for statements in scope.blocks():
        for statement in statements[:-1]:
            if not isinstance(statement, ast.If) or statement.orelse:
                continue
            if isinstance(statement.body[-1], ast.Return | ast.Continue | ast.Raise):
                yield from scope.drop("early return", statement)


def change_return(scope: Scope) -> Iterator[Edit]:
    """Another value returned: negated, in the wrong order, or nothing."""
    kind = "return value"
    for node in scope.of(ast.Return):
        value = node.value
        if value is None:
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            yield scope.replace(kind, value, str(not value.value))
        elif isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
            yield scope.replace(kind, value, "None")
        elif isinstance(value, ast.Constant) and value.value is None:
            yield scope.replace(kind, value, "False")
        elif isinstance(value, ast.Tuple) and len(value.elts) == 2 and not has_star(value.elts):
            yield scope.swap(kind, *value.elts)
        elif isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield scope.replace(kind, value, f"not ({scope.text(value)})")
        elif isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
            yield scope.replace(kind, value, "None")
        elif isinstance(value, ast.IfExp):
            yield scope.replace(kind, value, scope.text(value.body))
            yield scope.replace(kind, value, scope.text(value.orelse))


def drop_statement(scope: Scope) -> Iterator[Edit]:
    """What runs for its effect: a call, an update, or a name set anew that has another value already."""
    known = set(arguments_of(scope.function))
    for statements in scope.blocks():
        for statement in statements if len(statements) > 1 else ():
            is_effect = isinstance(statement, ast.AugAssign | ast.Delete) or (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await)
            )
            if isinstance(statement, ast.Assign):
                names = {name for target in statement.targets for name in assigned_names(target)}
                is_effect = names <= known
                known |= names
            if is_effect:
                yield from scope.drop("statement dropped", statement)
