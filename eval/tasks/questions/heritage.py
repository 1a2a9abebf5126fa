"""What a type's node says in each grammar: what it inherits from, and its members; and what a statement throws."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .nodes import PLAIN_NAME, SCRIPT, Member, child_of, children_of, field_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ENUMERATIONS_OF_PYTHON = frozenset(("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"))
_ENTRY = re.compile(r"enum(?:erator|_constant|_member|_variant|_case|_assignment|_entry)")


def read_bases(node: Node, language: str) -> tuple[Sequence[str], int]:
    """What a type says that it inherits from, the superclass alone where the grammar tells it; and how many in all."""
    named = _BASES[language](node) if language in _BASES else ()
    names = [re.sub(r"<.*|\[.*", "", name, flags=re.S).strip() for name in named]
    return [name for name in names if re.fullmatch(r"[\w.:\\]+", name)], len(names)


def _bases_of_python(node: Node) -> list[str]:
    """An empty name for what is no plain one."""
    listed = node.child_by_field_name("superclasses") if node.type == "class_definition" else None
    given = [child for child in children_of(listed) if child.type != "keyword_argument"]
    return [text_of(child) if child.type in ("identifier", "attribute") else "" for child in given]


def _bases_of_script(node: Node) -> list[str]:
    heritage = child_of(node, "class_heritage")
    first = children_of(child_of(heritage, "extends_clause") or heritage)[:1]
    return [text_of(child) for child in first if child.type in ("identifier", "member_expression")]


def _bases_of_cpp(node: Node) -> list[str]:
    clause = children_of(child_of(node, "base_class_clause"))
    return [text_of(child) for child in clause if child.type != "access_specifier"]


def _bases_of_kotlin(node: Node) -> list[str]:
    return [re.split(r"[(\s]", text)[0] for text in _texts(child_of(node, "delegation_specifiers"))]


def _bases_of_scala(node: Node) -> list[str]:
    extend = node.child_by_field_name("extend")
    names = [text_of(child) for child in extend.children_by_field_name("type")] if extend is not None else []
    return [name for name in names if name != "with"]


def _texts(node: Node | None, kind: str = "") -> list[str]:
    """The source of each named child, of a type or of any."""
    return [text_of(child) for child in children_of(node) if kind in ("", child.type)]


_BASES: Mapping[str, Callable[[Node], Sequence[str]]] = {
    "python": _bases_of_python,
    **dict.fromkeys(SCRIPT, _bases_of_script),
    **dict.fromkeys(("java", "ruby"), lambda node: _texts(node.child_by_field_name("superclass"))[:1]),
    "php": lambda node: _texts(child_of(node, "base_clause"), "name"),
    "cpp": _bases_of_cpp,
    "csharp": lambda node: _texts(child_of(node, "base_list")),
    "kotlin": _bases_of_kotlin,
    "scala": _bases_of_scala,
    "swift": lambda node: _texts(node, "inheritance_specifier"),
}


def read_members(node: Node, language: str) -> Sequence[Member]:
    """The members of an enumeration in their order; none for anything else."""
    names = _MEMBERS.get(language, _members_of_enum)(node)
    return [Member(text_of(name), name.start_point.row + 1 if name is not None else 0) for name in names]


def _members_of_python(node: Node) -> Iterator[Node]:
    bases, _ = read_bases(node, "python")
    if any(base.rpartition(".")[2] in _ENUMERATIONS_OF_PYTHON for base in bases):
        for statement in children_of(node.child_by_field_name("body")):
            for assignment in statement.named_children[:1]:
                left = assignment.child_by_field_name("left") if assignment.type == "assignment" else None
                if left is not None and PLAIN_NAME.match(text_of(left)):
                    yield left


def _members_of_swift(node: Node) -> Iterator[Node]:
    for entry in children_of(child_of(node, "enum_class_body")):
        if entry.type == "enum_entry":
            yield from entry.children_by_field_name("name")


def _members_of_haskell(node: Node) -> Iterator[Node | None]:
    if node.type == "data_type":
        for child in children_of(node.child_by_field_name("constructors")):
            if (constructor := child.child_by_field_name("constructor")) is not None:
                yield constructor.child_by_field_name("name")


def _members_of_enum(node: Node) -> Iterator[Node]:
    return _members_in(node.child_by_field_name("body") if "enum" in node.type else None)


def _members_in(body: Node | None) -> Iterator[Node]:
    for child in children_of(body):
        names: list[Node | None] = []
        if child.type == "property_identifier":
            names = [child]
        elif _ENTRY.search(child.type):
            names = [child.child_by_field_name("name") or child_of(child, "identifier")]
        elif child.type == "enum_case_definitions":
            names = [case.child_by_field_name("name") for case in child.named_children]
        yield from (name for name in names if name is not None and text_of(name))


_MEMBERS: Mapping[str, Callable[[Node], Iterator[Node | None]]] = {
    "python": _members_of_python,
    "swift": _members_of_swift,
    "haskell": _members_of_haskell,
    "kotlin": lambda node: _members_in(child_of(node, "enum_class_body")),
}


def read_thrown(node: Node, language: str) -> str | None:
    """The type that a throwing statement names, an empty string where it names none; None for other nodes."""
    return _THROWN.get(language, _thrown_by_statement)(node)


def _thrown_by_statement(node: Node) -> str | None:
    """What a new object is of: `throw new Gone(…)`, `throw Gone(…)`."""
    if node.type not in ("throw_statement", "throw_expression"):
        return None
    thrown = _last_child(node)
    if thrown is None:
        return ""
    if (inner := field_of(thrown, "constructor", "type")) is not None:
        return _type_name(text_of(inner))
    if (called := thrown.child_by_field_name("function")) is not None:
        return _called_type(called)
    is_new = thrown.type in ("object_creation_expression", "call_expression", "instance_expression")
    return _type_name(text_of(thrown.named_children[0])) if is_new and thrown.named_children else ""


def _thrown_in_python(node: Node) -> str | None:
    if node.type != "raise_statement":
        return None
    thrown = _last_child(node)
    called = thrown.child_by_field_name("function") if thrown is not None else None
    return _called_type(called) if called is not None else _type_name(text_of(thrown))


def _thrown_in_swift(node: Node) -> str | None:
    is_throw = node.type == "control_transfer_statement" and text_of(node).startswith("throw ")
    return _type_name(text_of(_last_child(node))) if is_throw else None


def _thrown_by_call(node: Node) -> str | None:
    """Where `raise` is a function."""
    if node.type != "call" or node.child_by_field_name("receiver") is not None:
        return None
    if text_of(field_of(node, "method", "target")) not in ("raise", "raise!"):
        return None
    arguments = children_of(node.child_by_field_name("arguments") or child_of(node, "arguments"))
    return _type_name(text_of(arguments[0])) if arguments else ""


_THROWN: Mapping[str, Callable[[Node], str | None]] = {
    "python": _thrown_in_python,
    "swift": _thrown_in_swift,
    "ruby": _thrown_by_call,
    "elixir": _thrown_by_call,
}


def _last_child(node: Node) -> Node | None:
    return node.named_children[-1] if node.named_children else None


def _called_type(called: Node) -> str:
    """The type that is called; empty for a factory."""
    name = _type_name(text_of(called))
    return name if _last_part(name)[:1].isupper() else ""


def _type_name(source: str) -> str:
    """The name that a source begins with, if it is a type's. `LockedError.x`, a case of a type, names the type."""
    found = re.match(r"[A-Za-z_][\w.:\\]*", source)
    name = found[0].removesuffix(".new") if found is not None else ""
    return name if _last_part(name)[:1].isupper() or ("." in name and name[:1].isupper()) else ""


def _last_part(name: str) -> str:
    return re.split(r"::|[.\\]", name)[-1]
