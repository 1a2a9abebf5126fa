"""The first sentence of a definition's comment or docstring, in any language, by the lines around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_LINES = 40
_LINE_COMMENT = re.compile(r"^\s*(?:///?!?|#+|---?\s*\|?|;+)(?![\[!])\s?(.*)$")
_ANNOTATION = re.compile(r"^\s*(?:@(?!doc\b)\w|#\[|\[\w)")
_MARKUP = re.compile(r"<[^>]*>|\{@\w+\s+([^}]*)\}|[`*]{1,3}|::?\w+:(?=`)")
_TAG = re.compile(r"^\s*(?:[@\\]\w+|-{3,}|={3,}|:\w+)")
_SENTENCE_END = re.compile(r"(?<=[\w)\]'\"])\.(?:\s|$)|(?<=[\w)])[:;](?:\s|$)")


def read_doc(lines: Sequence[str], node: Node, inner: Node, language: str) -> str:
    """The sentence without its full stop and markup, or nothing. ``inner`` is the definition that ``node`` wraps."""
    if language == "python" and inner.type in ("function_definition", "class_definition"):
        return _first_sentence(_docstring(inner))
    return _first_sentence(_comment_above(lines, node.start_point.row, language))


def _docstring(node: Node) -> str:
    body = node.child_by_field_name("body")
    first = body.named_children[0] if body is not None and body.named_children else None
    string = first.named_children[0] if first is not None and first.named_children else None
    if first is None or first.type != "expression_statement" or string is None or string.type != "string":
        return ""
    content = [child for child in string.named_children if child.type == "string_content"]
    return content[0].text.decode("utf-8", "replace") if content and content[0].text else ""


def _comment_above(lines: Sequence[str], row: int, language: str) -> str:
    """The comment that ends on the line before ``row``, annotations between them passed over."""
    row -= 1
    while row >= 0 and _ANNOTATION.match(lines[row]):
        row -= 1
    if row < 0:
        return ""
    last = lines[row].rstrip()
    if language == "elixir":
        return _elixir_doc(lines, row)
    if last.endswith(("*/", "-}")):
        first = row
        while first > max(0, row - _MAX_LINES) and not re.search(r"/\*|\{-", lines[first]):
            first -= 1
        block = "\n".join(lines[first : row + 1])
        if not re.match(r"\s*(?:/\*|\{-)", lines[first]):  # behind code: of that line alone
            return ""
        return re.sub(r"^[ \t]*\*(?!/)[ \t]?|/\*+!?|\*+/|\{-[ \t]*\|?|-\}", "", block, flags=re.M)
    gathered: list[str] = []
    while row >= 0 and len(gathered) < _MAX_LINES and (comment := _LINE_COMMENT.match(lines[row])):
        gathered.append(comment[1])
        row -= 1
    return "\n".join(reversed(gathered))


def _elixir_doc(lines: Sequence[str], row: int) -> str:
    while row >= 0 and re.match(r"^\s*@(?!doc)\w", lines[row]):  # @spec stands between
        row -= 1
    if row < 0:
        return ""
    single = re.match(r'^\s*@doc "([^"]+)"\s*$', lines[row])
    if single:
        return single[1]
    if lines[row].strip() != '"""':
        return ""
    first = row - 1
    while first > max(0, row - 5 * _MAX_LINES) and not re.match(r'^\s*@doc ~?S?"""', lines[first]):
        first -= 1
    return "\n".join(line.strip() for line in lines[first + 1 : row]) if "@doc" in lines[first] else ""


def _first_sentence(text: str) -> str:
    """The first sentence of the first paragraph, on one line; nothing if that is a tag or a heading."""
    paragraph: list[str] = []
    for line in text.strip().split("\n"):
        if not line.strip() or _TAG.match(line):
            if paragraph:
                break
            continue
        paragraph.append(line.strip())
    joined = " ".join(_MARKUP.sub(r"\1", " ".join(paragraph)).split())
    end = _SENTENCE_END.search(joined)
    return (joined[: end.start()] if end else joined).strip(" .:;")
