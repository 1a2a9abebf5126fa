"""What a syntax tree defines: the name and kind of a node, and every name of a file with the line it begins on.

Chunks are cut along the nodes of ``languages``; a chunk that is not cut further defines more than it is named
after, such as the methods of a small class, and members that are no chunks of their own: constants, fields that
hold functions, prototypes. Names only: scopes are those of the text, without imports or inheritance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from .languages import ELIXIR_DEFINERS, Language

FUNCTIONS = frozenset({"function", "method", "constructor", "initializer", "assignment", "test"})
_VARIABLES = frozenset({"variable", "constant", "assignment", "property"})

_MAX_NAME_CHARS = 80
# The value of a variable or field that makes it a function by another name.
_FUNCTION_VALUES = frozenset(
    {"function_expression", "arrow_function", "function", "class", "generator_function", "function_definition"}
)
# Functions without a name: what is assigned within is local.
_CLOSURES = _FUNCTION_VALUES - {"class", "function_definition"} | frozenset(
    {"lambda", "lambda_expression", "lambda_literal", "closure_expression", "func_literal", "anonymous_function"}
    | {"anonymous_function_creation_expression"}
)

# Nodes that no definition is within; they are most of a tree.
_BARREN = frozenset(
    "string template_string type_annotation type_arguments formal_parameters parameters parameter_list "
    "import_statement import_declaration import_from_statement union_type generic_type binary_expression "
    "member_expression scoped_identifier preproc_include comment function_declarator".split()
)

# Nodes that define a name and are never a chunk's own: they count among the names of the chunk that they stand in.
_MEMBERS: Mapping[str, frozenset[str]] = {
    "python": frozenset({"assignment", "type_alias_statement"}),
    "javascript": frozenset({"pair", "field_definition"}),
    "typescript": frozenset(
        {"pair", "public_field_definition", "method_signature", "abstract_method_signature", "function_signature"}
        | {"enum_assignment"}
    ),
    "go": frozenset({"type_spec", "type_alias", "const_spec", "var_spec", "method_elem"}),
    "rust": frozenset({"function_signature_item", "enum_variant"}),
    "java": frozenset({"field_declaration", "constant_declaration", "enum_constant"}),
    "c": frozenset({"preproc_def", "enumerator", "declaration"}),
    "cpp": frozenset({"preproc_def", "enumerator", "declaration", "field_declaration"}),
    "csharp": frozenset({"field_declaration", "event_field_declaration", "enum_member_declaration"}),
    "ruby": frozenset({"assignment", "call"}),
    "php": frozenset({"const_element", "enum_case"}),
    "kotlin": frozenset({"enum_entry"}),
    "scala": frozenset(
        {"val_definition", "var_definition", "val_declaration", "simple_enum_case", "full_enum_case", "package_object"}
    ),
    "swift": frozenset({"property_declaration", "protocol_property_declaration", "enum_entry"}),
    "bash": frozenset(),
    "lua": frozenset({"field"}),
    "elixir": frozenset(),
    "haskell": frozenset({"data_constructor", "newtype_constructor", "field", "type_family", "data_family"}),
    "zig": frozenset(),
    "sql": frozenset(),
}
_MEMBERS = {**_MEMBERS, "tsx": _MEMBERS["typescript"]}

_TYPES_OF_C = frozenset({"struct_specifier", "union_specifier", "enum_specifier", "class_specifier"})
_GROUPS_OF_GO = frozenset({"type_declaration", "const_declaration", "var_declaration"})  # of members, one or more
_ONLY_FUNCTIONS = frozenset({"pair", "field_definition", "public_field_definition", "field"})  # of the members
_PROTOTYPES = frozenset({"declaration", "field_declaration"})  # of C and C++: variables are no members
_RUBY_ACCESSORS = frozenset({"attr_accessor", "attr_reader", "attr_writer", "define_method", "alias_method"})
_WITHOUT_FIELD = frozenset({"parenthesized_declarator", "reference_declarator"})
_NAME_FIELDS = ("name", "declarator", "pattern", "left", "key", "property", "constructor")
_MEMBER_NAME = re.compile(r"[@$:]?[^\W\d][\w.:~\-]*[!?=]?$")
_TYPE_ARGUMENTS = re.compile(r"<[^<>]*>")


def find_definitions(root: Node, language: Language) -> list[tuple[int, str]]:
    """The row and dotted name of all that a file defines outside its functions, in order; none for prose and data."""
    members = _MEMBERS.get(language.name)
    if members is None:
        return []
    naming = members | language.wrappers | set(language.definitions)
    found: list[tuple[int, str]] = []
    stack = [(root, "", False)]
    while stack:
        node, scope, in_function = stack.pop()
        name, kind, inner = "", "", node
        if node.type in naming:
            name, kind, inner = read_definition(node, language, in_function=in_function)
            if node.type in _GROUPS_OF_GO and language.name == "go":
                name = ""
            names = [name] if name else []
            if node.type in members and not in_function:
                names += [member for member in _member_names(node, language) if member not in names]
            found += [(node.start_point.row, f"{scope}.{each}" if scope else each) for each in names]
            if (
                kind in FUNCTIONS and kind != "assignment" and language.name != "zig"
            ):  # Zig's types are functions' values
                continue
        if name:
            scope = f"{scope}.{name}" if scope else name
        in_function = in_function or kind in FUNCTIONS or inner.type in _CLOSURES
        for child in reversed(inner.named_children):
            if child.named_child_count and child.type not in _BARREN:
                stack.append((child, scope, in_function))
    return found


def read_definition(node: Node, language: Language, *, in_function: bool) -> tuple[str, str, Node]:
    """Name and kind of the definition that ``node`` is or wraps, and that definition; empty names if it is none.

    Variables inside a function are no definitions: the lines belong to the function.
    """
    if node.type in language.wrappers:
        for child in node.named_children:
            name, kind, inner = read_definition(child, language, in_function=in_function)
            if name:
                return name, kind, inner
        return "", "", node
    kind = language.definitions.get(node.type, "")
    if not kind or (in_function and kind in _VARIABLES):
        return "", "", node
    if language.name == "elixir":
        name, kind = _elixir_definition(node)
        return name, kind, node
    if node.type in _TYPES_OF_C and node.child_by_field_name("body") is None:  # `struct node *next` names another one
        return "", "", node
    name = _name(node, language)
    if node.type == "class_declaration":  # Swift's says what it is: class, struct, enum, actor or extension
        kind = _text(node.child_by_field_name("declaration_kind")) or kind
    # `_` is how Go and others say "no name"; a pattern such as `{ a, b }` is none either.
    return (name, kind, node) if name.strip("_") and name[0] not in "{[(&*," else ("", "", node)


def _name(node: Node, language: Language) -> str:
    """The name a definition gives: its ``name`` field, else down its declarator, else by node type."""
    if node.type == "impl_item":  # impl Trait for Type: the type is what people look for
        return _text(node.child_by_field_name("type"))
    if node.type in ("lexical_declaration", "variable_declaration", "expression_statement", "assignment_statement"):
        return _assigned_name(node)
    for field in ("name", "declarator", "pattern"):
        found = node.child_by_field_name(field)
        if found is not None:
            return _receiver(node) + _text(_innermost(found))
    for child in node.named_children:
        if child.type in language.names:
            inner_name = child.child_by_field_name("name")
            if child.type == "variable_declaration":  # Kotlin's, which holds the type too
                inner_name = child.named_children[0] if child.named_children else None
            return _text(inner_name if inner_name is not None else child)
    return ""


def _innermost(declarator: Node) -> Node:
    """What a declarator declares: `handler` of ``(*handler)(int)``."""
    while True:
        inner = declarator.child_by_field_name("declarator") or declarator.child_by_field_name("bound_identifier")
        if inner is None and declarator.type in _WITHOUT_FIELD and declarator.named_children:
            inner = declarator.named_children[-1]
        if inner is None:
            return declarator
        declarator = inner


def _receiver(node: Node) -> str:
    """``Store.`` of Go's ``func (s *Store[T]) Get()``; nothing elsewhere."""
    parameters = node.child_by_field_name("receiver") if node.type == "method_declaration" else None
    kind = (
        parameters.named_children[0].child_by_field_name("type") if parameters and parameters.named_children else None
    )
    while kind is not None and kind.type in ("pointer_type", "generic_type", "parenthesized_type"):
        kind = kind.named_children[0]
    return f"{_text(kind)}." if kind is not None else ""


