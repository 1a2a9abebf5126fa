"""What a definition's node says in each grammar: parameters with defaults, return type, bases, members, constants.

What is not plain is left out: a pattern in place of a parameter's name, a default that is no literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .literals import is_literal

if TYPE_CHECKING:
    from tree_sitter import Node

_C_LIKE = frozenset(("c", "cpp"))
_SCRIPT = frozenset(("javascript", "typescript", "tsx"))
_NAME = re.compile(r"^\$?[^\W\d]\w*[!?]?$")
_CONSTANT_NAME = re.compile(r"^_?[A-Z][A-Z0-9_]{2,}$")
_RECEIVERS = {"python": ("self", "cls"), "rust": ("self",), "typescript": ("this",), "tsx": ("this",)}
_REST = frozenset(
    "rest_pattern list_splat_pattern dictionary_splat_pattern spread_parameter splat_parameter hash_splat_parameter "
    "block_parameter variadic_parameter variadic_parameter_declaration vararg_expression optional_block_parameter".split()
)
_MARKS = frozenset(("positional_separator", "keyword_separator", "comment", "line_comment", "block_comment"))
_SPECIFIERS = re.compile(
    r"\b(?:static|inline|extern|virtual|constexpr|explicit|friend|typename|register|_Noreturn|__inline)\b"
)
_THROWS = frozenset(("throw_statement", "throw_expression", "raise_statement"))
_MAX_TYPE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter without its sigil. ``default`` is the source of its default, empty without one."""

    name: str
    default: str
    line: int


@dataclass(frozen=True, slots=True)
class Member:
    """A name with its line, 1-based: a member of an enumeration, a type that is thrown."""

    name: str
    line: int


