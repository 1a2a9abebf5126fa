"""The functions and methods that a repository's Python files define, and which of them are worth asking for."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from eval.tasks import ordering
from eval.tasks.python_source import (
    FunctionNode,
    first_line,
    is_own_code,
    is_test_file,
    parameters_of,
    parse_python,
    split_lines,
    walk_functions,
)

from .records import Function, TestRecord

MIN_BODY_LINES, MAX_BODY_LINES = 3, 40


def find_functions(texts: Mapping[str, str]) -> list[Function]:
    """Every function and method of the Python files among ``texts``, in order of path and line."""
    return [
        function for path in sorted(texts) if path.endswith(".py") for function in find_functions_in(path, texts[path])
    ]


def find_functions_in(path: str, text: str) -> list[Function]:
    """The functions and methods of one file, in order; none where it does not parse."""
    tree = parse_python(text)
    lines = split_lines(text)
    return [make_function(path, lines, name, node) for name, node in walk_functions(tree)] if tree is not None else []


def find_test_files(
    texts: Mapping[str, str], functions: Iterable[Function], tests: Iterable[TestRecord]
) -> frozenset[str]:
    """The files that belong to tests: by name or folder, or since one of ``tests`` is a function that they define.

    Of the latter all that lies in their folder and below it, where that holds no other Python. A documented example,
    which pytest may run too, makes its file none of these.
    """
    keys = {function.key for function in functions}
    defining = {test.path for test in tests if test.function_key in keys}
    of_tests = {path for path in texts if is_test_file(path)} | (defining & texts.keys())
    others = [path for path, text in texts.items() if path.endswith(".py") and path not in of_tests and text.strip()]
    mixed = {folder for path in others for folder in PurePosixPath(path).parents} | {PurePosixPath()}
    folders = {PurePosixPath(path).parent for path in defining} - mixed
    return frozenset(p for p in texts if p in of_tests or not folders.isdisjoint(PurePosixPath(p).parents))


def make_function(path: str, lines: Sequence[str], name: str, node: FunctionNode) -> Function:
    """The record of a definition. Comments before the first statement belong to the body: they may say how."""
    docstring = ast.get_docstring(node)
    body = node.body[1:] if docstring is not None else node.body
    start = first_line(node)
    end = node.end_lineno or node.lineno
    head_end = (node.body[0].end_lineno or node.body[0].lineno) if docstring is not None else _colon_line(node, lines)
    first = first_line(body[0]) if body else end + 1
    n_statements = sum(isinstance(inner, ast.stmt) for statement in body for inner in ast.walk(statement))
    return Function(
        path, name, start, node.lineno, head_end, min(first, head_end + 1), end, docstring or "", n_statements
    )


def _colon_line(node: FunctionNode, lines: Sequence[str]) -> int:
    """The line that a signature ends on."""
    arguments = node.args
    last: list[ast.expr | ast.arg | None] = [*parameters_of(arguments), *arguments.defaults, *arguments.kw_defaults]
    last.append(node.returns)
    places = [(part.end_lineno or 0, part.end_col_offset or 0) for part in last if part is not None]
    line, column = max(places, default=(node.lineno, node.col_offset))
    while line < (node.end_lineno or line):
        rest = lines[line - 1].encode()[column:].decode("utf-8", "replace")
        if ":" in rest.partition("#")[0]:
            break
        line, column = line + 1, 0
    return line


def reason_against(function: Function, node: FunctionNode, counts: Mapping[str, int]) -> str | None:
    """Why a function is not asked for, or None. ``counts``: how often each name is defined in the file."""
    if function.body_start_line <= function.head_end_line or function.body_start_line > function.end_line:
        return "written in one line or without a body"
    if counts[function.name] > 1:
        return "defined more than once in its file"
    if function.n_body_lines < MIN_BODY_LINES:
        return f"shorter than {MIN_BODY_LINES} lines"
    if function.n_body_lines > MAX_BODY_LINES:
        return f"longer than {MAX_BODY_LINES} lines"
    if _is_trivial(node, has_docstring=bool(ast.get_docstring(node))):
        return "trivial (one return, constants or assignments of its parameters only)"
    return None


def choose_candidates(texts: Mapping[str, str]) -> tuple[list[Function], Counter[str]]:
    """The functions that may be asked for, and how many were left out for which reason."""
    chosen: list[Function] = []
    reasons: Counter[str] = Counter()
    for path in sorted(texts):
        if not path.endswith(".py") or not is_own_code(path):
            continue
        tree = parse_python(texts[path])
        if tree is None:
            reasons["in a file that does not parse here"] += 1
            continue
        found = list(walk_functions(tree))
        lines = split_lines(texts[path])
        counts = Counter(name for name, _ in found)
        for name, node in found:
            function = make_function(path, lines, name, node)
            reason = reason_against(function, node, counts)
            if reason is None:
                chosen.append(function)
            else:
                reasons[reason] += 1
    return chosen, reasons


def _is_trivial(node: FunctionNode, *, has_docstring: bool) -> bool:
    """Whether nobody would need to know anything to write it: constants, parameters stored, one plain return."""
    body = node.body[1:] if has_docstring else node.body
    return all(_is_plain(statement) for statement in body) and (
        len(body) <= 1 or all(not isinstance(statement, ast.Return) for statement in body)
    )


def _is_plain(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Raise | ast.Global | ast.Nonlocal):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant | ast.Name | ast.Attribute)
    return False


def spread(functions: Sequence[Function], seed: int) -> list[Function]:
    """One function of each file, then a second one of each, and so on: any head of it is balanced over the files.

    Those with a docstring come before those without, since a signature alone leaves too much open.
    """
    by_place = sorted(functions, key=lambda function: (function.path, function.start_line))
    ordered: list[Function] = []
    for documented in (True, False):
        same = [function for function in by_place if bool(function.docstring) == documented]
        ordered += ordering.spread(same, f"{seed}/{documented}", lambda function: function.path)
    return ordered