def _assigned_name(node: Node) -> str:
    """Name of a variable that a statement defines; assignments count only where the value is a function."""
    for child in node.named_children:
        if child.type == "variable_declarator":
            return _text(child.child_by_field_name("name"))
        if child.type == "assignment_expression":
            value = child.child_by_field_name("right")
            if value is not None and value.type in _FUNCTION_VALUES:
                return _text(child.child_by_field_name("left")).replace(".prototype.", ".")
        if child.type == "variable_list":  # Lua: M.setup = function(...)
            values = node.named_children[-1]
            if values.named_children and values.named_children[0].type in _FUNCTION_VALUES:
                return _text(child)
        if child.type == "identifier" and node.type == "variable_declaration":  # Zig
            return _text(child)
    return ""


def _elixir_definition(node: Node) -> tuple[str, str]:
    target = node.child_by_field_name("target")
    kind = ELIXIR_DEFINERS.get(_text(target), "")
    arguments = next((child for child in node.named_children if child.type == "arguments"), None)
    if not kind or arguments is None or not arguments.named_children:
        return "", ""
    head = arguments.named_children[0]
    while head.type in ("call", "binary_operator"):  # `def run(x) when x > 0`: the name is the innermost target
        inner = head.child_by_field_name("target") or head.child_by_field_name("left")
        if inner is None:
            break
        head = inner
    name = _text(head)
    return (name, kind) if name != "unquote" else ("", "")  # a name that is made when it is compiled


