"""What a type's node says in each grammar: what it inherits from, and its members; and what a statement throws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .nodes import PLAIN_NAME, SCRIPT, Member, child_of, children_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_THROWS = frozenset(("throw_statement", "throw_expression", "raise_statement"))


def read_bases(node: Node, language: str) -> tuple[Sequence[str], int]:
    """What a type says that it inherits from, the superclass alone where the grammar tells it; and how many in all."""
    names: list[str] = []
    n_others = 0
    if language == "python":
        listed = node.child_by_field_name("superclasses") if node.type == "class_definition" else None
        children = listed.named_children if listed is not None else []
        names = [text_of(child) for child in children if child.type in ("identifier", "attribute")]
        n_others = sum(child.type not in ("identifier", "attribute", "keyword_argument") for child in children)
    elif language in SCRIPT:
        heritage = child_of(node, "class_heritage")
        clause = child_of(heritage, "extends_clause") or heritage
        if (
            clause is not None
            and clause.named_children
            and clause.named_children[0].type
            in (
                "identifier",
                "member_expression",
            )
        ):
            names = [text_of(clause.named_children[0])]
    elif language == "java":
        superclass = node.child_by_field_name("superclass")
        names = [text_of(superclass.named_children[0])] if superclass is not None else []
    elif language == "php":
        names = [
            text_of(child) for child in (child_of(node, "base_clause") or node).named_children if child.type == "name"
        ]
        names = names if child_of(node, "base_clause") is not None else []
    elif language == "ruby":
        superclass = node.child_by_field_name("superclass")
        names = [text_of(superclass.named_children[0])] if superclass is not None and node.type == "class" else []
    elif language == "cpp":
        names = [text_of(c) for c in children_of(child_of(node, "base_class_clause")) if c.type != "access_specifier"]
    elif language == "csharp":
        names = [text_of(child) for child in children_of(child_of(node, "base_list"))]
    elif language == "kotlin":
        specifiers = children_of(child_of(node, "delegation_specifiers"))
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


def read_members(node: Node, language: str) -> Sequence[Member]:
    """The members of an enumeration in their order; none for anything else."""
    if language == "python":
        bases, _ = read_bases(node, language)
        if not any(base.rpartition(".")[2] in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag") for base in bases):
            return ()
        statements = [s.named_children[0] for s in children_of(node.child_by_field_name("body")) if s.named_children]
        assigned = [s.child_by_field_name("left") for s in statements if s.type == "assignment"]
        return [_member(left) for left in assigned if left is not None and PLAIN_NAME.match(text_of(left))]
    if language == "swift":
        body = child_of(node, "enum_class_body")
        entries = [entry for entry in children_of(body) if entry.type == "enum_entry"]
        return [_member(name) for entry in entries for name in entry.children_by_field_name("name")]
    if language == "haskell":
        constructors = node.child_by_field_name("constructors") if node.type == "data_type" else None
        each = [child.child_by_field_name("constructor") for child in children_of(constructors)]
        return [_member(one.child_by_field_name("name")) for one in each if one is not None]
    body = child_of(node, "enum_class_body") if language == "kotlin" else node.child_by_field_name("body")
    if "enum" not in node.type and (language != "kotlin" or body is None):
        return ()
    found = []
    for child in children_of(body):
        if child.type in ("property_identifier",):
            found.append(_member(child))
        elif re.search(r"enum(erator|_constant|_member|_variant|_case|_assignment|_entry)", child.type):
            found.append(_member(child.child_by_field_name("name") or child_of(child, "identifier")))
        elif child.type == "enum_case_definitions":
            found += [_member(case.child_by_field_name("name")) for case in child.named_children]
    return [member for member in found if member.name]


def _member(node: Node | None) -> Member:
    return Member(text_of(node), node.start_point.row + 1 if node is not None else 0)


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
        arguments = node.child_by_field_name("arguments") or child_of(node, "arguments")
        thrown = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        return _type_name(text_of(thrown).removesuffix(".new") if thrown is not None else "")
    elif language == "kotlin" and node.type == "throw_expression":
        thrown = node.named_children[-1] if node.named_children else None
    else:
        return None
    if thrown is None:
        return ""
    for name in ("constructor", "type"):
        if (inner := thrown.child_by_field_name(name)) is not None:
            return _type_name(text_of(inner))
    if (called := thrown.child_by_field_name("function")) is not None:  # a type's own call, no factory's
        found = _type_name(text_of(called))
        return found if re.split(r"[.:\\]", found)[-1][:1].isupper() else ""
    if (
        thrown.type in ("object_creation_expression", "call_expression", "instance_expression")
        and thrown.named_children
    ):
        return _type_name(text_of(thrown.named_children[0]))
    return _type_name(text_of(thrown)) if language == "python" else ""


def _type_name(source: str) -> str:
    found = re.match(r"^([A-Za-z_][\w.:\\]*)", source)
    name = re.split(r"<|\(", found[1])[0].removesuffix(".new") if found else ""
    return (
        name if name.replace("::", ".").replace("\\", ".").rpartition(".")[2][:1].isupper() or _has_type(name) else ""
    )


def _has_type(name: str) -> bool:
    """`LockedError.x`, a case of a type, names the type."""
    return "." in name and name[:1].isupper()
