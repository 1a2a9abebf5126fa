"""Test programs: the answer's code, the calls, and for each call a line that says what came of it.

A line is the marker, the number of the check, and ``ok`` or ``wrong`` with what came instead; the last one is the
marker and ``done``. What else a program prints does not matter. Nothing here runs anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from tree_sitter import Node

from eval.tasks.extraction import defined_names
from eval.tasks.python_answers import without_examples
from indexer.definitions import read_definition
from indexer.languages import get_language, parse

from .catalogue import Check, Problem, library_files
from .dialects import literal, name_in, type_in

Files = Mapping[str, str]  # names and contents

_PYTHON = """\
import json
from solution import {name} as asked

marker = {marker!r}
for number, (arguments, expected, raises) in enumerate(json.loads({checks!r})):
    try:
        got = asked(*arguments)
        verdict = json.loads(json.dumps(got)) == expected if not raises else False
    except (KeyboardInterrupt, SystemExit, MemoryError, RecursionError):
        raise
    except Exception as error:
        got = "%s: %s" % (type(error).__name__, error)
        verdict = bool(raises) and raises in [above.__name__ for above in type(error).__mro__]
    print("\\n" + marker, number, "ok" if verdict else "wrong " + ascii(got)[:200], flush=True)
print(marker, "done", flush=True)
"""

_JAVASCRIPT = """\
;{
  const quarrySort = (value) => {
    if (value instanceof Map) value = Object.fromEntries(value);
    if (Array.isArray(value)) return value.map(quarrySort);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, quarrySort(value[key])]));
  };
  const quarryText = (value) => String(JSON.stringify(quarrySort(value)));
  const quarryAsked = typeof NAME === "function" ? NAME : module.exports.NAME || module.exports;
  CHECKS.forEach(([given, expected], number) => {
    let got;
    try { got = quarryText(quarryAsked(...given)); } catch (error) { got = String(error); }
    console.log("\\nMARKER " + number + (got === quarryText(expected) ? " ok" : " wrong " + got.slice(0, 200)));
  });
  console.log("MARKER done");
}
"""

_JAVA = """\
import java.util.*;

public class Check {
    @SafeVarargs
    static <T> List<T> list(T... items) { return new ArrayList<>(Arrays.asList(items)); }

    @SuppressWarnings("unchecked")
    static <T> Map<String, T> map(Object... pairs) {
        Map<String, T> made = new HashMap<>();
        for (int at = 0; at < pairs.length; at += 2) made.put((String) pairs[at], (T) pairs[at + 1]);
        return made;
    }

    static void report(int number, Object got, Object expected) {
        String text = String.valueOf(got);
        System.out.println("\\nMARKER " + number + (Objects.equals(got, expected) ? " ok" : " wrong " + text));
    }

    public static void main(String[] arguments) {
CALLS
        System.out.println("MARKER done");
    }
}
"""

_GO = """\
package main

import (
	quarryfmt "fmt"
	quarryreflect "reflect"
)

func quarryReport(number int, got interface{}, expected interface{}) {
	verdict := "ok"
	a, b := quarryreflect.ValueOf(got), quarryreflect.ValueOf(expected)
	holds := a.Kind() == quarryreflect.Slice || a.Kind() == quarryreflect.Map
	areEmpty := holds && a.Kind() == b.Kind() && a.Len()+b.Len() == 0
	if !areEmpty && !quarryreflect.DeepEqual(got, expected) {
		verdict = quarryfmt.Sprintf("wrong %v", got)
	}
	quarryfmt.Printf("\\nMARKER %d %s\\n", number, verdict)
}

func main() {
CALLS
	quarryfmt.Println("MARKER done")
}
"""

_RUST = """\
#![allow(warnings)]
mod solution {
    include!("solution.rs");
    pub mod quarry_check {
        use super::*;
        fn report<T: PartialEq + std::fmt::Debug>(number: usize, got: T, expected: T) {
            if got == expected {
                println!("\\nMARKER {} ok", number);
            } else {
                println!("\\nMARKER {} wrong {:?}", number, got);
            }
        }
        pub fn run() {
CALLS
            println!("MARKER done");
        }
    }
}
fn main() { solution::quarry_check::run() }
"""

_CPP = """\
#include <iostream>
#include <map>
#include <string>
#include <vector>
#define main solution_main
#include "solution.hpp"
#undef main

