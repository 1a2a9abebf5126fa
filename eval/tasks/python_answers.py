"""What of an answer in Python counts: of several versions of a definition the last, and nothing that only shows it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from types import CodeType

from .extraction import extract_code
from .fences import Block, find_blocks
from .python_source import first_line, parse_python, split_lines

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef
_KEPT = _Definition | ast.Import | ast.ImportFrom | ast.Try
_BINDS = ast.Assign | ast.AnnAssign | ast.AugAssign


def extract_version(text: str, shown: str, defines: str | None = None) -> str | None:
    """The code that an answer means where ``shown`` was to be written anew; else as ``extract_code``.

    A block that repeats ``shown`` is passed over, and so is a definition that a later block gives again, whole and not
    as it was shown, or that only sketches what another block gives. What else stands in that block can still be used.
    """
    quoted = {_describe(node) for node in _definitions(shown)}
    blocks = find_blocks(text.replace("\r\n", "\n"))
    found = [_definitions(block.code) if block.language in ("", "python") else [] for block in blocks]
    versions: dict[str, tuple[int, set[str]]] = {}  # of each name: the block that gives it at last, and its members
    for number, node in ((number, node) for number, nodes in enumerate(found) for node in nodes):
        is_whole = _members(node) >= versions.get(node.name, (0, set()))[1] and not _is_stub(node)
        if is_whole and _describe(node) not in quoted:
            versions[node.name] = (number, _members(node))
    kept: list[Block] = []
    for number, (block, nodes) in enumerate(zip(blocks, found, strict=True)):
        if nodes and {_describe(node) for node in nodes} == quoted:
            continue
        replaced = []
        for node in nodes:
            last, members = versions.get(node.name, (number, set()))
            if (last > number and _members(node) <= members) or (last != number and _is_stub(node)):
                replaced.append(node)
        kept.append(replace(block, code=_without(block.code, replaced)))
    if not any(block.code.strip() for block in kept):  # prose, code without a fence, or a quotation alone
        return extract_code(text, "python", defines)
    return extract_code("\n".join(map(_fence, kept)), "python", defines)


def without_examples(code: str, entry_point: str | None = None) -> str:
    """Python without what stands behind ``entry_point`` at the margin and only runs: examples, prints, assertions.

    Definitions, imports, and values that a function reads are kept. EvalPlus does so too: an example with a mistake
    does not make the function wrong. Without a name it is behind the first definition, and assignments are kept all,
    since others may read them.
    """
    tree = parse_python(code)
    if tree is None:
        return code
    starts = [
        number
        for number, each in enumerate(tree.body)
        if (isinstance(each, _Function) and each.name == entry_point)
        or (isinstance(each, _Definition) and entry_point is None)
    ]
    if not starts:
        return code
    read = _names_that_functions_read(tree)
    kept, dropped = set[int](), set[int]()
    for number, statement in enumerate(tree.body):
        is_kept = (
            number <= starts[0]
            or isinstance(statement, _KEPT)
            or (isinstance(statement, _BINDS) and entry_point is None)
            or not read.isdisjoint(_bound_names(statement))
        )
        (kept if is_kept else dropped).update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return _without_lines(code, dropped - kept)


def _definitions(code: str) -> Sequence[_Definition]:
    tree = parse_python(code)
    return [node for node in tree.body if isinstance(node, _Definition)] if tree is not None else []


def _describe(node: _Definition) -> str:
    """The same for the same code, whatever its docstrings and comments say."""
    bare = deepcopy(node)
    for each in ast.walk(bare):
        if isinstance(each, _Definition) and ast.get_docstring(each) is not None:
            del each.body[0]
    return ast.dump(bare)


def _members(node: _Definition) -> set[str]:
    """Its name, and those of a class's methods."""
    inner = node.body if isinstance(node, ast.ClassDef) else []
    return {node.name, *(each.name for each in inner if isinstance(each, _Definition))}


def _is_stub(node: _Definition) -> bool:
    """Whether it leaves something out: ``...``, or nothing but ``pass`` in a function."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    is_empty = isinstance(node, _Function) and all(isinstance(each, ast.Pass) for each in body)
    return is_empty or any(isinstance(each, ast.Expr) and _is_ellipsis(each.value) for each in ast.walk(node))


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _without(code: str, definitions: Sequence[_Definition]) -> str:
    lines = (range(first_line(node), (node.end_lineno or node.lineno) + 1) for node in definitions)
    return _without_lines(code, {number for each in lines for number in each})


def _without_lines(code: str, dropped: Collection[int]) -> str:
    return "".join(line for number, line in enumerate(split_lines(code), 1) if number not in dropped)


def _fence(block: Block) -> str:
    mark = "```"
    while mark in block.code:
        mark += "`"
    return f"{mark}{block.language}\n{block.code}" + (f"\n{mark}" if block.is_closed else "")


def _names_that_functions_read(tree: ast.Module) -> set[str]:
    try:
        stack = [each for each in compile(tree, "<answer>", "exec").co_consts if isinstance(each, CodeType)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    while stack:
        code = stack.pop()
        found.update(code.co_names)
        stack += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found


def _bound_names(statement: ast.stmt) -> set[str]:
    nodes = ast.walk(statement)
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
