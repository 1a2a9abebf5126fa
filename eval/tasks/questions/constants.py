"""Which nodes of each grammar are constants with a literal value.

A constant is what the language says is one, or what is written in capitals where it has no word for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from .literals import is_literal
from .nodes import PLAIN_NAME, child_of, children_of, innermost_declarator, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

Named = tuple[str, "Node | None"]

_CAPITALS = re.compile(r"^_?[A-Z][A-Z0-9_]{2,}$")
_RESERVED_OF_ELIXIR = frozenset(
    "doc moduledoc typedoc spec type typep opaque callback macrocallback impl behaviour derive enforce_keys deprecated "
    "since compile dialyzer external_resource before_compile after_compile on_definition tag".split()
)


def read_constants(node: Node, language: str, *, in_type: bool) -> Iterator[tuple[str, str, int]]:
    """Name, source of the value and line of each constant that ``node`` defines; an empty value for no literal."""
    reader = _READERS.get(language)
    if reader is None:
        return
    for name, value in reader(node, in_type):
        source = text_of(value).strip()
        if PLAIN_NAME.match(name):
            yield name, source if is_literal(source) else "", node.start_point.row + 1


def _in_capitals(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "assignment":
        left = node.child_by_field_name("left")
        if left is not None and left.type in ("identifier", "constant") and _CAPITALS.match(text_of(left)):
            yield text_of(left), node.child_by_field_name("right")


def _of_script(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "lexical_declaration" and text_of(node).startswith("const"):
        for child in node.named_children:
            name = child.child_by_field_name("name")
            if name is not None and name.type == "identifier":
                yield text_of(name), child.child_by_field_name("value")
    elif node.type in ("field_definition", "public_field_definition"):
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        head = text_of(node).partition("=")[0]
        if re.search(r"\breadonly\b", head) or (re.search(r"\bstatic\b", head) and _CAPITALS.match(text_of(name))):
            yield text_of(name), node.child_by_field_name("value")


def _of_go(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "const_spec":
        names, values = node.children_by_field_name("name"), node.child_by_field_name("value")
        if len(names) == 1:
            single = values.named_children[0] if values is not None and len(values.named_children) == 1 else None
            yield text_of(names[0]), single


def _of_rust(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type in ("const_item", "static_item"):
        yield text_of(node.child_by_field_name("name")), node.child_by_field_name("value")


def _of_java(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type in ("field_declaration", "constant_declaration"):
        modifiers = text_of(child_of(node, "modifiers"))
        if node.type == "constant_declaration" or ("static" in modifiers and "final" in modifiers):
            for declarator in node.children_by_field_name("declarator"):
                yield text_of(declarator.child_by_field_name("name")), declarator.child_by_field_name("value")


def _of_c(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "preproc_def" and node.child_by_field_name("value") is not None:
        yield text_of(node.child_by_field_name("name")), node.child_by_field_name("value")
    elif node.type in ("declaration", "field_declaration"):
        if not re.match(r"^(?:\w+\s+)*?(?:const|constexpr)\b", text_of(node)[:200]):
            return
        for declarator in node.children_by_field_name("declarator"):
            if declarator.type == "init_declarator":
                inner = innermost_declarator(declarator.child_by_field_name("declarator"))
                yield text_of(inner), declarator.child_by_field_name("value")
            elif declarator.type == "field_identifier" and node.child_by_field_name("default_value") is not None:
                yield text_of(declarator), node.child_by_field_name("default_value")


def _of_csharp(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "field_declaration":
        modifiers = {text_of(child) for child in node.named_children if child.type == "modifier"}
        if "const" in modifiers or {"static", "readonly"} <= modifiers:
            for declarator in children_of(child_of(node, "variable_declaration")):
                if declarator.type == "variable_declarator" and len(declarator.named_children) == 2:
                    yield text_of(declarator.child_by_field_name("name")), declarator.named_children[-1]


def _of_php(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "const_element":
        yield text_of(node.named_children[0]), node.named_children[-1]


def _of_kotlin(node: Node, in_type: bool) -> Iterator[Named]:
    declared = child_of(node, "variable_declaration") if node.type == "property_declaration" else None
    if declared is not None and declared.named_children:
        name = text_of(declared.named_children[0])
        is_constant = re.match(r"^(?:\w+\s+)*?const\s+val\b", text_of(node)) is not None
        if is_constant or (_CAPITALS.match(name) and re.search(r"\bval\b", text_of(node).partition("=")[0])):
            yield name, node.named_children[-1]


def _of_scala(node: Node, in_type: bool) -> Iterator[Named]:
    name = text_of(node.child_by_field_name("pattern")) if node.type == "val_definition" else ""
    if name[:1].isupper():
        yield name, node.child_by_field_name("value")


def _of_swift(node: Node, in_type: bool) -> Iterator[Named]:
    pattern = node.child_by_field_name("name") if node.type == "property_declaration" else None
    head = text_of(node).partition("=")[0]
    if pattern is not None and re.search(r"\blet\b", head) and (not in_type or re.search(r"\bstatic\b", head)):
        yield text_of(pattern.child_by_field_name("bound_identifier")), node.child_by_field_name("value")


def _of_bash(node: Node, in_type: bool) -> Iterator[Named]:
    name = text_of(node.child_by_field_name("name")) if node.type == "variable_assignment" else ""
    if _CAPITALS.match(name):
        yield name, node.child_by_field_name("value")


def _of_lua(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "assignment_statement" and len(node.named_children) == 2:
        left, right = node.named_children
        if len(left.named_children) == 1 and len(right.named_children) == 1:
            name = text_of(left.named_children[0])
            if _CAPITALS.match(name):
                yield name, right.named_children[0]


def _of_elixir(node: Node, in_type: bool) -> Iterator[Named]:
    operand = node.child_by_field_name("operand") if node.type == "unary_operator" else None
    if operand is None or not text_of(node).startswith("@"):
        return
    name = text_of(operand.child_by_field_name("target"))
    arguments = children_of(child_of(operand, "arguments"))
    if len(arguments) == 1 and name not in _RESERVED_OF_ELIXIR:
        yield name, arguments[0]


def _of_zig(node: Node, in_type: bool) -> Iterator[Named]:
    if node.type == "variable_declaration" and re.match(r"^(?:pub\s+)?const\b", text_of(node)):
        yield text_of(child_of(node, "identifier")), node.named_children[-1]


def _of_haskell(node: Node, in_type: bool) -> Iterator[Named]:
    match = node.child_by_field_name("match") if node.type == "bind" else None
    if match is not None:
        yield text_of(node.child_by_field_name("name")), match.child_by_field_name("expression")


_READERS: Mapping[str, Callable[[Node, bool], Iterator[Named]]] = {
    "python": _in_capitals,
    "ruby": _in_capitals,
    "javascript": _of_script,
    "typescript": _of_script,
    "tsx": _of_script,
    "go": _of_go,
    "rust": _of_rust,
    "java": _of_java,
    "c": _of_c,
    "cpp": _of_c,
    "csharp": _of_csharp,
    "php": _of_php,
    "kotlin": _of_kotlin,
    "scala": _of_scala,
    "swift": _of_swift,
    "bash": _of_bash,
    "lua": _of_lua,
    "elixir": _of_elixir,
    "zig": _of_zig,
    "haskell": _of_haskell,
}
