"""Chunking: whatever a file looks like, its chunks are its lines, each once, in pieces of a bounded size."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.chunking import MAX_CHARS, chunk_file
from indexer.languages import LANGUAGES, detect_language
from indexer.records import Chunk

SAMPLES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("samples.toml").read_text())["sample"]
ROOT = Path(__file__).resolve().parents[2]
TEXT_OF = {detect_language(sample["path"]): sample["text"] for sample in SAMPLES}
ODD_LINES = [
    "",
    "    ",
    "\t\f",
    "}",
    "end",
    '"""',
    "/* never closed",
    "# Заголовок 標題 🦀",
    "x = '" + "long_" * 400 + "'",
    "\u2028\x85\x0b not line ends for git",
    "\ufeff",
    "#" * 50,
]


@st.composite
def spliced_sources(draw: st.DrawFn, language: str | None) -> str:
    """A sample of the language, mixed with lines of others, shuffled, cut and with any line ends."""
    own = TEXT_OF.get(language, TEXT_OF["markdown"]).split("\n")
    other = draw(st.sampled_from(sorted(TEXT_OF.values()))).split("\n")
    lines = own * draw(st.integers(1, 5))
    if draw(st.booleans()):
        lines = draw(st.permutations(lines))
    for extra in draw(st.lists(st.sampled_from(ODD_LINES + other), max_size=8)):
        lines.insert(draw(st.integers(0, len(lines))), extra)
    if draw(st.booleans()):
        lines = [line[: draw(st.integers(0, 30))] if number % 3 == 0 else line for number, line in enumerate(lines)]
    text = draw(st.sampled_from(["\n", "\r\n", "\n\n"])).join(lines)
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


def check_cover(chunks: list[Chunk], text: str) -> None:
    """Fail unless the chunks are the non-blank lines of ``text``, each once and in order."""
    lines = text.split("\n")
    covered = [number for chunk in chunks for number in range(chunk.start_line, chunk.end_line + 1)]
    assert covered == sorted(set(covered))
    assert {number for number, line in enumerate(lines, 1) if line.strip()} <= set(covered)
    for chunk in chunks:
        assert chunk.text == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])
        assert chunk.text.strip()


def without_wordless_end(chunk: Chunk) -> list[str]:
    """A chunk's lines without the brackets at its end, which chunking joins to whatever they close."""
    lines = chunk.text.split("\n")
    while len(lines) > 1 and not any(char.isalnum() for char in lines[-1]):
        lines.pop()
    return lines


@pytest.mark.parametrize("language", [*(language.name for language in LANGUAGES), None])
@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_chunks_are_the_lines_of_the_file(language: str | None, data: st.DataObject) -> None:
    """Every non-blank line is in one chunk, in order, as it stands, however broken the source is."""
    text = data.draw(spliced_sources(language))
    chunks = chunk_file("some/file", "blob", text, language)
    check_cover(chunks, text)
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize("language", [*(language.name for language in LANGUAGES), None])
@settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_chunks_keep_the_size_limit(language: str | None, data: st.DataObject) -> None:
    """No chunk is above the limit, but for single lines that are longer and brackets that close a chunk."""
    for chunk in chunk_file("some/file", "blob", data.draw(spliced_sources(language)), language):
        lines = without_wordless_end(chunk)
        assert len(lines) == 1 or len("\n".join(lines)) <= MAX_CHARS


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n", "\r\n\r\n"])
@pytest.mark.parametrize("language", ["python", "json", None])
def test_blank_files_have_no_chunks(text: str, language: str | None) -> None:
    """Nothing but blank lines gives nothing to index."""
    assert chunk_file("a", "", text, language) == []


def long_function(name: str, n_statements: int = 12) -> str:
    """A Python function of some size whose lines are all its own."""
    return "\n".join([f"def {name}(value):", *(f"    {name}_{i} = value + {i}" for i in range(n_statements)), ""])


def test_ids_survive_edits_elsewhere() -> None:
    """An edit of one function changes the id of its chunk alone, though all lines below move."""
    names = ["first", "second", "third"]
    before = chunk_file("a.py", "1", "\n".join(map(long_function, names)), "python")
    changed = [long_function("first", 15), *map(long_function, names[1:])]
    after = chunk_file("a.py", "2", "\n".join(changed), "python")
    assert [chunk.symbol for chunk in before] == [chunk.symbol for chunk in after] == names
    assert [old.id == new.id for old, new in zip(before, after, strict=True)] == [False, True, True]
    assert before[2].start_line + 3 == after[2].start_line


def test_ids_depend_on_the_path() -> None:
    """The same lines in two files are two chunks: each has a place of its own."""
    text = long_function("same")
    assert chunk_file("a.py", "1", text, "python")[0].id != chunk_file("b.py", "1", text, "python")[0].id


def test_the_same_lines_twice_are_two_chunks() -> None:
    """A repeated definition has an id for each time that it stands there, the first one as if it were alone."""
    once = chunk_file("a.py", "1", long_function("again"), "python")
    twice = chunk_file("a.py", "1", "\n".join([long_function("again")] * 2), "python")
    assert [chunk.symbol for chunk in twice] == ["again", "again"]
    assert twice[0].id == once[0].id != twice[1].id


def test_pieces_of_a_large_function_keep_its_name() -> None:
    """A function above the limit is cut, and every piece is under its name."""
    chunks = chunk_file("a.py", "1", long_function("process", 300), "python")
    assert len(chunks) > 3
    assert {chunk.symbol for chunk in chunks} == {"process"}


