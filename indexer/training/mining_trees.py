"""Pairs out of every language but Python, by the table of grammars that chunking uses too.

The comment above a definition is what a docstring is in Python. Sources are parsed, never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from indexer.languages import Language, detect_language, get_language, parse
from indexer.training.comments import comment_above, is_comment_line, strip_marks
from indexer.training.prose import MAX_QUERY_WORDS, first_sentence, is_prose, make_pair, split_words
from indexer.training.records import Pair, Source

MAX_CODE_LINES = 80  # what the encoder of an index sees at once is a chunk, not a file
_MIN_FUNCTION_LINES = 3
_FUNCTIONS = frozenset({"function", "method", "constructor", "initializer", "assignment", "variable", "macro"})
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "type", "module", "object", "protocol", "record"})
_VALUES = frozenset(
    {"function_expression", "arrow_function", "function", "generator_function", "function_definition", "class"}
)
_BODIES = frozenset({"function_body", "class_body", "enum_class_body", "match"})
LANGUAGES = frozenset(
    """
    javascript typescript tsx go rust java c cpp csharp ruby php kotlin scala swift bash lua haskell elixir
    """.split()
)


@dataclass(frozen=True, slots=True)
class _Definition:
    """Rows ``[start, end)`` of a definition with its decorators; ``body`` is the first row after its head."""

    name: str
    is_function: bool
    scope: tuple[str, ...]
    start: int
    end: int
    body: int


def mine_tree(source: Source) -> list[Pair]:
    """All pairs of one file; none if its language has no row in the table or it does not parse in time."""
    name = detect_language(source.path)
    root = parse(source.text, name) if name in LANGUAGES else None
    if name is None or root is None:
        return []
    lines = source.text.split("\n")
    shown = "typescript" if name == "tsx" else name
    pairs = list(_mine_head(source, lines, shown))
    for definition in _definitions(root, get_language(name)):
        pairs.extend(_mine_definition(source, definition, lines, shown))
    return pairs


def _mine_head(source: Source, lines: Sequence[str], language: str) -> Iterator[Pair]:
    """What the file's first comment says of the file."""
    row = next((row for row, line in enumerate(lines[:40]) if line.strip() and not _opens_comment(line)), 0)
    end = row
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    text, _ = comment_above(lines, end, language)
    sentence = first_sentence(text)
    code = [line for line in lines[row:] if line.strip() and not is_comment_line(line, language)]
    if sentence and len(code) >= 10 and end < row:  # a blank line after it: it is about the file
        head = "\n".join([source.path, *code[:MAX_CODE_LINES]])
        yield make_pair(source, sentence, head, "module", head, language)


def _opens_comment(line: str) -> bool:
    return line.lstrip().startswith(("//", "/*", "*", "#", "--", "{-", "<?php", '"use strict"', "'use strict'"))


def _mine_definition(source: Source, found: _Definition, lines: Sequence[str], language: str) -> Iterator[Pair]:
    text, _ = comment_above(lines, found.start, language)
    numbers = [row for row in range(found.start, found.end) if lines[row].strip()]
    body = [lines[row] for row in numbers if row >= found.body]
    if len(numbers) < _MIN_FUNCTION_LINES or not body:
        return
    header = " > ".join([source.path, *found.scope, found.name])
    whole = "\n".join(body)
    sentence = _without_name(first_sentence(text), found.name)
    if sentence:
        code = "\n".join(lines[row] for row in numbers[:MAX_CODE_LINES])
        kind = "function" if found.is_function else "class"
        yield make_pair(source, sentence, f"{header}\n{code}", kind, whole, language)
    if found.is_function and len(body) >= 3:
        words = split_words(re.split(r"[.:]+", found.name)[-1])
        if len(words.split()) >= 2:
            shown = "\n".join([source.path, *body[:MAX_CODE_LINES]])
            yield make_pair(source, words, shown, "symbol", whole, language)
        for query, rest in comments_within(body, language):
            yield make_pair(source, query, f"{header}\n{rest}", "comment", whole, language)


def comments_within(body: Sequence[str], language: str) -> Iterator[tuple[str, str]]:
    """A comment on lines of its own within a function, and the up to 12 code lines that follow it."""
    index = 0
    while index < len(body):
        start = index
        while index < len(body) and is_comment_line(body[index], language):
            index += 1
        query = " ".join(strip_marks(body[start:index]).split())
        rest = [line for line in body[index : index + 12] if not is_comment_line(line, language)]
        if 5 <= len(query.split()) <= MAX_QUERY_WORDS and len(rest) >= 2 and is_prose(query):
            yield query, "\n".join(rest)
        index += 1