template <typename T>
void quarry_report(int number, const T& got, const T& expected) {
    std::cout << "\\nMARKER " << number << (got == expected ? " ok" : " wrong") << std::endl;
}

int main() {
CALLS
    std::cout << "MARKER done" << std::endl;
}
"""


def write_program(problem: Problem, language: str, code: str, checks: Sequence[Check], marker: str) -> Files:
    """The files of a test program; in Python the house library lies beside it.

    A ``main`` or examples that were not asked for are left out: their mistakes are not the function's.
    """
    if language in ("go", "rust", "cpp"):
        code = _without_main(code, language)
    return _WRITERS[language](problem, code, checks, marker)


def _write_python(problem: Problem, code: str, checks: Sequence[Check], marker: str) -> Files:
    packed = json.dumps([(list(check.arguments), check.expected, check.raises) for check in checks])
    program = _PYTHON.format(name=problem.name, marker=marker, checks=packed)
    return {**library_files(), "solution.py": without_examples(code, problem.name), "check.py": program}


def _write_javascript(problem: Problem, code: str, checks: Sequence[Check], marker: str) -> Files:
    is_module = re.search(r"^(import|export)\b", code, re.M) is not None
    if is_module:
        code = _without_exports(code)
    calls = json.dumps([[list(check.arguments), check.expected] for check in checks])
    name = name_in(problem, "javascript")
    program = _JAVASCRIPT.replace("NAME", name).replace("CHECKS", calls).replace("MARKER", marker)
    return {"check.mjs" if is_module else "check.cjs": code + "\n" + program}


def _write_java(problem: Problem, code: str, checks: Sequence[Check], marker: str) -> Files:
    name = name_in(problem, "java")
    code = re.sub(r"^\s*package\s[^;]*;", "", code, flags=re.M)  # it lies beside the check
    places = [found for found in defined_names(code, "java") if found == name or found.endswith(f".{name}")]
    owner = places[0].removesuffix(name).strip(".") if places else ""
    if not owner:  # a method alone: the class that was forgotten is put around it
        imports = re.findall(r"^import\b.*$", code, re.M)
        rest = re.sub(r"^import\b.*$", "", code, flags=re.M)
        code, owner = "\n".join(imports) + f"\npublic class Solution {{\n{rest}\n}}\n", "Solution"
    code = "import java.util.*;\n" + code
    calls = _calls(
        problem,
        "java",
        checks,
        lambda number, call, expected: (
            f"try {{ report({number}, {owner}.{call}, {expected}); }} "
            f'catch (Throwable error) {{ report({number}, error, ""); }}'
        ),
    )
    return {f"{owner.split('.')[0]}.java": code, "Check.java": _JAVA.replace("CALLS", calls).replace("MARKER", marker)}


def _write_go(problem: Problem, code: str, checks: Sequence[Check], marker: str) -> Files:
    if not re.search(r"^package\b", code, re.M):
        code = "package main\n\n" + code
    code = re.sub(r"^package\b.*$", "package main", code, count=1, flags=re.M)
    calls = _calls(problem, "go", checks, lambda number, call, expected: f"quarryReport({number}, {call}, {expected})")
    return {"solution.go": code, "check.go": _GO.replace("CALLS", calls).replace("MARKER", marker)}


def _write_rust(problem: Problem, code: str, checks: Sequence[Check], marker: str) -> Files:
    returns = type_in(problem.returns, "rust")
    calls = _calls(
        problem, "rust", checks, lambda number, call, expected: f"report::<{returns}>({number}, {call}, {expected});"
    )
    code = re.sub(r"^#!\[.*\]$", "", code, flags=re.M)  # only the head of a crate may have these
    return {"solution.rs": code, "check.rs": _RUST.replace("CALLS", calls).replace("MARKER", marker)}


def _write_cpp(problem: Problem, code: str, checks: Sequence[Check], marker: str) -> Files:
    returns = type_in(problem.returns, "cpp")
    calls = _calls(
        problem,
        "cpp",
        checks,
        lambda number, call, expected: f"quarry_report<{returns}>({number}, {call}, {expected});",
    )
    return {"solution.hpp": code, "check.cpp": _CPP.replace("CALLS", calls).replace("MARKER", marker)}


_WRITERS: Mapping[str, Callable[[Problem, str, Sequence[Check], str], Files]] = {
    "python": _write_python,
    "javascript": _write_javascript,
    "java": _write_java,
    "go": _write_go,
    "rust": _write_rust,
    "cpp": _write_cpp,
}


def _without_main(code: str, language: str) -> str:
    root = parse(code, language)
    content = code.encode("utf-8", "replace")
    nodes = root.named_children if root is not None else []
    mains = [each for each in nodes if read_definition(each, get_language(language), in_function=False)[0] == "main"]
    cuts = [(node.start_byte, node.end_byte, b"") for node in mains]
    rest = _replace(content, cuts)
    for path in _import_paths(nodes) if language == "go" and mains else ():  # Go compiles none that is not used
        name = re.sub(rb"/v\d+$", b"", content[path.start_byte + 1 : path.end_byte - 1]).rpartition(b"/")[2]
        given = path.parent.child_by_field_name("name") if path.parent is not None else None
        name = content[given.start_byte : given.end_byte] if given is not None else name
        if re.search(rb"\b%s\." % re.escape(name), content) and not re.search(rb"\b%s\." % re.escape(name), rest):
            start = given.start_byte if given is not None else path.start_byte
            cuts.append((start, path.end_byte, b"_ " + content[path.start_byte : path.end_byte]))
    return _replace(content, cuts).decode("utf-8", "replace")


def _import_paths(nodes: Sequence[Node]) -> list[Node]:
    """The strings that Go's import declarations name packages by."""
    pending = [node for node in nodes if node.type == "import_declaration"]
    for node in pending:
        pending += [child for child in node.named_children if child.type in ("import_spec", "import_spec_list")]
    return [path for node in pending if (path := node.child_by_field_name("path")) is not None]


