"""One table: which files are which language, and which nodes of its grammar are definitions.

A grammar is loaded when its first file is met. Languages without a row here are split as plain text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import PurePosixPath

from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from .macros import blank_macros, holds_cpp

MAX_PARSE_SECONDS = 2.0  # 1 MB, the largest file that is indexed, takes 0.1 s
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Language:
    """A grammar and how to read it.

    ``definitions`` maps node types to the kind that users see; ``wrappers`` are nodes that hold a definition
    together with its decorators, export or template head; ``names`` are the node types to try where the
    grammar gives a definition no field called ``name``.
    """

    name: str
    module: str
    suffixes: tuple[str, ...]
    definitions: Mapping[str, str]
    wrappers: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    factory: str = "language"
    file_names: tuple[str, ...] = field(default=())


_JAVASCRIPT = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "class_declaration": "class",
    "method_definition": "method",
    "lexical_declaration": "variable",
    "variable_declaration": "variable",
    # app.use = function use() {...}: how half of npm defines its functions
    "expression_statement": "assignment",
}
_TYPESCRIPT = _JAVASCRIPT | {
    "abstract_class_declaration": "class",
    "public_field_definition": "property",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "module": "namespace",
}
_C = {
    "function_definition": "function",
    "struct_specifier": "struct",
    "union_specifier": "union",
    "enum_specifier": "enum",
    "type_definition": "type",
    "preproc_function_def": "macro",
}
_C_NAMES = ("identifier", "field_identifier", "type_identifier")

LANGUAGES: tuple[Language, ...] = (
    Language(
        "python",
        "tree_sitter_python",
        (".py", ".pyi", ".pyw"),
        {"function_definition": "function", "class_definition": "class"},
        wrappers=frozenset({"decorated_definition"}),
    ),
    Language(
        "javascript",
        "tree_sitter_javascript",
        (".js", ".jsx", ".mjs", ".cjs"),
        _JAVASCRIPT,
        wrappers=frozenset({"export_statement"}),
    ),
    Language(
        "typescript",
        "tree_sitter_typescript",
        (".ts", ".mts", ".cts"),
        _TYPESCRIPT,
        wrappers=frozenset({"export_statement", "ambient_declaration"}),
        factory="language_typescript",
    ),
    Language(
        "tsx",
        "tree_sitter_typescript",
        (".tsx",),
        _TYPESCRIPT,
        wrappers=frozenset({"export_statement", "ambient_declaration"}),
        factory="language_tsx",
    ),
    Language(
        "go",
        "tree_sitter_go",
        (".go",),
        {
            "function_declaration": "function",
            "method_declaration": "method",
            "type_declaration": "type",
            "const_declaration": "constant",
            "var_declaration": "variable",
        },
        names=("type_spec", "type_alias", "const_spec", "var_spec"),
    ),
    Language(
        "rust",
        "tree_sitter_rust",
        (".rs",),
        {
            "function_item": "function",
            "struct_item": "struct",
            "enum_item": "enum",
            "union_item": "union",
            "trait_item": "trait",
            "impl_item": "impl",
            "mod_item": "module",
            "macro_definition": "macro",
            "type_item": "type",
            "const_item": "constant",
            "static_item": "constant",
        },
    ),
    Language(
        "java",
        "tree_sitter_java",
        (".java",),
        {
            "class_declaration": "class",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "record_declaration": "record",
            "annotation_type_declaration": "annotation",
            "method_declaration": "method",
            "constructor_declaration": "constructor",
        },
    ),
    Language("c", "tree_sitter_c", (".c", ".h"), _C, names=_C_NAMES),
    Language(
        "cpp",
        "tree_sitter_cpp",
        (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp", ".inl"),
        _C
        | {
            "class_specifier": "class",
            "namespace_definition": "namespace",
            "alias_declaration": "type",
            "concept_definition": "concept",
        },
        wrappers=frozenset({"template_declaration"}),
        names=(*_C_NAMES, "qualified_identifier", "operator_name"),
    ),
    Language(
        "csharp",
        "tree_sitter_c_sharp",
        (".cs",),
        {
            "class_declaration": "class",
            "struct_declaration": "struct",
            "record_declaration": "record",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "delegate_declaration": "delegate",
            "method_declaration": "method",
            "constructor_declaration": "constructor",
            "property_declaration": "property",
            "namespace_declaration": "namespace",
        },
    ),
    Language(
        "ruby",
        "tree_sitter_ruby",
        (".rb", ".rake", ".gemspec", ".ru"),
        {"method": "method", "singleton_method": "method", "class": "class", "module": "module"},
        file_names=("Rakefile", "Gemfile"),
    ),
    Language(
        "php",
        "tree_sitter_php",
        (".php",),
        {
            "function_definition": "function",
            "method_declaration": "method",
            "class_declaration": "class",
            "interface_declaration": "interface",
            "trait_declaration": "trait",
            "enum_declaration": "enum",
        },
        factory="language_php",
    ),
    Language(
        "kotlin",
        "tree_sitter_kotlin",
        (".kt", ".kts"),
        {
            "function_declaration": "function",
            "class_declaration": "class",
            "object_declaration": "object",
            "property_declaration": "property",
            "type_alias": "type",
        },
        names=("identifier", "variable_declaration"),
    ),
    Language(
        "scala",
        "tree_sitter_scala",
        (".scala", ".sc"),
        {
            "function_definition": "function",
            "function_declaration": "function",
            "class_definition": "class",
            "object_definition": "object",
            "trait_definition": "trait",
            "enum_definition": "enum",
            "type_definition": "type",
            "given_definition": "given",
            "package_object": "object",
            "val_definition": "variable",
        },
    ),
    Language(
        "swift",
        "tree_sitter_swift",
        (".swift",),
        {
            "function_declaration": "function",
            "class_declaration": "class",
            "protocol_declaration": "protocol",
            "init_declaration": "initializer",
            "typealias_declaration": "type",
            "property_declaration": "property",
            "protocol_function_declaration": "function",
        },
        names=("simple_identifier", "type_identifier", "user_type"),
    ),
    Language(
        "bash",
        "tree_sitter_bash",
        (".sh", ".bash", ".zsh", ".bats", ".ksh"),
        {"function_definition": "function"},
    ),
    Language(
        "lua",
        "tree_sitter_lua",
        (".lua",),
        {"function_declaration": "function", "assignment_statement": "assignment"},
        wrappers=frozenset({"variable_declaration"}),
        names=("variable_list",),
    ),
    Language(
        "elixir",
        "tree_sitter_elixir",
        (".ex", ".exs"),
        # Everything in Elixir is a call; chunking keeps those whose target is one of ELIXIR_DEFINERS.
        {"call": "definition"},
    ),
    Language(
        "haskell",
        "tree_sitter_haskell",
        (".hs",),
        {
            "function": "function",
            "bind": "function",
            "signature": "signature",
            "data_type": "type",
            "newtype": "type",
            "type_synonym": "type",
            "type_family": "type",
            "data_family": "type",
            "class": "class",
            "instance": "instance",
        },
    ),
    Language(
        "zig",
        "tree_sitter_zig",
        (".zig",),
        {"function_declaration": "function", "variable_declaration": "variable", "test_declaration": "test"},
        names=("identifier", "string"),
    ),
    Language(
        "sql",
        "tree_sitter_sql",
        (".sql",),
        {
            "create_table": "table",
            "create_view": "view",
            "create_function": "function",
            "create_index": "index",
            "create_trigger": "trigger",
            "create_type": "type",
        },
        wrappers=frozenset({"statement"}),
        names=("object_reference", "identifier"),
    ),
    Language("html", "tree_sitter_html", (".html", ".htm"), {}),
    Language("css", "tree_sitter_css", (".css",), {"rule_set": "rule"}, names=("selectors",)),
    Language("json", "tree_sitter_json", (".json",), {}),
    Language("yaml", "tree_sitter_yaml", (".yaml", ".yml"), {}),
    Language(
        "toml",
        "tree_sitter_toml",
        (".toml",),
        {"table": "table", "table_array_element": "table"},
        names=("dotted_key", "bare_key", "quoted_key"),
    ),
    Language(
        "markdown",
        "tree_sitter_markdown",
        (".md", ".markdown", ".mdx"),
        {"section": "section"},
        names=("atx_heading", "setext_heading"),
    ),
)

ELIXIR_DEFINERS: Mapping[str, str] = {
    "defmodule": "module",
    "def": "function",
    "defp": "function",
    "defmacro": "macro",
    "defmacrop": "macro",
    "defprotocol": "protocol",
    "defimpl": "impl",
    "defdelegate": "function",
    "defguard": "macro",
    "defguardp": "macro",
    "test": "test",
    "describe": "test",
}

_BY_NAME = {language.name: language for language in LANGUAGES}
_BY_SUFFIX = {suffix: language.name for language in LANGUAGES for suffix in language.suffixes}
_BY_FILE_NAME = {name: language.name for language in LANGUAGES for name in language.file_names}


def detect_language(path: str) -> str | None:
    """Name of the language of ``path`` by its name alone, or None where it has no row."""
    pure = PurePosixPath(path)
    return _BY_FILE_NAME.get(pure.name) or _BY_SUFFIX.get(pure.suffix.lower())


def language_of_text(path: str, language: str | None, text: str) -> str | None:
    """``language``, but C++ for a header that is named as C's and holds words of C++ alone."""
    if language == "c" and path.endswith(".h") and holds_cpp(text):
        return "cpp"
    return language


def get_language(name: str) -> Language:
    """The row of a language; KeyError for a name that is not in the table."""
    return _BY_NAME[name]


def parse(text: str, language: str) -> Node | None:
    """The root of the syntax tree of ``text``, or None where the grammar makes nothing of it in time.

    Broken files can keep a grammar busy for minutes; they are not worth it. Any other file gives a tree, with
    error nodes where it does not parse. The time is the processor's: a busy machine gives the same trees.
    """
    content = text.encode("utf-8", "replace")
    if language in ("c", "cpp"):
        content = blank_macros(content)
    deadline = time.thread_time() + MAX_PARSE_SECONDS
    parser = get_parser(language)
    try:
        return parser.parse(
            lambda offset, _: content[offset : offset + _READ_BYTES],
            progress_callback=lambda offset, has_error: time.thread_time() > deadline,
        ).root_node
    except ValueError:  # how the binding says that the callback stopped it
        parser.reset()
        return None


@cache
def get_parser(name: str) -> Parser:
    """A parser for a language of the table, made once a process."""
    language = _BY_NAME[name]
    factory = getattr(import_module(language.module), language.factory)
    return Parser(Grammar(factory()))
