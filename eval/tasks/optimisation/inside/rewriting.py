"""Rewrites Python code so that its statements, loops, calls and operators report to ``counting.Work``.

Runs inside the sandbox, on the standard library alone.
"""

from __future__ import annotations

import ast
import types
from typing import Any

from counting import STATEMENT  # type: ignore[import-not-found]

_LEFT_ALONE = frozenset({"super", "locals", "globals", "vars", "dir"})  # they look at their caller
_REFUSED = frozenset({"eval", "exec"})  # what they run cannot be counted
_COMPARED = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Mod: "mod",
    ast.BitOr: "or_",
    ast.BitAnd: "and_",
    ast.BitXor: "xor",
}


class _Rewriter(ast.NodeTransformer):
    """Puts the calls of Work into a tree."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and not isinstance(node, (ast.ClassDef, ast.Module)):
                setattr(node, name, _ticked(block))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        super().generic_visit(node)
        node.body = ast.BoolOp(ast.Or(), [_call("tick", ast.Constant(STATEMENT)), node.body])
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        super().generic_visit(node)
        if not node.is_async:
            node.iter = _call("each", node.iter)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _LEFT_ALONE:
            return node
        return ast.Call(ast.Name("__work_call__", ast.Load()), [node.func, *node.args], node.keywords)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        super().generic_visit(node)
        if len(node.ops) != 1:
            return node
        operation, right = node.ops[0], node.comparators[0]
        if isinstance(operation, ast.In):
            return _call("in", node.left, right)
        if isinstance(operation, ast.NotIn):
            return ast.UnaryOp(ast.Not(), _call("in", node.left, right))
        name = _COMPARED.get(type(operation))
        return _call("compare", node.left, right, ast.Constant(name)) if name else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        super().generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        return _call("binary", node.left, node.right, ast.Constant(name)) if name else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        super().generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        if not isinstance(node.target, ast.Name) or not name:
            return node
        name = "i" + name.rstrip("_")
        value = _call("in_place", ast.Name(node.target.id, ast.Load()), node.value, ast.Constant(name))
        return ast.Assign([node.target], value)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        super().generic_visit(node)
        if any(isinstance(each, ast.Starred) for target in node.targets for each in ast.walk(target)):
            node.value = _call("unpacked", node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        super().generic_visit(node)
        is_slice = isinstance(node.slice, ast.Slice)
        if isinstance(node.ctx, ast.Load):
            return _call("copied", node) if is_slice else node
        if is_slice or isinstance(node.ctx, ast.Del):
            node.value = _call("moved", node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        super().generic_visit(node)
        return _call("copied", node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)
        if node.format_spec is not None:
            super().generic_visit(node.format_spec)  # a part of the f-string, which no call may stand for
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in _REFUSED:
            raise SyntaxError(f"the work of {node.id} cannot be counted")
        return node

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._display(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        return self._display(node)

    def visit_Set(self, node: ast.Set) -> ast.AST:
        return self._display(node)

    def _display(self, node: Any) -> ast.AST:
        super().generic_visit(node)
        is_read = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        return _call("copied", node) if is_read and any(isinstance(e, ast.Starred) for e in node.elts) else node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        for argument in (*node.posonlyargs, *node.args, *node.kwonlyargs):
            argument.annotation = None
        return super().generic_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node  # a pattern, which no call may stand in

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"__work_{name}__", ast.Load()), list(args), [])


def _ticked(block: list[ast.stmt]) -> list[ast.stmt]:
    """The block, which first counts its statements."""
    head = 0
    if isinstance(block[0], ast.Expr) and isinstance(block[0].value, ast.Constant):
        head = 1  # a docstring
    tick = ast.Expr(_call("tick", ast.Constant(STATEMENT * max(1, len(block) - head))))
    return [*block[:head], tick, *block[head:]]


def compile_counted(source: str, name: str) -> types.CodeType:
    """Code that needs ``Work.names`` in its namespace. Raises SyntaxError."""
    tree = _Rewriter().visit(ast.parse(source, name))
    return compile(ast.fix_missing_locations(tree), name, "exec")
