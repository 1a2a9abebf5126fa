"""The pieces of programs: heads taken apart, and what is cut out of an answer."""

from __future__ import annotations

import pytest

from eval.tasks.published.pieces import Head, split_head, top_names, without


@pytest.mark.parametrize(
    ("language", "head", "rest", "expected"),
    [
        (
            "python", "import math\n\n\ndef area(r):\n    pi = 3\n", "    return pi * r * r\n",
            ("area", "import math", ""),
        ),
        (
            "rust", "fn one() -> i32 {\n    1\n}\nfn f(a: i32) -> i32{\n\n", "    a\n}\n",
            ("f", "fn one() -> i32 {\n    1\n}", ""),
        ),
        (
            "java", "import a.b;\nclass S {\n  int x() { return 1; }\n  int y() {\n", "  return 2; }\n}",
            ("y", "import a.b;", "int x() { return 1; }"),
        ),
        ("javascript", "// nothing\n", "", None),
    ],
)  # fmt: skip
def test_a_head_is_taken_apart_at_its_last_function(
    language: str, head: str, rest: str, expected: tuple[str, str, str] | None
) -> None:
    """Whatever the item says its function is called, and also where the head goes on into the body."""
    found = split_head(head, rest, language)
    assert (found and Head(found.name, found.before.strip(), found.members.strip())) == (expected and Head(*expected))


def test_definitions_go_with_what_is_attached_to_them() -> None:
    """Attributes of Rust, comments; statements that only run go where that is asked for."""
    rust = without("fn a() {}\n#[cfg(test)]\nmod tests {}\nfn main() {}\n", "rust", {"tests", "main"})
    assert rust.split() == ["fn", "a()", "{}"]
    script = "let a = 1\n// shown\nconst b = () => a\nb()\nc = function () {}\n"
    assert top_names(without(script, "javascript", {"b"}, examples=False), "javascript") == {"a", "c"}
    assert "b()" not in without(script, "javascript", (), examples=False)