def _without_name(sentence: str, name: str) -> str:
    """Go says ``Open opens the gate``: the name in front is the answer, not the question."""
    first, _, rest = sentence.partition(" ")
    if first.lower().strip("(),:") == re.split(r"[.:]+", name)[-1].lower() and len(rest.split()) >= 3:
        return rest
    return sentence


def _definitions(root: Node, language: Language) -> Iterator[_Definition]:
    """The functions and types of a tree, outermost first, with the names of the types around them."""
    stack: list[tuple[Node, Node, tuple[str, ...], bool]] = [(root, root, (), False)]
    while stack:
        node, outer, scope, in_function = stack.pop()
        inner_scope, inner_function = scope, in_function
        kind = language.definitions.get(node.type, "")
        if kind in _FUNCTIONS or kind in _TYPES or kind in ("impl", "namespace"):
            name = _name(node, language)
            is_function = kind in _FUNCTIONS
            value = _function_value(node) if kind in ("assignment", "variable") else node
            if name and value is not None and not (in_function and is_function):
                if kind not in ("impl", "namespace"):
                    receiver = node.child_by_field_name("receiver")
                    shown = (*scope, *_receiver(receiver)) if receiver is not None else scope
                    end = node.end_point.row + (1 if node.end_point.column else 0)
                    start = outer.start_point.row
                    if language.name == "haskell":
                        start, end = _equations(node, name, start, end)
                    yield _Definition(name, is_function, shown, start, end, _body_row(value, end))
                inner_scope = (*scope, name)
                inner_function = is_function
        wraps = node.type in language.wrappers
        stack.extend(
            (child, outer if wraps else child, inner_scope, inner_function) for child in reversed(node.named_children)
        )


def _name(node: Node, language: Language) -> str:
    if node.type == "impl_item":
        return _text(node.child_by_field_name("type"))
    for child in node.named_children:
        if child.type == "variable_declarator":
            return _text(child.child_by_field_name("name"))
        if child.type == "assignment_expression":
            return _text(child.child_by_field_name("left"))
        if child.type == "variable_list" and node.type == "assignment_statement":
            return _text(child)
    for field in ("name", "declarator"):
        found = node.child_by_field_name(field)
        while found is not None and (inner := found.child_by_field_name("declarator")) is not None:
            found = inner
        if found is not None:
            return _text(found)
    for child in node.named_children:
        if child.type in language.names:
            return _text(child.child_by_field_name("name") or child)
    return ""


def _function_value(node: Node) -> Node | None:
    """The function that a statement assigns, or None: other variables are no definitions here."""
    for child in node.named_children:
        value = child.child_by_field_name("value") or child.child_by_field_name("right")
        if value is None and child.type == "expression_list" and child.named_children:
            value = child.named_children[0]
        if value is not None and value.type in _VALUES:
            return value
    return None


def _body_row(node: Node, end: int) -> int:
    body = node.child_by_field_name("body")
    if body is None:
        body = next((child for child in node.named_children if child.type in _BODIES), None)
    row = node.start_point.row + 1
    if body is not None:
        opens_alone = body.start_point.row > node.start_point.row and not _text(body).startswith("{")
        row = body.start_point.row + (0 if opens_alone else 1)
    return min(max(row, node.start_point.row + 1), end)


def _equations(node: Node, name: str, start: int, end: int) -> tuple[int, int]:
    """Haskell's signature above a function and its further equations below it belong to it."""
    before, after = node.prev_named_sibling, node.next_named_sibling
    if before is not None and _text(before.child_by_field_name("name")) == name:
        if before.type != "signature":
            return end, end  # a further equation: told with the first
        start = before.start_point.row
    while after is not None and after.type == node.type and _text(after.child_by_field_name("name")) == name:
        end = after.end_point.row + (1 if after.end_point.column else 0)
        after = after.next_named_sibling
    return start, end


def _receiver(node: Node) -> tuple[str, ...]:
    words = re.findall(r"[A-Za-z_]\w*", _text(node).split("[")[0])
    return (words[-1],) if words else ()


def _text(node: Node | None) -> str:
    if node is None or node.text is None:
        return ""
    return node.text.decode("utf-8", "replace").strip().split("\n", 1)[0].strip("\"'#= ")[:80]
