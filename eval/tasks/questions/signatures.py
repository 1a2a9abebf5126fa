"""What a function's node says in each grammar: parameters with their defaults, and the return type.

What is not plain is left out: a pattern in place of a parameter's name, a type of several lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .nodes import C_LIKE, PLAIN_NAME, SCRIPT, child_of, innermost_declarator, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_RECEIVERS = {"python": ("self", "cls"), "rust": ("self",), "typescript": ("this",), "tsx": ("this",)}
_REST = frozenset(
    "rest_pattern list_splat_pattern dictionary_splat_pattern spread_parameter splat_parameter hash_splat_parameter "
    "block_parameter variadic_parameter variadic_parameter_declaration vararg_expression "
    "optional_block_parameter".split()
)
_MARKS = frozenset(("positional_separator", "keyword_separator", "comment", "line_comment", "block_comment"))
_SPECIFIERS = re.compile(
    r"\b(?:static|inline|extern|virtual|constexpr|explicit|friend|typename|register|_Noreturn|__inline)\b"
)
_MAX_TYPE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter without its sigil. ``default`` is the source of its default, empty without one."""

    name: str
    default: str
    line: int


def read_parameters(node: Node, language: str) -> tuple[Sequence[Parameter] | None, bool]:
    """The parameters without the receiver, and whether there is one for all the rest; None if one is no plain name."""
    found: list[Parameter] = []
    has_rest = False
    nodes = _parameter_nodes(node, language)
    if nodes is None:
        return None, False
    for each, default in nodes:
        if each.type in _MARKS or text_of(each) == "void":
            continue
        if each.type in _REST or text_of(each).startswith(("*", "...", "vararg ", "params ", "&")):
            has_rest = has_rest or not text_of(each).startswith("&self")
            continue
        names = _parameter_names(each, language)
        if names is None:
            return None, has_rest
        line = each.start_point.row + 1
        value = default or _default_of(each, language)
        found += [Parameter(name, text_of(value), line) for name in names if name not in _RECEIVERS.get(language, ())]
    return found, has_rest


def _parameter_nodes(node: Node, language: str) -> list[tuple[Node, Node | None]] | None:
    """The nodes of the parameters, with the default where the grammar puts it beside; None if there is no list."""
    if language == "swift":
        pairs: list[tuple[Node, Node | None]] = []
        for number, child in enumerate(node.children):
            if child.type == "parameter":
                pairs.append((child, None))
            elif node.field_name_for_child(number) == "default_value" and pairs:
                pairs[-1] = (pairs[-1][0], child)
        return pairs
    if language == "elixir":
        head = _elixir_head(node)
        arguments = child_of(head, "arguments") if head is not None else None
        return [(child, None) for child in arguments.named_children] if arguments is not None else None
    if language == "haskell":
        patterns = node.child_by_field_name("patterns")
        return [(child, None) for child in patterns.named_children] if patterns is not None else None
    if language == "scala":
        lists = node.children_by_field_name("parameters")
        return [(child, None) for each in lists for child in each.named_children] if len(lists) == 1 else None
    listed = _parameter_list(node)
    if listed is None:
        return None
    if language == "csharp" and any(child.type == "array_type" for child in listed.named_children):
        return None  # `params` stands in the list itself
    if language == "kotlin":
        kotlin: list[tuple[Node, Node | None]] = []
        for child in listed.named_children:
            if child.type == "parameter":
                kotlin.append((child, None))
            elif child.type != "parameter_modifiers" and kotlin and kotlin[-1][1] is None:
                kotlin[-1] = (kotlin[-1][0], child)
            elif child.type == "parameter_modifiers":
                return None  # vararg, noinline
        return kotlin
    return [(child, None) for child in listed.named_children]


def _parameter_list(node: Node) -> Node | None:
    """The node that holds the parameters: of a function, of a declarator below it, or of a value that is a function."""
    for name in ("parameters", "declarator", "value", "right"):
        child = node.child_by_field_name(name)
        if child is not None and name == "parameters":
            return child
        if child is not None and (found := _parameter_list(child)) is not None:
            return found
    for child in node.named_children:
        if child.type in ("function_value_parameters", "parameters", "method_parameters", "formal_parameters"):
            return child
        if child.type in ("variable_declarator", "assignment_expression", "assignment_statement", "expression_list"):
            return _parameter_list(child)
    return None


