"""Which documentation becomes a question, which lines answer it, and what is blanked."""

from __future__ import annotations

from typing import Any

import pytest

from eval.retrieval.mining.docstrings import blank_lines, find_documented, first_sentence, mine_docstrings

SAMPLES = {
    "python": (
        "@cached\ndef close(gate):\n    '''Close the gate for the night. Twice.\n\n    More.\n    '''\n"
        "    a = 1\n    return a\n",
        (0, 8, 2, 6),
    ),
    "javascript": (
        "/**\n * Close the gate for the night.\n * @param gate\n */\n"
        "export function close(gate) {\n  let a = 1;\n  return a;\n}\n",
        (4, 8, 0, 4),
    ),
    "typescript": (
        "class Gate {\n  // Close the gate for the night\n  @once()\n"
        "  close(a: number) {\n    a += 1;\n    return a;\n  }\n}\n",
        (2, 7, 1, 2),
    ),
    "go": (
        "package a\n\n// Close closes the gate for the night.\nfunc Close() int {\n\ta := 1\n\treturn a\n}\n",
        (3, 7, 2, 3),
    ),
    "rust": (
        "/// Close the gate for the night.\n#[inline]\npub fn close() -> i32 {\n    let a = 1;\n    a\n}\n",
        (1, 6, 0, 1),
    ),
    "java": (
        "class Gate {\n  /** Close the gate for the night. */\n  @Override\n  int close() {\n    return 1;\n  }\n}\n",
        (2, 6, 1, 2),
    ),
    "c": ("/* Close the gate for the night. */\nint\nclose_it(void)\n{\n  return 1;\n}\n", (1, 6, 0, 1)),
    "cpp": (
        "/// \\brief Close the gate for the night.\ntemplate <class T>\nT close(T a) {\n  return a;\n}\n",
        (1, 5, 0, 1),
    ),
    "csharp": (
        "class Gate {\n  /// <summary>\n  /// Close the gate for the night.\n  /// </summary>\n"
        "  int Close() {\n    return 1;\n  }\n}\n",
        (4, 7, 1, 4),
    ),
    "ruby": ("# Close the gate for the night.\ndef close\n  a = 1\n  a\nend\n", (1, 5, 0, 1)),
    "php": (
        "<?php\n/** Close the gate for the night. */\nfunction close() {\n  $a = 1;\n  return $a;\n}\n",
        (2, 6, 1, 2),
    ),
    "kotlin": ("/** Close the gate for the night. */\nfun close(): Int {\n  val a = 1\n  return a\n}\n", (1, 5, 0, 1)),
    "scala": (
        "object A {\n  /** Close the gate for the night. */\n  def close(): Int = {\n    1\n  }\n}\n",
        (2, 5, 1, 2),
    ),
    "swift": ("/// Close the gate for the night.\nfunc close() -> Int {\n  let a = 1\n  return a\n}\n", (1, 5, 0, 1)),
    "bash": ("# Close the gate for the night.\nclose_it() {\n  a=1\n  echo $a\n}\n", (1, 5, 0, 1)),
    "lua": (
        "--- Close the gate for the night.\n---@param a number\nfunction M.close(a)\n  a = 1\n  return a\nend\n",
        (2, 6, 0, 2),
    ),
    "elixir": (
        'defmodule Gate do\n  @doc """\n  Close the gate for the night.\n  """\n  @spec close(a) :: a\n'
        "  def close(0) do\n    0\n  end\n  def close(a) do\n    a\n  end\nend\n",
        (5, 11, 1, 4),
    ),
    "haskell": (
        "module A where\n\n-- | Close the gate for the night.\nclose :: Int -> Int\nclose 0 = 0\nclose a = a\n",
        (3, 6, 2, 3),
    ),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_each_language_s_documentation_is_found(language: str) -> None:
    """The sentence, the lines of the definition with its decorators, and those of its documentation."""
    text, lines = SAMPLES[language]
    found = [each for each in find_documented(text, language) if "night" in each.sentence]
    assert [(each.start, each.end, each.doc_start, each.doc_end) for each in found] == [lines]
    assert found[0].sentence in ("Close the gate for the night", "closes the gate for the night")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("// Turns the key in the lock, twice. Then waits.", "Turns the key in the lock, twice"),
        (
            "/**\n * Turns the {@link Key} in the\n * lock of the gate.\n *\n * @return nothing\n */",
            "Turns the Key in the lock of the gate",
        ),
        ("# Turns the `key` in [the lock](x.md)\n# @param key the one to turn", "Turns the key in the lock"),
        ("-- | Turns the key in a lock.", "Turns the key in a lock"),
        ('"""Turns :class:`~a.Key` in a lock.\n\nArgs:\n    x: y\n"""', "Turns a.Key in a lock"),
        ('/// Turns the <see cref="T:Key"/> in a lock', "Turns the T:Key in a lock"),
    ],
)
def test_a_sentence_is_asked_without_its_marks(raw: str, sentence: str) -> None:
    """Comment marks, markup and everything after the first sentence are taken off."""
    assert first_sentence(raw).replace("T:", "") == sentence.replace("T:", "")