def _without_exports(code: str) -> str:
    """JavaScript in which what was exported is only declared."""
    root = parse(code, "javascript")
    cuts = []
    for node in root.named_children if root is not None else ():
        if node.type == "export_statement":
            kept = node.child_by_field_name("declaration") or node.child_by_field_name("value")
            is_named = kept is not None and kept.child_by_field_name("name") is not None
            declares = is_named or (kept is not None and kept.type in ("lexical_declaration", "variable_declaration"))
            cuts.append((node.start_byte, kept.start_byte if kept is not None and declares else node.end_byte, b""))
    return _replace(code.encode("utf-8", "replace"), cuts).decode("utf-8", "replace")


def _replace(content: bytes, cuts: Sequence[tuple[int, int, bytes]]) -> bytes:
    for begin, end, text in sorted(cuts, reverse=True):
        content = content[:begin] + text + content[end:]
    return content


def _calls(problem: Problem, language: str, checks: Sequence[Check], report: Callable[[int, str, str], str]) -> str:
    """One block a check: its arguments as variables, since C++ binds no literal to a reference that may change it."""
    blocks = []
    for number, check in enumerate(checks):
        lines = []
        names = []
        for place, ((_, kind), value) in enumerate(zip(problem.parameters, check.arguments, strict=True)):
            name = f"given{place}"
            value_text = literal(value, kind, language)
            if language == "rust":
                lines.append(f"let {name}: {type_in(kind, language)} = {value_text};")
                names.append(name if kind in ("int", "bool") else f"&{name}")
            elif language == "go":
                lines.append(f"var {name} {type_in(kind, language)} = {value_text}")
                names.append(name)
            else:
                lines.append(f"{type_in(kind, language)} {name} = {value_text};")
                names.append(name)
        call = f"{name_in(problem, language)}({', '.join(names)})"
        lines.append(report(number, call, literal(check.expected, problem.returns, language)))
        blocks.append("{ " + ("\n" if language == "go" else " ").join(lines) + " }")
    return "\n".join(blocks)