def text_of(node: Node | None) -> str:
    """A node's source, empty for None."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


# --- parameters ---


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
        arguments = _child(head, "arguments") if head is not None else None
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
        named = _child(node, "identifier") or _child(node, "simple_identifier")
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
    elif language in _C_LIKE:
        named = _innermost(node.child_by_field_name("declarator"))
    elif language == "haskell" or (language == "lua" and text_of(node) == "self"):
        named = None
    else:
        named = next(
            (found for name in ("name", "pattern", "left") if (found := node.child_by_field_name(name)) is not None), None
        )
    if named is not None and named.type == "self":
        return ["self"]
    if node.type == "self_parameter":
        return ["self"]
    name = text_of(named)
    return [name.lstrip("$")] if named is not None and _NAME.match(name) else None


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


def _innermost(declarator: Node | None) -> Node | None:
    while declarator is not None:
        if declarator.type == "function_declarator":
            return None  # a pointer to a function: its name is no plain one
        inner = declarator.child_by_field_name("declarator")
        if inner is None and declarator.type == "reference_declarator" and declarator.named_children:
            inner = declarator.named_children[-1]
        if inner is None:
            return declarator
        declarator = inner
    return None


def _elixir_head(node: Node) -> Node | None:
    arguments = _child(node, "arguments")
    head = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    while head is not None and head.type == "binary_operator":
        head = head.child_by_field_name("left")
    return head if head is not None and head.type == "call" else None


def _child(node: Node | None, kind: str) -> Node | None:
    return next((child for child in node.named_children if child.type == kind), None) if node is not None else None


# --- types ---


def read_returns(node: Node, language: str) -> str:
    """The declared return type in one line, or nothing."""
    if language in _C_LIKE:
        found = _returns_of_c(node)
    elif language == "swift":
        names = node.children_by_field_name("name")
        found = text_of(names[-1]) if node.type == "function_declaration" and len(names) > 1 else ""
    elif language == "kotlin":
        parameters = _child(node, "function_value_parameters")
        after = parameters.next_named_sibling if parameters is not None else None
        found = text_of(after) if after is not None and after.type.endswith("_type") else ""
    else:
        names_of_field = {"java": "type", "csharp": "returns", "go": "result", "zig": "type"}
        where = names_of_field.get(language, "return_type")
        typed = node.child_by_field_name(where) if "declaration" in node.type or language not in names_of_field else None
        if typed is None and language in _SCRIPT:
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
    function = declarator
    while function is not None and function.type != "function_declarator":
        function = function.child_by_field_name("declarator")
    typed = node.child_by_field_name("type")
    if function is None or typed is None or _child(function, "trailing_return_type") is not None:
        return ""
    source = text_of(node)[: 400]
    head = source[: source.find(text_of(function)[:20])] if text_of(function)[:20] in source else ""
    head = " ".join(_SPECIFIERS.sub(" ", head).split())
    # A macro in front, or an attribute, is no part of the type.
    return re.sub(r"\s*\*", " *", head) if re.fullmatch(r"[\w:<>,\s*&]+", head) and len(head.split()) <= 4 else ""


def read_bases(node: Node, language: str) -> tuple[Sequence[str], int]:
    """What a type says that it inherits from, the superclass alone where the grammar tells it; and how many in all."""
    names: list[str] = []
    n_others = 0
    if language == "python":
        listed = node.child_by_field_name("superclasses") if node.type == "class_definition" else None
        children = listed.named_children if listed is not None else []
        names = [text_of(child) for child in children if child.type in ("identifier", "attribute")]
        n_others = sum(child.type not in ("identifier", "attribute", "keyword_argument") for child in children)
    elif language in _SCRIPT:
        heritage = _child(node, "class_heritage")
        clause = _child(heritage, "extends_clause") or heritage
        if clause is not None and clause.named_children and clause.named_children[0].type in (
            "identifier",
            "member_expression",
        ):
            names = [text_of(clause.named_children[0])]
    elif language == "java":
        superclass = node.child_by_field_name("superclass")
        names = [text_of(superclass.named_children[0])] if superclass is not None else []
    elif language == "php":
        names = [text_of(child) for child in (_child(node, "base_clause") or node).named_children if child.type == "name"]
        names = names if _child(node, "base_clause") is not None else []
    elif language == "ruby":
        superclass = node.child_by_field_name("superclass")
        names = [text_of(superclass.named_children[0])] if superclass is not None and node.type == "class" else []
    elif language == "cpp":
        names = [text_of(c) for c in _named(_child(node, "base_class_clause")) if c.type != "access_specifier"]
    elif language == "csharp":
        names = [text_of(child) for child in _named(_child(node, "base_list"))]
    elif language == "kotlin":
        specifiers = _named(_child(node, "delegation_specifiers"))
        names = [re.split(r"[(\s]", text_of(child))[0] for child in specifiers]
    elif language == "scala":
        extend = node.child_by_field_name("extend")
        names = [text_of(child) for child in extend.children_by_field_name("type")] if extend is not None else []
        names = [name for name in names if name != "with"]
    elif language == "swift":
        names = [text_of(child) for child in node.named_children if child.type == "inheritance_specifier"]
    names = [re.sub(r"<.*|\[.*", "", name, flags=re.S).strip() for name in names]
    plain = [name for name in names if re.fullmatch(r"[\w.:\\]+", name)]
    return plain, len(names) + n_others


def _named(node: Node | None) -> list[Node]:
    return list(node.named_children) if node is not None else []


def read_members(node: Node, language: str) -> Sequence[Member]:
    """The members of an enumeration in their order; none for anything else."""
    if language == "python":
        bases, _ = read_bases(node, language)
        if not any(base.rpartition(".")[2] in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag") for base in bases):
            return ()
        statements = [s.named_children[0] for s in _named(node.child_by_field_name("body")) if s.named_children]
        assigned = [s.child_by_field_name("left") for s in statements if s.type == "assignment"]
        return [_member(left) for left in assigned if left is not None and _NAME.match(text_of(left))]
    if language == "swift":
        body = _child(node, "enum_class_body")
        entries = [entry for entry in _named(body) if entry.type == "enum_entry"]
        return [_member(name) for entry in entries for name in entry.children_by_field_name("name")]
    if language == "haskell":
        constructors = node.child_by_field_name("constructors") if node.type == "data_type" else None
        each = [child.child_by_field_name("constructor") for child in _named(constructors)]
        return [_member(one.child_by_field_name("name")) for one in each if one is not None]
    body = _child(node, "enum_class_body") if language == "kotlin" else node.child_by_field_name("body")
    if "enum" not in node.type and (language != "kotlin" or body is None):
        return ()
    found = []
    for child in _named(body):
        if child.type in ("property_identifier",):
            found.append(_member(child))
        elif re.search(r"enum(erator|_constant|_member|_variant|_case|_assignment|_entry)", child.type):
            found.append(_member(child.child_by_field_name("name") or _child(child, "identifier")))
        elif child.type == "enum_case_definitions":
            found += [_member(case.child_by_field_name("name")) for case in child.named_children]
    return [member for member in found if member.name]


def _member(node: Node | None) -> Member:
    return Member(text_of(node), node.start_point.row + 1 if node is not None else 0)


# --- constants ---


def read_constants(node: Node, language: str, *, in_type: bool) -> Iterator[tuple[str, str, int]]:
    """Name, source of the value and line of each constant that ``node`` defines; an empty value for no literal.

    A constant is what the language says is one, or what is written in capitals where it has no word for it.
    """
    for name, value in _constant_nodes(node, language, in_type=in_type):
        source = text_of(value).strip()
        if _NAME.match(name):
            yield name, source if is_literal(source) else "", node.start_point.row + 1


def _constant_nodes(node: Node, language: str, *, in_type: bool) -> Iterator[tuple[str, Node | None]]:
    kind = node.type
    if language == "python" and kind == "assignment" or language == "ruby" and kind == "assignment":
        left = node.child_by_field_name("left")
        if left is not None and left.type in ("identifier", "constant") and _CONSTANT_NAME.match(text_of(left)):
            yield text_of(left), node.child_by_field_name("right")
    elif language in _SCRIPT and kind == "lexical_declaration" and text_of(node).startswith("const"):
        for child in node.named_children:
            name = child.child_by_field_name("name")
            if name is not None and name.type == "identifier":
                yield text_of(name), child.child_by_field_name("value")
    elif language in _SCRIPT and kind in ("field_definition", "public_field_definition"):
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        head = text_of(node).partition("=")[0]
        if re.search(r"\breadonly\b", head) or (re.search(r"\bstatic\b", head) and _CONSTANT_NAME.match(text_of(name))):
            yield text_of(name), node.child_by_field_name("value")
    elif language == "go" and kind == "const_spec":
        names, values = node.children_by_field_name("name"), node.child_by_field_name("value")
        if len(names) == 1:
            single = values.named_children[0] if values is not None and len(values.named_children) == 1 else None
            yield text_of(names[0]), single
    elif language == "rust" and kind in ("const_item", "static_item"):
        yield text_of(node.child_by_field_name("name")), node.child_by_field_name("value")
    elif language == "java" and kind in ("field_declaration", "constant_declaration"):
        modifiers = text_of(_child(node, "modifiers"))
        if kind == "constant_declaration" or ("static" in modifiers and "final" in modifiers):
            for declarator in node.children_by_field_name("declarator"):
                yield text_of(declarator.child_by_field_name("name")), declarator.child_by_field_name("value")
    elif language in _C_LIKE and kind == "preproc_def" and node.child_by_field_name("value") is not None:
        yield text_of(node.child_by_field_name("name")), node.child_by_field_name("value")
    elif language in _C_LIKE and kind in ("declaration", "field_declaration"):
        yield from _constants_of_c(node)
    elif language == "csharp" and kind == "field_declaration":
        modifiers = {text_of(child) for child in node.named_children if child.type == "modifier"}
        if "const" in modifiers or {"static", "readonly"} <= modifiers:
            for declarator in _named(_child(node, "variable_declaration")):
                if declarator.type == "variable_declarator" and len(declarator.named_children) == 2:
                    yield text_of(declarator.child_by_field_name("name")), declarator.named_children[-1]
    elif language == "php" and kind == "const_element":
        yield text_of(node.named_children[0]), node.named_children[-1]
    elif language == "kotlin" and kind == "property_declaration":
        declared = _child(node, "variable_declaration")
        is_constant = re.match(r"^(?:\w+\s+)*?const\s+val\b", text_of(node)) is not None
        if declared is not None and (is_constant or _CONSTANT_NAME.match(text_of(declared.named_children[0]))):
            yield text_of(declared.named_children[0]), node.named_children[-1]
    elif language == "scala" and kind == "val_definition":
        name = text_of(node.child_by_field_name("pattern"))
        if name[:1].isupper():
            yield name, node.child_by_field_name("value")
    elif language == "swift" and kind == "property_declaration":
        head = text_of(node).partition("=")[0]
        if re.search(r"\blet\b", head) and (not in_type or re.search(r"\bstatic\b", head)):
            yield _swift_name(node), node.child_by_field_name("value")
    elif language in ("lua", "bash") and kind in ("assignment_statement", "variable_assignment"):
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if language == "lua" and len(node.named_children) == 2:
            left, right = node.named_children
            name = left.named_children[0] if len(left.named_children) == 1 else None
            value = right.named_children[0] if len(right.named_children) == 1 else None
        if name is not None and _CONSTANT_NAME.match(text_of(name)):
            yield text_of(name), value
    elif language == "elixir" and kind == "unary_operator" and text_of(node).startswith("@"):
        operand = node.child_by_field_name("operand")
        arguments = _child(operand, "arguments")
        name_of = text_of(operand.child_by_field_name("target")) if operand is not None else ""
        if arguments is not None and len(arguments.named_children) == 1 and name_of not in _ELIXIR_RESERVED:
            yield name_of, arguments.named_children[0]
    elif language == "zig" and kind == "variable_declaration" and re.match(r"^(?:pub\s+)?const\b", text_of(node)):
        yield text_of(_child(node, "identifier")), node.named_children[-1]
    elif language == "haskell" and kind == "bind":
        match = node.child_by_field_name("match")
        yield text_of(node.child_by_field_name("name")), match.child_by_field_name("expression") if match else None


_ELIXIR_RESERVED = frozenset(
    "doc moduledoc typedoc spec type typep opaque callback macrocallback impl behaviour derive enforce_keys deprecated "
    "since compile dialyzer external_resource before_compile after_compile on_definition tag".split()
)


def _constants_of_c(node: Node) -> Iterator[tuple[str, Node | None]]:
    if not re.match(r"^(?:\w+\s+)*?(?:const|constexpr)\b", text_of(node)[:200]):
        return
    for declarator in node.children_by_field_name("declarator"):
        if declarator.type == "init_declarator":
            inner = declarator.child_by_field_name("declarator")
            yield text_of(_innermost(inner)), declarator.child_by_field_name("value")
        elif declarator.type == "field_identifier" and node.child_by_field_name("default_value") is not None:
            yield text_of(declarator), node.child_by_field_name("default_value")


def _swift_name(node: Node) -> str:
    pattern = node.child_by_field_name("name")
    return text_of(pattern.child_by_field_name("bound_identifier")) if pattern is not None else ""


# --- exceptions ---


def read_thrown(node: Node, language: str) -> str | None:
    """The type that a throwing statement names, an empty string where it names none; None for other nodes."""
    if node.type in _THROWS or (node.type == "control_transfer_statement" and text_of(node).startswith("throw ")):
        thrown = node.named_children[-1] if node.named_children else None
        if language == "swift":
            return _type_name(text_of(thrown))
    elif language in ("ruby", "elixir") and node.type == "call":
        method = text_of(node.child_by_field_name("method") or node.child_by_field_name("target"))
        if method not in ("raise", "raise!") or node.child_by_field_name("receiver") is not None:
            return None
        arguments = node.child_by_field_name("arguments") or _child(node, "arguments")
        thrown = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        return _type_name(text_of(thrown).removesuffix(".new") if thrown is not None else "")
    elif language == "kotlin" and node.type == "throw_expression":
        thrown = node.named_children[-1] if node.named_children else None
    else:
        return None
    if thrown is None:
        return ""
    for name in ("constructor", "type", "function"):
        if (inner := thrown.child_by_field_name(name)) is not None:
            return _type_name(text_of(inner))
    if thrown.type in ("object_creation_expression", "call_expression", "instance_expression") and thrown.named_children:
        return _type_name(text_of(thrown.named_children[0]))
    return _type_name(text_of(thrown)) if language == "python" else ""


def _type_name(source: str) -> str:
    found = re.match(r"^([A-Za-z_][\w.:\\]*)", source)
    name = re.split(r"<|\(", found[1])[0].removesuffix(".new") if found else ""
    return name if name.replace("::", ".").replace("\\", ".").rpartition(".")[2][:1].isupper() or _has_type(name) else ""


def _has_type(name: str) -> bool:
    """`LockedError.x`, a case of a type, names the type."""
    return "." in name and name[:1].isupper()
