"""The edits that make bugs, by kind: what people get wrong when they write a function.

An operator yields every edit of its kind, also such as change nothing that a test could see. Signatures are left alone:
they stay in the tree that is indexed, where a changed default could be looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import bounds, expressions, names, statements
from .scope import Edit, Scope

Operator = Callable[[Scope], Iterator[Edit]]

_OPERATORS: dict[str, Operator] = {
    "comparison": expressions.swap_comparison,
    "boolean operator": expressions.swap_boolean,
    "arithmetic": expressions.swap_arithmetic,
    "condition negated": expressions.negate_condition,
    "not removed": expressions.remove_not,
    "off by one": bounds.shift_constant,
    "arguments swapped": names.swap_arguments,
    "wrong variable": names.mistake_variable,
    "wrong attribute": names.mistake_attribute,
    "early return": statements.drop_early_return,
    "return value": statements.change_return,
    "statement dropped": statements.drop_statement,
    "wrong exception": names.mistake_exception,
    "slice bound": bounds.move_slice,
    "loop bound": bounds.move_loop,
    "call forgotten": names.forget_call,
    "wrong call": names.mistake_call,
}
KINDS = tuple(_OPERATORS)


def find_edits(scope: Scope) -> Iterator[Edit]:
    """Every edit of every kind."""
    for operator in _OPERATORS.values():
        yield from operator(scope)
