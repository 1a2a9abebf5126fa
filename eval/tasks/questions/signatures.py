"""What a function's node says in each grammar: parameters with their defaults, and the return type.

What is not plain is left out: a pattern in place of a parameter's name, a type of several lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .nodes import PLAIN_NAME, SCRIPT, child_of, children_of, field_of, innermost_declarator, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_Given = tuple["Node", "Node | None"]  # a parameter, and its default where the grammar puts it beside

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
    nodes = _LISTED.get(language, _listed)(node)
    if nodes is None:
        return None, False
    for each, beside in nodes:
        if each.type in _MARKS or text_of(each) == "void":
            continue
        if each.type in _REST or text_of(each).startswith(("*", "...", "vararg ", "params ", "&")):
            has_rest = has_rest or not text_of(each).startswith("&self")
            continue
        names = _read_names(each, language)
        if names is None:
            return None, has_rest
        default = text_of(beside or _DEFAULTS.get(language, _default_of)(each))
        line = each.start_point.row + 1
        found += [Parameter(name, default, line) for name in names if name not in _RECEIVERS.get(language, ())]
    return found, has_rest


def _listed(node: Node) -> list[_Given] | None:
    return _without_defaults(_parameter_list(node))


def _listed_in_csharp(node: Node) -> list[_Given] | None:
    given = _listed(node)
    has_params = given is not None and any(child.type == "array_type" for child, _ in given)
    return None if has_params else given  # `params` stands in the list itself


def _listed_in_elixir(node: Node) -> list[_Given] | None:
    arguments = child_of(node, "arguments")
    head = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    while head is not None and head.type == "binary_operator":
        head = head.child_by_field_name("left")
    return _without_defaults(child_of(head, "arguments")) if head is not None and head.type == "call" else None


def _listed_in_kotlin(node: Node) -> list[_Given] | None:
    listed = _parameter_list(node)
    given: list[_Given] = []
    for child in children_of(listed):
        if child.type == "parameter_modifiers":
            return None  # vararg, noinline
        if child.type == "parameter":
            given.append((child, None))
        elif given and given[-1][1] is None:
            given[-1] = (given[-1][0], child)
    return given if listed is not None else None


def _listed_in_scala(node: Node) -> list[_Given] | None:
    lists = node.children_by_field_name("parameters")
    return _without_defaults(lists[0]) if len(lists) == 1 else None


def _listed_in_swift(node: Node) -> list[_Given]:
    given: list[_Given] = []
    for number, child in enumerate(node.children):
        if child.type == "parameter":
            given.append((child, None))
        elif node.field_name_for_child(number) == "default_value" and given:
            given[-1] = (given[-1][0], child)
    return given


def _without_defaults(listed: Node | None) -> list[_Given] | None:
    return [(child, None) for child in listed.named_children] if listed is not None else None


_LISTED: Mapping[str, Callable[[Node], list[_Given] | None]] = {
    "csharp": _listed_in_csharp,
    "elixir": _listed_in_elixir,
    "haskell": lambda node: _without_defaults(node.child_by_field_name("patterns")),
    "kotlin": _listed_in_kotlin,
    "scala": _listed_in_scala,
    "swift": _listed_in_swift,
}


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


def _read_names(node: Node, language: str) -> list[str] | None:
    """The names, without sigils, that one node of the list declares; None if one is no plain name."""
    names = [text_of(named) for named in _NAMED.get(language, _named)(node)]
    return [name.lstrip("$") for name in names] if names and all(map(PLAIN_NAME.match, names)) else None


def _named(node: Node) -> list[Node | None]:
    return [node if node.type == "identifier" else field_of(node, "name", "pattern", "left")]


def _named_by_itself(node: Node) -> list[Node | None]:
    """But for `self`: whether it is a receiver cannot be told."""
    return [node] if node.type in ("identifier", "variable") and text_of(node) != "self" else []


def _named_in_python(node: Node) -> list[Node | None]:
    return [node.named_children[0]] if node.type == "typed_parameter" else _named(node)


def _named_in_rust(node: Node) -> list[Node | None]:
    return [child_of(node, "self")] if node.type == "self_parameter" else _named(node)


def _named_in_c(node: Node) -> list[Node | None]:
    return [node if node.type == "identifier" else innermost_declarator(node.child_by_field_name("declarator"))]


def _named_in_swift(node: Node) -> list[Node | None]:
    label = node.child_by_field_name("external_name")
    has_two = label is not None and text_of(label) != "_"
    return [node.child_by_field_name("name")] if not has_two else []


def _named_in_elixir(node: Node) -> list[Node | None]:
    if node.type != "binary_operator":
        return _named(node)
    return [node.child_by_field_name("left")] if "\\\\" in text_of(node) else []


_NAMED: Mapping[str, Callable[[Node], Sequence[Node | None]]] = {
    "python": _named_in_python,
    "go": lambda node: node.children_by_field_name("name"),  # several of one type
    "rust": _named_in_rust,
    "c": _named_in_c,
    "cpp": _named_in_c,
    "kotlin": lambda node: [child_of(node, "identifier") or child_of(node, "simple_identifier")],
    "swift": _named_in_swift,
    "lua": _named_by_itself,
    "haskell": _named_by_itself,
    "elixir": _named_in_elixir,
}


def _default_of(node: Node) -> Node | None:
    return field_of(node, "value", "default_value", "right")


def _default_in_csharp(node: Node) -> Node | None:
    last = node.named_children[-1] if node.named_children else None
    return last if last is not None and "=" in text_of(node) and last.type.endswith("literal") else None


_DEFAULTS: Mapping[str, Callable[[Node], Node | None]] = {
    "csharp": _default_in_csharp,
    "elixir": lambda node: node.child_by_field_name("right") if node.type == "binary_operator" else None,
}


def read_returns(node: Node, language: str) -> str:
    """The declared return type in one line, or nothing."""
    found = _RETURNS.get(language, _returns)(node).removeprefix(":").removeprefix("->")
    found = " ".join(found.split())
    return found if len(found) <= _MAX_TYPE_CHARS and "`" not in found and "{" not in found else ""


def _returns(node: Node) -> str:
    return text_of(node.child_by_field_name("return_type"))


def _returns_of_script(node: Node) -> str:
    """Of a function, or of a variable's value that is one."""
    values = (child.child_by_field_name("value") for child in node.named_children)
    value = next((value for value in values if value is not None), None)
    return _returns(node) or (_returns(value) if value is not None else "")