def _parameter_names(node: Node, language: str) -> list[str] | None:
    if language == "go":
        names = node.children_by_field_name("name")
        return [text_of(name) for name in names] or None
    if language == "elixir" and node.type == "binary_operator":
        named = node.child_by_field_name("left") if "\\\\" in text_of(node) else None
    elif language == "kotlin":
        named = child_of(node, "identifier") or child_of(node, "simple_identifier")
    elif language == "swift":
        named, label = node.child_by_field_name("name"), node.child_by_field_name("external_name")
        if label is not None and text_of(label) != "_":
            return None  # it has two names
    elif node.type == "typed_parameter":
        named = node.named_children[0]
        if named.type in _REST:
            return []
    elif node.type in ("identifier", "variable") and text_of(node) != "self":
        named = node
    elif node.type == "identifier":
        named = node if language != "lua" else None
    elif language in C_LIKE:
        named = innermost_declarator(node.child_by_field_name("declarator"))
    elif language == "haskell" or (language == "lua" and text_of(node) == "self"):
        named = None
    else:
        named = next(
            (found for name in ("name", "pattern", "left") if (found := node.child_by_field_name(name)) is not None),
            None,
        )
    if named is not None and named.type == "self":
        return ["self"]
    if node.type == "self_parameter":
        return ["self"]
    name = text_of(named)
    return [name.lstrip("$")] if named is not None and PLAIN_NAME.match(name) else None


def _default_of(node: Node, language: str) -> Node | None:
    if language == "elixir":
        return node.child_by_field_name("right") if node.type == "binary_operator" else None
    if language == "csharp":
        last = node.named_children[-1] if node.named_children else None
        return last if last is not None and "=" in text_of(node) and last.type.endswith("literal") else None
    for name in ("value", "default_value", "right"):
        if (found := node.child_by_field_name(name)) is not None:
            return found
    return None


def _elixir_head(node: Node) -> Node | None:
    arguments = child_of(node, "arguments")
    head = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    while head is not None and head.type == "binary_operator":
        head = head.child_by_field_name("left")
    return head if head is not None and head.type == "call" else None


def read_returns(node: Node, language: str) -> str:
    """The declared return type in one line, or nothing."""
    if language in C_LIKE:
        found = _returns_of_c(node)
    elif language == "swift":
        names = node.children_by_field_name("name")
        found = text_of(names[-1]) if node.type == "function_declaration" and len(names) > 1 else ""
    elif language == "kotlin":
        parameters = child_of(node, "function_value_parameters")
        after = parameters.next_named_sibling if parameters is not None else None
        found = text_of(after) if after is not None and after.type.endswith("_type") else ""
    else:
        names_of_field = {"java": "type", "csharp": "returns", "go": "result", "zig": "type"}
        where = names_of_field.get(language, "return_type")
        typed = (
            node.child_by_field_name(where) if "declaration" in node.type or language not in names_of_field else None
        )
        if typed is None and language in SCRIPT:
            value = next((v for c in node.named_children if (v := c.child_by_field_name("value")) is not None), None)
            typed = value.child_by_field_name("return_type") if value is not None else None
        if language == "java" and node.type != "method_declaration":
            typed = None
        if language == "zig" and node.type != "function_declaration":
            typed = None
        found = text_of(typed)
    if language == "go" and re.match(r"^\(\w+ [\w.*\[]|^\(\w+, \w+ \w", found):
        return ""  # named results: which part is the type is a matter of taste
    found = " ".join(found.removeprefix(":").removeprefix("->").split())
    return found if len(found) <= _MAX_TYPE_CHARS and "`" not in found and "{" not in found else ""


def _returns_of_c(node: Node) -> str:
    declarator = node.child_by_field_name("declarator")
    if node.type != "function_definition" or declarator is None:
        return ""
    function: Node | None = declarator
    while function is not None and function.type != "function_declarator":
        function = function.child_by_field_name("declarator")
    typed = node.child_by_field_name("type")
    if function is None or typed is None or child_of(function, "trailing_return_type") is not None:
        return ""
    source = text_of(node)[:400]
    head = source[: source.find(text_of(function)[:20])] if text_of(function)[:20] in source else ""
    head = " ".join(_SPECIFIERS.sub(" ", head).split())
    # A macro in front, or an attribute, is no part of the type.
    return re.sub(r"\s*\*", " *", head) if re.fullmatch(r"[\w:<>,\s*&]+", head) and len(head.split()) <= 4 else ""