def _member_names(node: Node, language: Language) -> Iterator[str]:
    """The names that a member gives, several where it declares several; none if it is not worth one."""
    if node.type in _ONLY_FUNCTIONS and language.name != "haskell":
        value = node.child_by_field_name("value")
        if value is None or value.type not in _FUNCTION_VALUES:
            return
    if node.type == "preproc_def" and node.child_by_field_name("value") is None:  # guards a header
        return
    if language.name == "ruby" and node.type == "call":
        if _text(node.child_by_field_name("method")) in _RUBY_ACCESSORS:
            symbols = node.child_by_field_name("arguments")
            for symbol in symbols.named_children if symbols is not None else ():
                if symbol.type == "simple_symbol":
                    yield _text(symbol).lstrip(":")
        return
    if language.name in ("c", "cpp") and node.type in _PROTOTYPES:
        names = [name for name in node.children_by_field_name("declarator") if _is_prototype(name)]
    else:
        names = next((found for field in _NAME_FIELDS if (found := node.children_by_field_name(field))), [])
    if not names and node.type in ("const_element", "enum_case"):  # PHP gives them no field
        names = [child for child in node.named_children if child.type == "name"][:1]
    if not names:  # C# keeps its declarators one deeper
        names = [
            child
            for declaration in node.named_children
            if declaration.type == "variable_declaration"
            for child in declaration.named_children
            if child.type == "variable_declarator"
        ]
    for declared in names:
        inner = declared.child_by_field_name("name")
        name = _text(_innermost(inner if inner is not None else declared))
        if (
            _MEMBER_NAME.match(name)
            and name != "_"
            and (node.type != "assignment" or language.name != "ruby" or name[0].isupper())
        ):
            yield name


def _is_prototype(declarator: Node) -> bool:
    while declarator.type in ("pointer_declarator", "reference_declarator") and declarator.named_children:
        declarator = declarator.named_children[-1]
    return declarator.type == "function_declarator"


def _text(node: Node | None) -> str:
    """A node's source as a name: one line, without quotes, type arguments and a heading's marks."""
    if node is None or node.text is None:
        return ""
    name = node.text.decode("utf-8", "replace").strip().split("\n", 1)[0]
    if node.type.endswith("heading"):
        return name.strip("\"'#= ")[:_MAX_NAME_CHARS]
    name = name.strip("\"' ")
    if name.startswith("(") and name.endswith(")"):  # Haskell's operators
        name = name[1:-1]
    if name[:1].isalpha() and "operator" not in name:
        while (shorter := _TYPE_ARGUMENTS.sub("", name)) != name:
            name = shorter
        name = name.partition("<")[0]  # the rest of it is on the next line
    return name[:_MAX_NAME_CHARS]
