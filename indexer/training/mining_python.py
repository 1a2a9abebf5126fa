"""Pairs out of Python sources: what a docstring says of a definition, and the definition without it.

Sources are parsed, never run. The code side is the source's own lines, so its layout and comments stay.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from indexer.training.prose import MAX_QUERY_WORDS, first_sentence, is_prose, make_pair, split_words
from indexer.training.records import Pair, Source

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_MAX_CODE_LINES = 80  # what the encoder of an index sees at once is a chunk, not a file


def mine_python(source: Source) -> list[Pair]:
    """All pairs of one file; none if it does not parse as Python 3."""
    tree = _parse(source.text)
    if tree is None:
        return []
    lines = source.text.split("\n")  # as the parser counts them
    hidden = _docstring_lines(tree)
    pairs: list[Pair] = []
    module = first_sentence(ast.get_docstring(tree))
    if module and len(lines) >= 10:
        visible = [line for number, line in enumerate(lines, 1) if number not in hidden and line.strip()]
        head = [line for line in visible if not line.startswith("#")]
        code = "\n".join([source.path, *head[:_MAX_CODE_LINES]])
        pairs.append(make_pair(source, module, code, "module", code, "python"))
    for node, scope in _definitions(tree, ()):
        pairs.extend(_mine_definition(source, node, scope, lines, hidden))
    return pairs


def _mine_definition(
    source: Source, node: Definition, scope: tuple[str, ...], lines: list[str], hidden: frozenset[int]
) -> Iterator[Pair]:
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    end = node.end_lineno or node.lineno
    shown = (number for number in range(start, end + 1) if number not in hidden)
    numbers = [number for number in shown if lines[number - 1].strip()]
    body_start = _body_start(node)
    body = [lines[number - 1] for number in numbers if number >= body_start]
    if not body or (node.body[0].lineno == node.lineno):
        return  # nothing but a docstring, or all on one line
    code = "\n".join(lines[number - 1] for number in numbers[:_MAX_CODE_LINES])
    header = " > ".join([source.path, *scope, node.name])
    whole = "\n".join(body)
    described = first_sentence(ast.get_docstring(node))
    kind = "class" if isinstance(node, ast.ClassDef) else "function"
    if described:
        yield make_pair(source, described, f"{header}\n{code}", kind, whole, "python")
    if kind == "function" and len(body) >= 3 and not node.name.startswith("__"):
        words = split_words(node.name)
        if len(words.split()) >= 2:
            text = "\n".join([source.path, *body[:_MAX_CODE_LINES]])
            yield make_pair(source, words, text, "symbol", whole, "python")
        for query, rest in _comments(body):
            yield make_pair(source, query, f"{header}\n{rest}", "comment", whole, "python")


def _comments(body: list[str]) -> Iterator[tuple[str, str]]:
    """A comment on lines of its own within a function, and the up to 12 code lines that follow it."""
    index = 0
    while index < len(body):
        words: list[str] = []
        while index < len(body) and body[index].lstrip().startswith("#"):
            words += body[index].strip().lstrip("#").split()
            index += 1
        rest = [line for line in body[index : index + 12] if not line.lstrip().startswith("#")]
        query = " ".join(words)
        if 5 <= len(words) <= MAX_QUERY_WORDS and len(rest) >= 2 and is_prose(query):
            yield query, "\n".join(rest)
        index += 1


def _definitions(node: ast.AST, scope: tuple[str, ...]) -> Iterator[tuple[Definition, tuple[str, ...]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child, scope
            yield from _definitions(child, (*scope, child.name))
        elif isinstance(child, ast.If | ast.Try | ast.With):
            yield from _definitions(child, scope)


def _docstring_lines(tree: ast.Module) -> frozenset[int]:
    """The numbers of all lines that a docstring of the file takes up alone."""
    taken: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            statement = _docstring(node)
            if statement is not None:
                taken.update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return frozenset(taken)


def _docstring(node: ast.Module | Definition) -> ast.Expr | None:
    first = node.body[0] if node.body else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    return first if isinstance(first.value.value, str) else None


def _body_start(node: Definition) -> int:
    """The first line after signature and docstring (comments between them count as body)."""
    first = node.body[0]
    return (first.end_lineno or first.lineno) + 1 if _docstring(node) is not None else first.lineno


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's invalid escapes
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
