"""The pieces that programs are put together from: what stands before a function in its item, and what an answer gives.

Answers repeat what their item or its tests define, and show by examples what they do. Neither must decide about them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import CodeType

from tree_sitter import Node

from eval.tasks.python_source import parse_python, split_lines
from indexer.definitions import read_definition
from indexer.languages import get_language, parse

_ATTRIBUTES = frozenset({"attribute_item", "line_comment", "block_comment", "comment"})  # they belong to what follows
_EXAMPLES = frozenset({"expression_statement", "for_statement", "for_in_statement", "if_statement", "try_statement"})


@dataclass(frozen=True, slots=True)
class Head:
    """An item's head: the ``name`` of its last function, ``before`` it, and what stands in its class before it."""

    name: str
    before: str
    members: str


def split_head(head: str, rest: str, language: str) -> Head | None:
    """The parts of ``head``, which ``rest`` completes; None where it defines no function.

    Items are not always about the function that they name, and a head may go on into its body.
    """
    data, end = (head + rest).encode(), len(head.encode())
    root = parse(head + rest, language)
    found = [(name, node) for name, node in _definitions(root, language) if node.start_byte < end]
    if not found:
        return None
    name, node = found[-1]
    before = data[: node.start_byte].decode()
    body = node.child_by_field_name("body")
    if node.type != "class_declaration" or body is None:
        return Head(name, before, "")
    methods = [(name, each) for name, each in _definitions(body, language) if each.start_byte < end]
    if not methods:
        return None
    name, method = methods[-1]
    return Head(name, before, data[body.start_byte + 1 : method.start_byte].decode().rstrip())


def top_names(code: str, language: str, class_name: str = "") -> set[str]:
    """The names that code gives at its top, or in its class ``class_name``."""
    holder = _class_body(code, language, class_name) if class_name else parse(code, language)
    return {name for name, _ in _definitions(holder, language)}


def without(code: str, language: str, names: Collection[str], *, examples: bool = True) -> str:
    """Code without its top definitions of ``names``; without ``examples`` also without statements that only run."""
    root = parse(code, language)
    if root is None:
        return code
    cuts: list[tuple[int, int]] = []
    start: int | None = None  # of attributes and comments before a definition
    for node in root.children:
        if node.type in _ATTRIBUTES:
            start = node.start_byte if start is None else start
            continue
        name = read_definition(node, get_language(language), in_function=False)[0]
        if name in names or (not examples and not name and node.type in _EXAMPLES):
            cuts.append((node.start_byte if start is None else start, node.end_byte))
        start = None
    data = code.encode()
    for begin, end in reversed(cuts):
        data = data[:begin] + data[end:]
    return data.decode()


def insert_members(code: str, language: str, class_name: str, members: str) -> str:
    """Code with ``members`` at the beginning of its class ``class_name``."""
    body = _class_body(code, language, class_name)
    if body is None:
        return code
    data = code.encode()
    return f"{data[: body.start_byte + 1].decode()}\n{members}\n{data[body.start_byte + 1 :].decode()}"


def without_examples(code: str, entry_point: str) -> str:
    """Python without what stands behind ``entry_point`` at the margin and only runs: examples, prints, assertions.

    Definitions, imports, and values that a function reads are kept. EvalPlus does so too: an example with a mistake
    does not make the function wrong.
    """
    tree = parse_python(code)
    if tree is None:
        return code
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [statement.name if isinstance(statement, functions) else "" for statement in tree.body]
    if entry_point not in names:
        return code
    read = _names_that_functions_read(tree)
    kept, dropped = set[int](), set[int]()
    for number, statement in enumerate(tree.body):
        is_kept = (
            number <= names.index(entry_point)
            or isinstance(statement, (*functions, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Try))
            or not read.isdisjoint(_bound_names(statement))
        )
        (kept if is_kept else dropped).update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    lines = split_lines(code)
    return "".join(line for number, line in enumerate(lines, 1) if number in kept or number not in dropped)


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


def _definitions(holder: Node | None, language: str) -> Iterator[tuple[str, Node]]:
    for node in holder.named_children if holder is not None else ():
        name = read_definition(node, get_language(language), in_function=False)[0]
        if name:
            yield name, node


def _class_body(code: str, language: str, class_name: str) -> Node | None:
    found = [node for name, node in _definitions(parse(code, language), language) if name == class_name]
    return found[0].child_by_field_name("body") if found else None
