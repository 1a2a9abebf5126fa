"""The edits that make bugs, by kind: what people get wrong when they write a function.

An operator yields every edit of its kind, also such as change nothing that a test could see. Signatures are left alone:
they stay in the tree that is indexed, where a changed default could be looked up.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from .scope import (
    Edit,
    Scope,
    arguments_of,
    called_name,
    has_star,
    is_own_attribute,
    is_text,
    walk,
    whole_number,
)

Operator = Callable[[Scope], Iterator[Edit]]


_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
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


def _swap_comparison(scope: Scope) -> Iterator[Edit]:
    for node in scope.of(ast.Compare):
        sides = [node.left, *node.comparators]
        for operation, (left, right) in zip(node.ops, pairwise(sides), strict=True):
            written, other = _COMPARISONS[type(operation)]
            pattern = written if written[0].isalpha() else re.escape(written)
            yield from scope.between("comparison", left, right, pattern, other)


def _swap_boolean(scope: Scope) -> Iterator[Edit]:
    for node in scope.of(ast.BoolOp):
        written, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            yield from scope.between("boolean operator", left, right, written, other)


def _swap_arithmetic(scope: Scope) -> Iterator[Edit]:
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            if not (is_text(node.left) or is_text(node.right)):  # "…" % x, "…" + x: no arithmetic
                written, other = _ARITHMETIC[type(node.op)]
                yield from scope.between("arithmetic", node.left, node.right, re.escape(written), other)
        elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC and not is_text(node.value):
            written, other = _ARITHMETIC[type(node.op)]
            yield from scope.between("arithmetic", node.target, node.value, re.escape(written) + "=", other + "=")


def _negate_condition(scope: Scope) -> Iterator[Edit]:
    """Loops keep theirs: a negated one never ends, or never begins."""
    for node in scope.nodes:
        tests = [node.test] if isinstance(node, ast.If | ast.IfExp) else []
        if isinstance(node, ast.comprehension):
            tests = node.ifs
        for test in tests:
            if not isinstance(test, ast.UnaryOp | ast.Compare):
                yield scope.replace("condition negated", test, f"not {scope.bracketed(test)}")


def _remove_not(scope: Scope) -> Iterator[Edit]:
    for node in scope.of(ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            yield scope.replace("not removed", node, scope.bracketed(node.operand))


def _shift_constant(scope: Scope) -> Iterator[Edit]:
    for node in scope.nodes:
        for number in _numbers_of(node):
            yield from _off_by_one(scope, "off by one", number)


def _numbers_of(node: ast.AST) -> Iterator[ast.expr]:
    """Whole numbers right below a node, where slices and loops do not count: those are kinds of their own."""
    if isinstance(node, ast.Slice) or (isinstance(node, ast.Call) and called_name(node) == "range"):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and type(child.value) is int:
            yield child


def _swap_arguments(scope: Scope) -> Iterator[Edit]:
    for node in scope.of(ast.Call):
        for one, other in pairwise(node.args):
            texts = scope.text(one), scope.text(other)
            if any(isinstance(argument, ast.Starred) for argument in (one, other)) or texts[0] == texts[1]:
                continue
            yield scope.swap("arguments swapped", one, other)


def _mistake_variable(scope: Scope) -> Iterator[Edit]:
    """Another name of the function that has a value by then: a parameter, or one that was set on an earlier line."""
    set_on = dict.fromkeys(arguments_of(scope.function), 0)
    of_comprehensions = {name for node in scope.of(ast.comprehension) for name in _names(node.target)}
    for node in scope.of(ast.Name):
        if isinstance(node.ctx, ast.Store) and node.id not in of_comprehensions:
            set_on.setdefault(node.id, node.lineno)
    for node in scope.of(ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id in set_on:
            for other, line in set_on.items():
                if other != node.id and line < node.lineno:
                    yield scope.replace("wrong variable", node, other)


def _mistake_attribute(scope: Scope) -> Iterator[Edit]:
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


def _drop_early_return(scope: Scope) -> Iterator[Edit]:
    for statements in scope.blocks():
        for statement in statements[:-1]:
            if not isinstance(statement, ast.If) or statement.orelse:
                continue
            if isinstance(statement.body[-1], ast.Return | ast.Continue | ast.Raise):
                yield from scope.drop("early return", statement)


def _change_return(scope: Scope) -> Iterator[Edit]:
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
        elif isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp) and not isinstance(value, ast.Constant):
            yield scope.replace(kind, value, f"not ({scope.text(value)})")
        elif isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
            yield scope.replace(kind, value, "None")
        elif isinstance(value, ast.IfExp):
            yield scope.replace(kind, value, scope.text(value.body))
            yield scope.replace(kind, value, scope.text(value.orelse))


def _drop_statement(scope: Scope) -> Iterator[Edit]:
    """What runs for its effect: a call, an update, or a name set anew that has another value already."""
    known = set(arguments_of(scope.function))
    for statements in scope.blocks():
        for statement in statements if len(statements) > 1 else ():
            is_effect = isinstance(statement, ast.AugAssign | ast.Delete) or (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await)
            )
            if isinstance(statement, ast.Assign):
                names = {name for target in statement.targets for name in _names(target)}
                is_effect = names <= known
                known |= names
            if is_effect:
                yield from scope.drop("statement dropped", statement)


def _mistake_exception(scope: Scope) -> Iterator[Edit]:
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


def _move_slice(scope: Scope) -> Iterator[Edit]:
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


def _move_loop(scope: Scope) -> Iterator[Edit]:
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


def _forget_call(scope: Scope) -> Iterator[Edit]:
    for node in scope.of(ast.Call):
        if node.keywords or has_star(node.args):
            continue
        if isinstance(node.func, ast.Attribute) and not node.args and node.func.attr in _FORGOTTEN_METHODS:
            yield Edit("call forgotten", scope.end(node.func.value), scope.end(node), "")
        elif isinstance(node.func, ast.Name) and len(node.args) == 1 and node.func.id in _FORGOTTEN_FUNCTIONS:
            yield scope.replace("call forgotten", node, scope.bracketed(node.args[0]))


def _mistake_call(scope: Scope) -> Iterator[Edit]:
    for node in scope.of(ast.Call):
        other = _MISTAKEN_CALLS.get(called_name(node))
        if other is not None:
            end = scope.end(node.func)
            yield Edit("wrong call", end - len(called_name(node)), end, other)


_OPERATORS: dict[str, Operator] = {
    "comparison": _swap_comparison,
    "boolean operator": _swap_boolean,
    "arithmetic": _swap_arithmetic,
    "condition negated": _negate_condition,
    "not removed": _remove_not,
    "off by one": _shift_constant,
    "arguments swapped": _swap_arguments,
    "wrong variable": _mistake_variable,
    "wrong attribute": _mistake_attribute,
    "early return": _drop_early_return,
    "return value": _change_return,
    "statement dropped": _drop_statement,
    "wrong exception": _mistake_exception,
    "slice bound": _move_slice,
    "loop bound": _move_loop,
    "call forgotten": _forget_call,
    "wrong call": _mistake_call,
}
KINDS = tuple(_OPERATORS)


def find_edits(scope: Scope) -> Iterator[Edit]:
    """Every edit of every kind."""
    for operator in _OPERATORS.values():
        yield from operator(scope)


def _off_by_one(scope: Scope, kind: str, node: ast.expr) -> Iterator[Edit]:
    number = whole_number(node)
    if number is not None:
        yield scope.replace(kind, node, str(number + 1))
        if number != 0:
            yield scope.replace(kind, node, str(number - 1))


def _names(target: ast.expr) -> list[str]:
    """The names that an assignment sets; those of attributes and items are not set by it."""
    return [node.id for node in walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _own_statements(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a loop's body that belong to this loop, at any depth."""
    for statement in statements:
        yield statement
        if not isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.FunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                yield from _own_statements(getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                yield from _own_statements(handler.body)
