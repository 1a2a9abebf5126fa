"""C without its macros: as long as before, line by line, whatever it is; and which headers are C++."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.macros import blank_macros, holds_cpp

_PIECES = [
    b"API ",
    b"int ",
    b"run(",
    b"FIELDS",
    b"MAP(XX)",
    b"\n",
    b"  ",
    b",",
    b";",
    b"{",
    b"}",
    b"#define ",
    b"\r\n",
    b"a<b> ",
    b"*",
]


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.sampled_from(_PIECES) | st.binary(max_size=4), max_size=40).map(b"".join))
def test_every_byte_keeps_its_place(content: bytes) -> None:
    """What is blanked out is blank, and nothing moves: lines and columns are those of the file."""
    blanked = blank_macros(content)
    assert len(blanked) == len(content)
    assert all(now == before or now == 32 for now, before in zip(blanked, content, strict=True) if before not in b"\r")
    assert blanked.count(b"\n") == content.count(b"\n")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "API" + "A" * 100_000 + ";",
        "API_" * 30_000 + ";",
        "A<" * 50_000,
        "AA " * 50_000 + "(",
        "\n" * 500_000,
        "AA\n" * 200_000,
        "AA a<" + "b> c<" * 30_000 + "(",
        "class " * 100_000,
        "using a" * 50_000,
    ],
    ids=range(9),
)
def test_no_file_takes_long(text: str) -> None:
    """Looking for macros takes time in proportion to a file, also where it was made to mislead."""
    assert len(blank_macros(text.encode())) == len(text)
    assert holds_cpp(text) in (True, False)


@pytest.mark.parametrize(
    ("line", "is_cpp"),
    [
        ("template <typename T>", True),
        ("class Grid : public Base {", True),
        ("class API Grid", True),
        (" public:", True),
        ("namespace a::b {", True),
        ("using Cells = int;", True),
        ("using the same table as before", False),
        ("class of all types that are known here", False),
        ("namespace for the names of handles", False),
        ("struct grid { int class_size; };", False),
    ],
)
def test_cpp_is_known_by_its_words(line: str, is_cpp: bool) -> None:
    """Declarations that only C++ has tell; prose with the same words does not."""
    assert holds_cpp(f"/* A header */\n{line}\nint x;\n") is is_cpp
