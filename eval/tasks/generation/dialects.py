"""How each language writes a problem: its signature for the prompt, and values and types for a test program.

Types are those of ``catalogue.Problem``. In problems of several languages numbers fit 32 bits and texts are ASCII.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.tasks.python_source import parse_python

from .catalogue import Problem

_PYTHON = {"int": "int", "string": "str", "bool": "bool", "list": "list[{}]", "map": "dict[str, {}]"}
_JAVA = {"int": "int", "string": "String", "bool": "boolean", "list": "List<{}>", "map": "Map<String, {}>"}
_BOXED = _JAVA | {"int": "Integer", "bool": "Boolean"}
_GO = {"int": "int", "string": "string", "bool": "bool", "list": "[]{}", "map": "map[string]{}"}
_RUST = {
    "int": "i64",
    "string": "String",
    "bool": "bool",
    "list": "Vec<{}>",
    "map": "std::collections::HashMap<String, {}>",
}
_CPP = {
    "int": "int",
    "string": "std::string",
    "bool": "bool",
    "list": "std::vector<{}>",
    "map": "std::map<std::string, {}>",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """A language that problems are asked in. ``name`` is that of ``indexer.languages``; ``rules`` end the prompt.

    ``regex`` is what tells that code uses a library of regular expressions.
    """

    name: str
    title: str
    rules: str
    regex: str


_ONE_ARGUMENT = r"\((?:[^,()]|\([^()]*\))+\)"  # so that a function of the answer's own by that name is not meant

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "python",
            "Python",
            "Write the function with the imports that it needs, and no calls of it.",
            r"(?:^|;)\s*(?:from\s+(?:re|regex)\b|import\s[^;\n]*\b(?:re|regex)\b)|\b__import__\b|\bimportlib\b",
        ),
        Dialect(
            "javascript",
            "JavaScript",
            "It runs in Node. Write the function, and no calls of it.",
            rf"\bRegExp\b|\.(?:match|matchAll|search|test|exec){_ONE_ARGUMENT}",
        ),
        Dialect(
            "java",
            "Java",
            "Put it into a public class `Solution`, without a `main`.",
            rf"\bjava\.util\.regex\b|\bPattern\.(?:compile|matches)\(|\.matches{_ONE_ARGUMENT}",
        ),
        Dialect(
            "go",
            "Go",
            "Write it in `package main`, with the imports that it needs and without a `main`.",
            r'"regexp(?:/syntax)?"',
        ),
        Dialect(
            "rust",
            "Rust",
            "Use nothing but the standard library. Write the function, without a `main`.",
            r"\bregex::",
        ),
        Dialect(
            "cpp",
            "C++",
            "It is C++17. Write the function with the headers that it needs, without a `main`.",
            r"<regex\b|\bw?regex(?:\s+\w+)?\s*[({]",
        ),
    )
}


def uses_regex(code: str, language: str) -> bool:
    """Whether the code uses a library of regular expressions, as names and calls outside of comments tell.

    An import alone, of which nothing is used, does not where that compiles.
    """
    tree = parse_python(code) if language == "python" else None
    if tree is not None:
        return _reads_regex(tree)
    left_out = {"python": r"#.*", "java": r"//.*|/\*[\s\S]*?\*/|^\s*import\s+java\b.*"}
    code = re.sub(left_out.get(language, r"//.*|/\*[\s\S]*?\*/"), "", code, flags=re.MULTILINE)
    return re.search(DIALECTS[language].regex, code, re.MULTILINE) is not None


def _reads_regex(tree: ast.Module) -> bool:
    """Whether Python reads a name that an import bound to a library of regular expressions, or imports by a call."""
    bound = {"__import__", "importlib"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound.update(each.asname or each.name for each in node.names if each.name in ("re", "regex"))
        elif isinstance(node, ast.ImportFrom) and node.module in ("re", "regex"):
            bound.update(each.asname or each.name for each in node.names)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return "*" in bound or not bound.isdisjoint(read)


def name_in(problem: Problem, language: str) -> str:
    """The function's name as the language writes names: ``longest_run``, ``longestRun`` or ``LongestRun``."""
    if language in ("python", "rust", "cpp"):
        return problem.name
    first, *rest = problem.name.split("_")
    return (first.capitalize() if language == "go" else first) + "".join(word.capitalize() for word in rest)


