"""Bugs of one name in another's place: variables, attributes, exceptions, and calls and their arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from .scope import Edit, Scope, arguments_of, assigned_names, called_name, has_star, is_own_attribute

# A call that is easily mistaken for another.
_MISTAKEN_CALLS = {
    "startswith": "endswith",
    "endswith": "startswith",
    "lower": "upper",
    "upper": "lower",
    "lstrip": "rstrip",
    "rstrip": "lstrip",
    "append": "extend",
    "extend": "append",
    "find": "rfind",
    "rfind": "find",
    "split": "rsplit",
    "rsplit": "split",
    "partition": "rpartition",
    "rpartition": "partition",
    "keys": "values",
    "values": "keys",
    "isalpha": "isalnum",
    "isdigit": "isalnum",
    "isupper": "islower",
    "islower": "isupper",
    "match": "search",
    "search": "match",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
}
# Calls without which a value is nearly the same: methods without arguments, and functions of one.
_FORGOTTEN_METHODS = frozenset(
    "strip lstrip rstrip lower upper casefold title capitalize copy resolve absolute keys values items group read"
    " total_seconds splitlines isoformat date".split()
)
_FORGOTTEN_FUNCTIONS = frozenset("sorted list tuple set dict int float str abs round reversed iter bool bytes".split())
_EXCEPTIONS = {
    "ValueError": "TypeError",
    "TypeError": "ValueError",
    "KeyError": "IndexError",
    "IndexError": "KeyError",
    "AttributeError": "KeyError",
    "OSError": "ValueError",
    "FileNotFoundError": "PermissionError",
    "RuntimeError": "ValueError",
    "NotImplementedError": "RuntimeError",
    "LookupError": "ValueError",
    "StopIteration": "RuntimeError",
    "ZeroDivisionError": "ValueError",
    "Exception": "KeyError",
}


def swap_arguments(scope: Scope) -> Iterator[Edit]:
    """Two neighbouring arguments in each other's place."""
    for node in scope.of(ast.Call):
        for one, other in pairwise(node.args):
            texts = scope.text(one), scope.text(other)
            if any(isinstance(argument, ast.Starred) for argument in (one, other)) or texts[0] == texts[1]:
                continue
            yield scope.swap("arguments swapped", one, other)


def mistake_variable(scope: Scope) -> Iterator[Edit]:
    """Another name of the function that has a value by then: a parameter, or one that was set on an earlier line."""
    set_on = dict.fromkeys(arguments_of(scope.function), 0)
    of_comprehensions = {name for node in scope.of(ast.comprehension) for name in assigned_names(node.target)}
    for node in scope.of(ast.Name):
        if isinstance(node.ctx, ast.Store) and node.id not in of_comprehensions:
            set_on.setdefault(node.id, node.lineno)
    for node in scope.of(ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id in set_on:
            for other, line in set_on.items():
                if other != node.id and line < node.lineno:
                    yield scope.replace("wrong variable", node, other)


def mistake_attribute(scope: Scope) -> Iterator[Edit]:
    """Another attribute that the class uses in the same way: called or not."""
    if scope.owner is None:
        return
    uses: dict[str, bool] = {}
    called = {id(node.func) for node in ast.walk(scope.owner) if isinstance(node, ast.Call)}
    for node in ast.walk(scope.owner):
        if isinstance(node, ast.Attribute) and is_own_attribute(node):
            uses.setdefault(node.attr, id(node) in called)
    for node in scope.of(ast.Attribute):
        if is_own_attribute(node) and isinstance(node.ctx, ast.Load):
            for other, is_called in uses.items():
                if other != node.attr and is_called == (id(node) in called):
                    end = scope.end(node)
                    yield Edit("wrong attribute", end - len(node.attr.encode()), end, other)


def mistake_exception(scope: Scope) -> Iterator[Edit]:
    """Another exception raised or caught."""
    for node in scope.nodes:
        places: list[ast.expr | None] = []
        if isinstance(node, ast.Raise):
            places = [node.exc.func if isinstance(node.exc, ast.Call) else node.exc]
        elif isinstance(node, ast.ExceptHandler):
            places = list(node.type.elts) if isinstance(node.type, ast.Tuple) else [node.type]
        for place in places:
            if isinstance(place, ast.Name) and place.id[:1].isupper():
                other = _EXCEPTIONS.get(place.id, "ValueError")
                yield scope.replace("wrong exception", place, other)


def forget_call(scope: Scope) -> Iterator[Edit]:
    """The value without the call that it needs: `name` for `name.strip()`."""
    for node in scope.of(ast.Call):
        if node.keywords or has_star(node.args):
            continue
        if isinstance(node.func, ast.Attribute) and not node.args and node.func.attr in _FORGOTTEN_METHODS:
            yield Edit("call forgotten", scope.end(node.func.value), scope.end(node), "")
        elif isinstance(node.func, ast.Name) and len(node.args) == 1 and node.func.id in _FORGOTTEN_FUNCTIONS:
            yield scope.replace("call forgotten", node, scope.bracketed(node.args[0]))


def mistake_call(scope: Scope) -> Iterator[Edit]:
    """A function or method that is easily mistaken for the one that is called."""
    for node in scope.of(ast.Call):
        other = _MISTAKEN_CALLS.get(called_name(node))
        if other is not None:
            end = scope.end(node.func)
            yield Edit("wrong call", end - len(called_name(node)), end, other)