def test_methods_of_a_large_class_carry_its_name() -> None:
    """A class above the limit is cut into its methods, each under the class's name."""
    methods = "\n".join("    " + line for name in ("load", "save") for line in long_function(name, 40).split("\n"))
    chunks = chunk_file("a.py", "1", f"class Store:\n{methods}", "python")
    assert {chunk.symbol for chunk in chunks} >= {"Store.load", "Store.save"}


def test_a_name_is_not_doubled_by_a_decorator() -> None:
    """A decorated class above the limit is cut like any other: its name stands once before its methods'."""
    methods = "\n".join("    " + line for name in ("load", "save") for line in long_function(name, 40).split("\n"))
    chunks = chunk_file("a.py", "1", f"@dataclass\nclass Store:\n{methods}", "python")
    assert {chunk.symbol for chunk in chunks} == {"Store", "Store.load", "Store.save"}


def test_a_name_is_not_doubled_by_an_export() -> None:
    """An exported class above the limit is cut like any other: its name stands once before its methods'."""
    body = "\n".join(f"    const value{i} = {i} + input;" for i in range(60))
    chunks = chunk_file("a.ts", "1", f"export class Store {{\n  load(input) {{\n{body}\n  }}\n}}\n", "typescript")
    assert {chunk.symbol for chunk in chunks} <= {"Store", "Store.load"}


def test_sections_next_to_each_other_are_all_found() -> None:
    """Of sections in a row, none disappears into the one before it."""
    text = "\n".join(f"## Part {name}\n\n{'Words of this part. ' * 20}\n" for name in "ABCD")
    chunks = chunk_file("a.md", "1", text, "markdown")
    assert [chunk.symbol for chunk in chunks] == ["Part A", "Part B", "Part C", "Part D"]


def test_a_definition_right_below_an_include_is_found() -> None:
    """A line break that belongs to the node before does not hide the definition after it."""
    body = "\n".join(f"    total += {i} * value;" for i in range(20))
    chunks = chunk_file("a.c", "1", f"#include <stdio.h>\nint add_up(int value)\n{{\n{body}\n}}\n", "c")
    assert "add_up" in {chunk.symbol for chunk in chunks}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("c", "int f(int x)\n{\n" + " else\n".join(f"  if (x == {i}) return {i};" for i in range(1500)) + "\n}\n"),
        ("javascript", "x = " + " +\n".join(f"'line {i} of a text'" for i in range(2000)) + ";\n"),
        ("json", "[\n" * 2000 + "]\n" * 2000),
    ],
    ids=["else-if", "concatenation", "nested"],
)
def test_deep_trees_are_cut(language: str, text: str) -> None:
    """A tree of any depth is cut: long chains of one operator are nested as deep as they are long."""
    check_cover(chunk_file("deep", "1", text, language), text)


def test_a_broken_file_is_given_up_in_time() -> None:
    """No file holds an indexing up: what a grammar cannot make sense of within seconds is cut as text."""
    code = "from indexer.chunking import chunk_file; print(len(chunk_file('a.kt', '', TEXT, 'kotlin')))"
    head = "export class Circle implements Shape {\ntypealias Names = List<String>\nobject Registry {\n#[cfg(test)]\n"
    text = head + "x = '" + "long " * 400 + "'"
    command = [sys.executable, "-c", code.replace("TEXT", repr(text))]
    try:
        assert subprocess.run(command, cwd=ROOT, timeout=8, check=True).returncode == 0
    except subprocess.TimeoutExpired:
        pytest.fail("still parsing after 8 s")


@pytest.mark.parametrize("language", ["python", "c", "css"])
def test_a_long_comment_is_cut(language: str) -> None:
    """Comments with nothing below them keep the limit like all else."""
    mark, code = {"python": ("# {}", "x = 1"), "c": ("// {}", "int x;"), "css": ("/* {} */", "a { top: 0 }")}[language]
    text = "\n".join([code, "", *(mark.format(f"line {i} of a comment that nothing follows") for i in range(200))])
    assert max(len(chunk.text) for chunk in chunk_file("a", "1", text, language)) <= MAX_CHARS


def test_lines_without_words_do_not_pile_up() -> None:
    """A table drawn in signs is cut too: lines without a word join the chunk before only as far as they fit."""
    text = "start = 1\n" + "\n".join(["# " + "-+" * 30] * 500)
    assert max(len(chunk.text) for chunk in chunk_file("a.py", "1", text, "python")) <= 2 * MAX_CHARS


def test_plain_text_is_cut_at_blank_lines() -> None:
    """Without a grammar, paragraphs stay whole as long as they fit."""
    paragraphs = ["\n".join(f"line {i} of paragraph {name}" for i in range(40)) for name in "abc"]
    chunks = chunk_file("notes.txt", "1", "\n\n".join(paragraphs), None)
    assert [chunk.text for chunk in chunks] == paragraphs
    assert {(chunk.language, chunk.symbol) for chunk in chunks} == {("text", "")}


def test_embedded_text_begins_with_path_and_scope() -> None:
    """Encoders see where a chunk stands before they see its code."""
    (chunk,) = chunk_file("lib/a.py", "1", long_function("work"), "python")
    assert chunk.embedded_text.split("\n")[:2] == ["lib/a.py > work", "def work(value):"]
    assert chunk.location == "lib/a.py:1-13"