def signature(problem: Problem, language: str) -> str:
    """The head of the function that is asked for, as the language writes it."""
    name = name_in(problem, language)
    given = problem.parameters
    if language == "python":
        inside = ", ".join(f"{each}: {type_in(kind, language)}" for each, kind in given)
        return f"def {name}({inside}) -> {type_in(problem.returns, language)}:"
    if language == "javascript":
        inside = ", ".join(each for each, _ in given)
        return f"function {name}({inside})"
    if language == "java":
        inside = ", ".join(f"{type_in(kind, language)} {_camel(each)}" for each, kind in given)
        return f"public static {type_in(problem.returns, language)} {name}({inside})"
    if language == "go":
        inside = ", ".join(f"{_camel(each)} {type_in(kind, language)}" for each, kind in given)
        return f"func {name}({inside}) {type_in(problem.returns, language)}"
    if language == "rust":
        inside = ", ".join(f"{each}: {_borrowed(kind)}" for each, kind in given)
        return f"pub fn {name}({inside}) -> {type_in(problem.returns, language)}"
    inside = ", ".join(
        f"{type_in(kind, language)} {each}" if kind in ("int", "bool") else f"const {type_in(kind, language)}& {each}"
        for each, kind in given
    )
    return f"{type_in(problem.returns, language)} {name}({inside})"


def type_in(kind: str, language: str) -> str:
    """The type as the language writes it; of JavaScript there is none."""
    names = {"python": _PYTHON, "java": _JAVA, "go": _GO, "rust": _RUST, "cpp": _CPP}[language]
    container, inner = split_type(kind)
    if not container:
        return names[kind]
    if language == "java":
        return _JAVA[container].format(_boxed(inner))
    return names[container].format(type_in(inner, language))


def split_type(kind: str) -> tuple[str, str]:
    """Container and inner type of ``list[T]`` and ``map[string,T]``; no container for the others."""
    if kind.startswith("list["):
        return "list", kind[5:-1]
    if kind.startswith("map["):
        return "map", kind[4:-1].partition(",")[2]
    return "", kind


def literal(value: Any, kind: str, language: str) -> str:
    """``value`` of that type as the language writes it."""
    container, inner = split_type(kind)
    if language in ("python", "javascript"):
        return repr(value) if language == "python" else json.dumps(value)
    if container == "list":
        items = ", ".join(literal(item, inner, language) for item in value)
        return {
            "java": f"Check.<{_boxed(inner)}>list({items})",
            "go": f"{type_in(kind, language)}{{{items}}}",
            "rust": f"vec![{items}]",
            "cpp": f"{type_in(kind, language)}{{{items}}}",
        }[language]
    if container == "map":
        pairs = [(literal(key, "string", language), literal(value[key], inner, language)) for key in value]
        return {
            "java": f"Check.<{_boxed(inner)}>map({', '.join(f'{key}, {each}' for key, each in pairs)})",
            "go": f"{type_in(kind, language)}{{{', '.join(f'{key}: {each}' for key, each in pairs)}}}",
            "rust": f"std::collections::HashMap::from([{', '.join(f'({key}, {each})' for key, each in pairs)}])",
            "cpp": f"{type_in(kind, language)}{{{', '.join(f'{{{key}, {each}}}' for key, each in pairs)}}}",
        }[language]
    text = json.dumps(value)
    if kind == "string":
        return {"rust": f"{text}.to_string()", "cpp": f"std::string({text})"}.get(language, text)
    return text


def _boxed(kind: str) -> str:
    container, inner = split_type(kind)
    return _BOXED[container].format(_boxed(inner)) if container else _BOXED[kind]


def _borrowed(kind: str) -> str:
    container, inner = split_type(kind)
    if container == "list":
        return f"&[{type_in(inner, 'rust')}]"
    if container == "map":
        return f"&{type_in(kind, 'rust')}"
    return "&str" if kind == "string" else type_in(kind, "rust")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