def _returns_of_go(node: Node) -> str:
    found = text_of(node.child_by_field_name("result")) if "declaration" in node.type else ""
    # Of named results it is a matter of taste which part is the type.
    return found if not re.match(r"^\(\w+ [\w.*\[]|^\(\w+, \w+ \w", found) else ""


def _returns_of_kotlin(node: Node) -> str:
    parameters = child_of(node, "function_value_parameters")
    after = parameters.next_named_sibling if parameters is not None else None
    return text_of(after) if after is not None and after.type.endswith("_type") else ""


def _returns_of_swift(node: Node) -> str:
    names = node.children_by_field_name("name")
    return text_of(names[-1]) if node.type == "function_declaration" and len(names) > 1 else ""


def _returns_of_csharp(node: Node) -> str:
    return text_of(node.child_by_field_name("returns")) if "declaration" in node.type else ""


def _typed(kind: str) -> Callable[[Node], str]:
    """A reader of the field ``type`` of one kind of node."""
    return lambda node: text_of(node.child_by_field_name("type")) if node.type == kind else ""


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


_RETURNS: Mapping[str, Callable[[Node], str]] = {
    "c": _returns_of_c,
    "cpp": _returns_of_c,
    **dict.fromkeys(SCRIPT, _returns_of_script),
    "go": _returns_of_go,
    "java": _typed("method_declaration"),
    "zig": _typed("function_declaration"),
    "csharp": _returns_of_csharp,
    "kotlin": _returns_of_kotlin,
    "swift": _returns_of_swift,
}
