"""References: the names and calls of code, by the lines they stand on."""

from __future__ import annotations

import pytest

from indexer.chunking import chunk_file
from indexer.languages import LANGUAGES, parse
from indexer.references import find_references

CALLS = {
    "python": ("def f(x):\n    # gone()\n    return outer(inner.method(x), 'said()')\n", {"outer", "method"}),
    "javascript": ("const a = outer(inner.method(new Thing(1)));\n", {"outer", "method", "Thing"}),
    "typescript": ("const a: X = outer(inner.method(new Thing<Y>(1)));\n", {"outer", "method", "Thing"}),
    "tsx": ("const a = outer(<div>{inner.method()}</div>);\n", {"outer", "method"}),
    "go": ("package a\nfunc f() { outer(inner.Method(1)) }\n", {"outer", "Method"}),
    "rust": ("fn f() { outer(inner.method::<u8>(Thing::new())); shout!(1) }\n", {"outer", "method", "new", "shout"}),
    "java": ("class A { void f() { outer(inner.method(new Thing())); } }\n", {"outer", "method", "Thing"}),
    "c": ("int f(void) { return outer(inner->method(1)); }\n", {"outer", "method"}),
    "cpp": ("int f() { return outer(ns::inner<int>(new Thing())); }\n", {"outer", "inner", "Thing"}),
    "csharp": ("class A { void F() { Outer(inner.Method(new Thing())); } }\n", {"Outer", "Method", "Thing"}),
    "ruby": ("def f\n  outer(inner.method(1))\nend\n", {"outer", "method"}),
    "php": ("<?php\nouter($inner->method(new Thing(Other::make())));\n", {"outer", "method", "Thing", "make"}),
    "kotlin": ("fun f() { outer(inner.method(1)) }\n", {"outer", "method"}),
    "scala": ("object A { def f = outer(inner.method(1)) }\n", {"outer", "method"}),
    "swift": ("func f() { outer(inner.method(1)) }\n", {"outer", "method"}),
    "bash": ('f() {\n  outer "$(inner 1)"\n}\n', {"outer", "inner"}),
    "lua": ("local function f() outer(inner.method(1)) end\n", {"outer", "method"}),
    "elixir": ("defmodule A do\n  def f(x), do: outer(Inner.method(x))\nend\n", {"outer", "method"}),
    "haskell": ("f x = outer (method x)\n", {"outer", "method"}),
    "zig": ("fn f() void { outer(inner.method(1)); }\n", {"outer", "method"}),
}


@pytest.mark.parametrize("language", sorted(CALLS))
def test_calls_are_found(language: str) -> None:
    """What is called is found by its last name, in every language with functions, and not in comments or strings."""
    code, expected = CALLS[language]
    root = parse(code, language)
    assert root is not None
    content = code.encode()
    references = find_references(root, content, language)
    calls = {name for _, name in references.calls_between(0, len(content))}
    assert expected <= calls
    assert not {"gone", "said"} & {*references.names_between(0, len(content)), *calls}


def test_a_decorator_is_called_and_what_it_is_given_is_not() -> None:
    """Plain, dotted and with arguments: the last argument is no call, though it stands last in the decorator."""
    code = "@plain\n@some.dotted\n@made(LIMITS)\n@nested(other(1), names=[LAST])\ndef f():\n    pass\n"
    root = parse(code, "python")
    assert root is not None
    calls = find_references(root, code.encode(), "python").calls_between(0, len(code))
    assert [name for _, name in calls] == ["plain", "dotted", "made", "nested", "other"]


@pytest.mark.parametrize("language", [language.name for language in LANGUAGES])
def test_every_grammar_takes_its_query(language: str) -> None:
    """No pattern names a node that the installed grammar does not have; an empty file refers to nothing."""
    root = parse("", language)
    assert root is not None
    references = find_references(root, b"", language)
    assert (references.names_between(0, 10), references.calls_between(0, 10)) == ((), [])


def test_references_belong_to_the_chunk_they_stand_in() -> None:
    """Each chunk has the names and calls of its own lines, also after characters of several bytes."""
    body = "\n".join(f"    step_{{n}}(value_{i})  # größer als 数据" for i in range(9))
    code = "\n\n".join(f"def run_{n}(x):\n{body.replace('{n}', str(n))}" for n in range(3))
    chunks = chunk_file("a.py", "", code, "python")
    assert [chunk.defines for chunk in chunks] == [("run_0",), ("run_1",), ("run_2",)]
    for n, chunk in enumerate(chunks):
        assert chunk.calls == tuple((f"step_{n}", line) for line in range(1, 10))
    assert all("value_8" in chunk.names for chunk in chunks)


def test_only_the_piece_that_begins_a_definition_defines_it() -> None:
    """A large class is cut: the piece with its head defines it, the others only belong to it."""
    methods = "\n".join(f"    def method_{i}(self):\n" + "        self.work()\n" * 20 for i in range(4))
    chunks = chunk_file("a.py", "", f"class Large:\n{methods}", "python")
    assert [chunk for chunk in chunks if "Large" in chunk.defines] == [chunks[0]]
    defined = [name for chunk in chunks for name in chunk.defines]
    assert sorted(defined) == ["Large", *(f"Large.method_{i}" for i in range(4))]