@pytest.mark.parametrize(
    "raw",
    [
        "// Turns it",
        "// TODO: turn the key in the lock",
        "// Copyright of the garden and its owners",
        "// eslint-disable-next-line no-key-in-the-lock at all",
        "// See the lock for how it turns",
        "// Deprecated: turn the lock by hand instead",
        "// key = lock.turn(1); lock.open();",
        "// Turns the following keys in the lock:",
        "// Поворачивает ключ в замке ворот",
        "# ------------------------",
        "// " + "word " * 26,
    ],
)
def test_what_is_no_description_is_not_asked(raw: str) -> None:
    """Too short or long, code, a licence, a remark to tools or to the author, another language."""
    assert first_sentence(raw) == ""


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("OpenGate opens the gate with a key", "opens the gate with a key"),
        ("OpenGate is the door of all beds", "the door of all beds"),
        ("Opens the gate with a key", "Opens the gate with a key"),
        ("Close the gate with a key", "Close the gate with a key"),
        ("Close closes the gate with a key", "closes the gate with a key"),
    ],
)
def test_the_name_in_front_is_not_asked(comment: str, sentence: str) -> None:
    """Go's documentation begins with the name, which is the answer."""
    name = "Close" if comment.startswith("Close") else "OpenGate"
    text = f"package a\n\n// {comment}.\nfunc {name}() int {{\n\ta := 1\n\treturn a\n}}\n"
    assert [found.sentence for found in find_documented(text, "go")] == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    '''Close the gate for the night.'''\n    pass\n",
        "def f():\n    'Close the gate for the night.'; a = 1\n    b = 2\n    return b\n",
        "def f():\n" + "    '''Close the gate for the night.'''\n" + "    a = 1\n" * 200,
        "# Close the gate for the night.\n\n\ndef f():\n    a = 1\n    return a\n",
    ],
)
def test_a_definition_must_be_worth_a_search(text: str) -> None:
    """Nearly empty, very long, documented on a line of code or by a comment further off: no question."""
    assert find_documented(text, "python") == []


def test_functions_within_functions_are_not_asked() -> None:
    """The lines belong to the function around them."""
    inner = "    def inner():\n        '''Close the gate for the night.'''\n        a = 1\n        return a + a\n"
    assert find_documented(f"def outer():\n{inner}    return inner\n", "python") == []


def test_blanking_keeps_every_line_s_number() -> None:
    """The lines are emptied, not taken out."""
    assert blank_lines("a\nb\nc\nd\n", 1, 3) == "a\n\n\nd\n"


def _function(name: str, sentence: str) -> str:
    return f"def {name}(a):\n    '''{sentence}'''\n    a += 1\n    b = a\n    return b\n"


def test_only_what_is_asked_is_blanked(make_repo: Any, opened: Any) -> None:
    """The place is the definition's, 1-based; documentation that is not asked stays."""
    text = _function("close", "Close the gate for the night.") + "\n\n" + _function("shut", "Shut it.")
    repository = opened(make_repo({"gate.py": text, "shed.py": "a = 1\n"}))
    mined = mine_docstrings(repository, 10, 0)
    [question], blanked = mined.questions, mined.blanked
    [place] = question.relevant
    assert (question.query, question.category) == ("Close the gate for the night", "docstring")
    assert (place.path, place.start_line, place.end_line) == ("gate.py", 1, 5)
    assert list(blanked) == ["gate.py"]
    lines = blanked["gate.py"].split("\n")
    assert lines[1] == "" and "Shut it." in blanked["gate.py"] and len(lines) == len(text.split("\n"))


@pytest.mark.parametrize(
    "other",
    [
        {"shed.py": _function("lock", "Close the gate for the night.")},
        {"shed.py": _function("lock", "Closes the gates for a night.")},
        {"README.md": "Then\nclose the gate\nfor the night, please.\n"},
    ],
)
def test_a_sentence_with_two_answers_is_not_asked(make_repo: Any, opened: Any, other: dict[str, str]) -> None:
    """Said again anywhere, or of another file in nearly the same words."""
    repository = opened(make_repo({"gate.py": _function("close", "Close the gate for the night."), **other}))
    mined = mine_docstrings(repository, 10, 0)
    assert (mined.questions, mined.blanked) == ([], {})
    assert mined.left_out["said elsewhere too, or nearly"] == (2 if "shed.py" in other else 1)


def test_the_seed_draws_and_no_file_has_more_than_three(make_repo: Any, opened: Any) -> None:
    """The same seed gives the same questions, in the order of their places."""
    things = "gate shed well path bench pond roof wall".split()
    text = "\n\n".join(_function(f"close_{thing}", f"Close the {thing} for {thing} reasons.") for thing in things)
    repository = opened(make_repo({"gate.py": text}))
    drawn = [mine_docstrings(repository, 10, seed).questions for seed in range(4)]
    assert drawn[0] == mine_docstrings(repository, 10, 0).questions
    assert any(questions != drawn[0] for questions in drawn[1:])
    lines = [question.relevant[0].start_line for question in drawn[0]]
    assert len(lines) == 3 and lines == sorted(lines)


def test_all_that_is_documented_is_asked_or_counted(make_repo: Any, opened: Any) -> None:
    """With the reason: the words come twice, the file has its share, or there are enough."""
    things = "gate shed well path bench pond".split()
    alike = {"a.py": _function("one", "Water all of the beds."), "b.py": _function("two", "Water all of the beds.")}
    text = "\n\n".join(_function(f"close_{thing}", f"Close the {thing} for {thing} reasons.") for thing in things)
    repository = opened(make_repo({"gate.py": text, **alike}))
    for n_most, n_beyond in ((10, 0), (2, None)):
        mined = mine_docstrings(repository, n_most, 0)
        assert len(mined.questions) + sum(mined.left_out.values()) == 8
        assert len(mined.questions) == min(n_most, 3)
        assert mined.left_out["beyond the limit"] == n_beyond if n_beyond is not None else n_most == 2
