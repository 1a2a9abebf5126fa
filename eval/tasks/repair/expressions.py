"""Bugs in what is computed and tested: one operator in another's place, a condition the wrong way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from .scope import Edit, Scope, is_text

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


def swap_comparison(scope: Scope) -> Iterator[Edit]:
    """`<` for `<=`, `==` for `!=`, and so on."""
    for node in scope.of(ast.Compare):
        sides = [node.left, *node.comparators]
        for operation, (left, right) in zip(node.ops, pairwise(sides), strict=True):
            written, other = _COMPARISONS[type(operation)]
            pattern = written if written[0].isalpha() else re.escape(written)
            yield from scope.between("comparison", left, right, pattern, other)


def swap_boolean(scope: Scope) -> Iterator[Edit]:
    """`and` and `or` for each other."""
    for node in scope.of(ast.BoolOp):
        written, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            yield from scope.between("boolean operator", left, right, written, other)


def swap_arithmetic(scope: Scope) -> Iterator[Edit]:
    """`+` for `-`, `*` for `+`, and so on, but on texts."""
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            if not (is_text(node.left) or is_text(node.right)):  # "…" % x, "…" + x: no arithmetic
                written, other = _ARITHMETIC[type(node.op)]
                yield from scope.between("arithmetic", node.left, node.right, re.escape(written), other)
        elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC and not is_text(node.value):
            written, other = _ARITHMETIC[type(node.op)]
            yield from scope.between("arithmetic", node.target, node.value, re.escape(written) + "=", other + "=")


def negate_condition(scope: Scope) -> Iterator[Edit]:
    """Loops keep theirs: a negated one never ends, or never begins."""
    for node in scope.nodes:
        tests = [node.test] if isinstance(node, ast.If | ast.IfExp) else []
        if isinstance(node, ast.comprehension):
            tests = node.ifs
        for test in tests:
            if not isinstance(test, ast.UnaryOp | ast.Compare):
                yield scope.replace("condition negated", test, f"not {scope.bracketed(test)}")


def remove_not(scope: Scope) -> Iterator[Edit]:
    """The condition without its `not`."""
    for node in scope.of(ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            yield scope.replace("not removed", node, scope.bracketed(node.operand))
