"""Mining: pairs out of every language, none of which shows its answer in its question."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.training.comments import comment_above
from indexer.training.mining import copy_keys, mine_source
from indexer.training.mining_trees import LANGUAGES
from indexer.training.prose import split_words
from indexer.training.records import Pair, Source

SOURCE = '''"""Tools that open and close the garden gates."""

import os


class Gate:
    """A gate with one hinge and one lock."""

    def open_gate(self, key):
        """Open the gate with the given key.

        :param key: what opens it
        """
        # The hinge sticks when it has rained for long
        hinge = self.hinge or os.environ["HINGE"]
        turned = hinge.turn(key)

        def inner():
            """Say nothing about the inside."""
            return turned

        return inner() or turned.again(key, hinge, force=True, quietly=self.is_night, seconds=30)
'''


def mine(text: str = SOURCE) -> list[Pair]:
    """The pairs of a file of the package ``garden``."""
    return mine_source(Source("garden", "garden/gates.py", text))


# The first line of the code of the one function in samples/, by language: it begins with the file's name.
SAMPLES = {
    "go": "gate.go > Gate > OpenGate",
    "rust": "gate.rs > Gate > open_gate",
    "java": "Gate.java > Gate > openGate",
    "c": "gate.c > open_gate",
    "cpp": "gate.cpp > garden > Gate<K>::openGate",
    "csharp": "Gate.cs > Gate > OpenGate",
    "javascript": "gate.js > openGate",
    "typescript": "gate.ts > Gate > openGate",
    "ruby": "gate.rb > Gate > open_gate",
    "php": "Gate.php > Gate > openGate",
    "kotlin": "Gate.kt > Gate > openGate",
    "scala": "Gate.scala > Gate > openGate",
    "swift": "Gate.swift > Gate > openGate",
    "bash": "gate.sh > open_gate",
    "lua": "gate.lua > M.open_gate",
    "haskell": "Gate.hs > openGate",
}


def mine_sample(language: str, kind: str) -> list[Pair]:
    """The pairs of one kind of a language's sample."""
    name = SAMPLES[language].partition(" > ")[0]
    text = (Path(__file__).parent / "samples" / name).read_text(encoding="utf-8")
    return [pair for pair in mine_source(Source("garden", name, text)) if pair.kind == kind]


def test_code_holds_no_docstring() -> None:
    """No code side holds any docstring, also not of a nested definition or of the module."""
    codes = [p.code for p in mine()]
    assert codes
    assert not any('"""' in code or "given key" in code or "about the inside" in code for code in codes)


def test_code_begins_with_path_and_scope() -> None:
    """A function's code begins with the line that Quarry puts before a chunk."""
    [function] = [p for p in mine() if p.kind == "function" and "key" in p.query]
    assert function.query == "Open the gate with the given key"
    assert function.code.splitlines()[0] == "garden/gates.py > Gate > open_gate"


def test_symbol_is_asked_for_without_its_signature() -> None:
    """The words of a name are paired with a body that does not show the name."""
    [symbol] = [p for p in mine() if p.kind == "symbol"]
    assert symbol.query == "open gate"
    assert "open_gate" not in symbol.code


def test_comment_is_taken_out_of_the_code_it_explains() -> None:
    """A comment is a query only for lines that follow it."""
    [comment] = [p for p in mine() if p.kind == "comment"]
    assert comment.query == "The hinge sticks when it has rained for long"
    assert "rained" not in comment.code and "hinge.turn" in comment.code


def test_unparsable_source_gives_nothing() -> None:
    """Python 2 and broken files are passed over."""
    assert mine("print 'hello'") == []


@pytest.mark.parametrize("language", sorted(SAMPLES))
def test_comment_above_a_function_is_its_question(language: str) -> None:
    """In every language the comment's first sentence asks for the function, which begins with path and scope."""
    [function] = mine_sample(language, "function")
    assert function.query.lower() == "opens the gate with the given key"
    assert function.code.splitlines()[0] == SAMPLES[language]
    assert function.language == language
    assert "given key" not in function.code


@pytest.mark.parametrize("language", sorted(set(SAMPLES) - {"haskell"}))
def test_symbol_of_any_language_hides_its_name(language: str) -> None:
    """The words of a name are paired with a body that does not show the name."""
    [symbol] = mine_sample(language, "symbol")
    assert symbol.query == "open gate"
    assert "open_gate" not in symbol.code.lower() and "opengate" not in symbol.code.lower()


def test_every_mined_language_has_a_sample() -> None:
    """No language is mined untested (tsx is TypeScript's; no package brings Elixir)."""
    assert set(SAMPLES) == LANGUAGES - {"tsx", "elixir"}


def test_licence_is_no_question() -> None:
    """The comment with a file's copyright asks for nothing."""
    lines = ["// Copyright 2020 the gardeners, licensed to all who garden.", "int f() {"]
    assert comment_above(lines, 1, "c")[0] == ""


def test_include_is_no_comment() -> None:
    """A preprocessor line above a C function is not taken for a comment."""
    assert comment_above(["#include <gate.h>", "int f() {"], 1, "c") == ("", 1)


def test_sentence_before_a_code_block_is_its_question() -> None:
    """A page's heading and the sentence before a code block ask for the block; an install line is none."""
    page = (
        "# Gates\n\n## Opening a gate\n\nGates are green. A gate is opened with a key:\n\n```js\nconst g = gate();\n"
        "g.turn(key);\ng.open();\n```\n\n## Installing the gate\n\n```sh\nnpm install gate\nls\nls\n```\n"
    )
    pairs = mine_source(Source("garden", "README.md", page))
    assert [p.query for p in pairs] == ["Opening a gate", "A gate is opened with a key"]
    assert {p.language for p in pairs} == {"javascript"}


def test_copy_is_told_by_its_body() -> None:
    """A function that was copied under another comment and indentation has the same fingerprint."""
    text = SOURCE.replace("Open the gate with the given key", "Something else is said of it here")
    keys = copy_keys([Source("garden", "gates.py", SOURCE)])
    copied = [p for p in mine(text) if p.kind == "function" and p.key in keys]
    assert copied


def test_split_words() -> None:
    """The symbol queries split names as the tokenizer does."""
    assert split_words("HTTPServerError.getUserById2") == "http server error get user by id 2"
