"""Code out of answers: which block is meant, code without a fence, prose, and answers that never end."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.tasks import extraction
from eval.tasks.extraction import MAX_CHARS, answered_language, extract_code
from eval.tasks.fences import find_blocks

FUNCTION = "def area(w, h):\n    return w * h\n"
PROSE = "I would multiply the width by the height.\nNote: this is well-known. Yes"
JAVASCRIPT = "function area(w, h) {\n  return w * h;\n}\n"
RUST = "fn area(w: u32, h: u32) -> u32 {\n    let a = w * h;\n    a\n}\n"
JAVA = "public class Solution {\n    static int area(int w, int h) {\n        return w * h;\n    }\n}\n"
CPP = "#include <vector>\nint area(const std::vector<int>& v) {\n    return v[0] * v[1];\n}\n"
GO = "package main\n\nfunc area(w int, h int) int {\n\treturn w * h\n}\n"
PAGE = "<!DOCTYPE html>\n<html><body><p>Hi</p><script>const a = 1;</script></body></html>\n"


def fenced(code: str, tag: str = "python") -> str:
    """``code`` in a block."""
    return f"```{tag}\n{code}```\n"


def test_the_block_that_defines_the_name_is_meant() -> None:
    """A longer block of the same language is passed over for the one that defines what was asked for."""
    usage = "# how to call it\n" + "print(area(2, 3))\n" * 9
    text = f"First:\n{fenced(usage)}\nthen\n{fenced(FUNCTION)}\nand\n{fenced('pip install area', 'bash')}"
    assert extract_code(text, defines="area") == FUNCTION


def test_without_a_name_the_longest_of_the_language_is_meant() -> None:
    """A longer block of another language does not count while there is one of the right one."""
    text = fenced(JAVASCRIPT * 3, "js") + fenced("x = 1\n") + fenced(FUNCTION, "py")
    assert extract_code(text) == FUNCTION
    assert extract_code(text, "javascript") == (JAVASCRIPT * 3)
    assert extract_code(text, "rust") == (JAVASCRIPT * 3)  # none of Rust: the longest


def test_a_repeated_signature_does_not_win() -> None:
    """The stub that an answer quotes first also defines the name, but is shorter."""
    stub = "def area(w, h):\n    ...\n"
    assert extract_code(fenced(stub) + "is to be written:\n" + fenced(FUNCTION), defines="area") == FUNCTION


def test_a_block_that_parses_wins_over_a_longer_that_does_not() -> None:
    """A sketch with an ellipsis of prose in it is no program."""
    sketch = "def area(w, h):\n    first check the arguments\n    then return w * h\n"
    assert extract_code(fenced(sketch) + fenced(FUNCTION), defines="area") == FUNCTION


def test_blocks_that_belong_together_are_joined() -> None:
    """What the definition uses and an earlier block defines or imports comes first, through several blocks."""
    imports, helper = "import math\n", "def half(x):\n    return math.floor(x / 2)\n"
    used = "def area(w, h):\n    return half(w * h)\n"
    unrelated = "def other():\n    return 1\n"
    code = extract_code("\n".join(map(fenced, (imports, unrelated, helper, used))), defines="area")
    assert code is not None
    assert [code.index(part) for part in ("import math", "def half", "def area")] == sorted(
        code.index(part) for part in ("import math", "def half", "def area")
    )
    assert "other" not in code
    namespace: dict[str, Callable[..., int]] = {}
    exec(code, namespace)
    assert namespace["area"](3, 3) == 4


def test_an_earlier_version_of_the_same_function_is_not_joined() -> None:
    """A second version stands by itself."""
    better = "def area(w, h):\n    # checked\n    return abs(w * h)\n"
    assert extract_code(fenced(FUNCTION) + fenced(better), defines="area") == better


@pytest.mark.parametrize(
    "text",
    [
        "```python\n" + FUNCTION,
        "```python\n" + FUNCTION + "\ndef unfinished(x):\n    for i in ran",
        "Sure! Here it is: ```python\n" + FUNCTION + "```",
        "```python\n" + FUNCTION.rstrip() + "```",
        "~~~ python\n" + FUNCTION + "~~~",
        "````\n" + FUNCTION + "````",
        "```{.python}\n" + FUNCTION + "```",
        '```python title="area.py"\n' + FUNCTION + "```",
        "1. Write\n   ```python\n   def area(w, h):\n       return w * h\n   ```\n2. Done",
        "```python\r\n" + FUNCTION.replace("\n", "\r\n") + "```\r\n",
        "```python\n" + FUNCTION + "```bash\npython area.py\n```",
    ],
    ids="unclosed cut-off behind-words glued tildes untagged braces attributes list windows forgotten".split(),
)
def test_fences_of_all_kinds(text: str) -> None:
    """However the fence is written, the code within is the same."""
    assert extract_code(text, defines="area") == FUNCTION


@pytest.mark.parametrize("code", [JAVASCRIPT, RUST, CPP], ids=["javascript", "rust", "cpp"])
def test_what_was_cut_off_behind_a_complete_definition_is_dropped(code: str) -> None:
    """An answer that hits its limit in a second function has given the first."""
    language = {JAVASCRIPT: "javascript", RUST: "rust", CPP: "cpp"}[code]
    cut = code.replace("area", "other")[:-9]
    assert extract_code(f"```{language}\n{code}\n{cut}", language, "area") == code


def test_a_fence_in_a_docstring_is_not_the_end() -> None:
    """A fence that stands deeper than the opening one belongs to the code."""
    code = 'def area(w, h):\n    """Area.\n\n    ```\n    area(1, 2)\n    ```\n    """\n    return w * h\n'
    assert extract_code(fenced(code), defines="area") == code


@pytest.mark.parametrize(
    "text",
    [
        FUNCTION,
        f"Sure, here is the function:\n\n{FUNCTION}\nIt multiplies the sides.",
        f"{PROSE}\n\n{FUNCTION}{PROSE}\n",
        FUNCTION + "\nprint(area(2, 3)",
    ],
)
def test_code_without_a_fence(text: str) -> None:
    """Python that stands between prose is found by what parses."""
    code = extract_code(text)
    assert code is not None and code.strip() == FUNCTION.strip()


@pytest.mark.parametrize(
    ("code", "language"), [(JAVASCRIPT, "javascript"), (RUST, "rust"), (JAVA, "java"), (CPP, "cpp"), (GO, "go")]
)
def test_other_languages_without_a_fence(code: str, language: str) -> None:
    """Code of braces is found between prose as well, whichever language was asked for."""
    assert extract_code(f"Here:\n{code}\nThat is all.", language) == code
    assert extract_code(f"Here:\n{code}\nThat is all.", "python") is not None


@pytest.mark.parametrize("text", ["", " \n\t", PROSE, "```python\n```", "``` ```", "42", "it returns `x`", "a\n" * 9])
def test_no_code_is_none(text: str) -> None:
    """Nothing, prose and an empty block are no answer."""
    assert extract_code(text) is None
    assert answered_language(text) is None


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (FUNCTION, "python"),
        (JAVASCRIPT, "javascript"),
        (RUST, "rust"),
        (JAVA, "java"),
        (CPP, "cpp"),
        (GO, "go"),
        (PAGE, "html"),
    ],
)
def test_language_is_told_with_and_without_a_tag(code: str, language: str) -> None:
    """The tag says it; without one the grammar that makes fewest errors does."""
    assert answered_language(fenced(code, language)) == language
    assert answered_language(fenced(code, "")) == language
    assert answered_language(code) == language


def test_language_is_that_of_the_longest_block() -> None:
    """A command to install something does not make it a shell script."""
    assert answered_language(fenced("pip install x\n", "bash") + fenced(JAVASCRIPT, "ts")) == "typescript"


@pytest.mark.parametrize(
    "text",
    [
        "```python\n" + FUNCTION * 40_000,
        FUNCTION * 40_000,
        fenced(FUNCTION) * 30_000,
        "```" * 300_000,
        "```\n" * 250_000,
        "x```\n" * 200_000,
        "(" * 1_000_000,
        "```js\n" + "{" * 1_000_000,
        "```python\n" + "a = " * 250_000,
        " " * 1_000_000,
        "`" * 1_000_000,
        "def f(" * 150_000,
    ],
    ids=range(12),
)
def test_endless_answers_cost_no_more_than_their_head(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte is never parsed: work is bounded by the characters handed to parsers, a few times the cap at most."""
    seen = 0
    real_ast, real_parse = ast.parse, extraction.parse

    def count_ast(code: str) -> ast.Module:
        nonlocal seen
        seen += len(code)
        return real_ast(code)

    def count_parse(code: str, language: str) -> object:
        nonlocal seen
        seen += len(code)
        return real_parse(code, language)

    monkeypatch.setattr(extraction.ast, "parse", count_ast)
    monkeypatch.setattr(extraction, "parse", count_parse)
    first = extract_code(text, defines="area")
    answered_language(text)
    monkeypatch.undo()
    assert seen <= 30 * MAX_CHARS
    assert first == extract_code(text, defines="area")


_PIECES = st.sampled_from(
    [
        "```",
        "```python\n",
        "```js\n",
        "~~~\n",
        "\n",
        "    ",
        FUNCTION,
        JAVASCRIPT,
        RUST,
        PAGE,
        "def f(",
        "}",
        '"""',
        "x",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=20)), max_size=25), st.sampled_from(["python", "java", "html"]))
def test_never_raises_and_is_deterministic(pieces: list[str], language: str) -> None:
    """Whatever is answered, there is a string or None, the same each time, whose lines stand in the answer."""
    text = "".join(pieces)
    code = extract_code(text, language, defines="area")
    assert code == extract_code(text, language, defines="area")
    assert code is None or (code.strip() and code.endswith("\n"))
    assert all(line.strip() in text.replace("\0", "") for line in (code or "").split("\n"))
    assert answered_language(text) == answered_language(text)
    find_blocks(text)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=string.ascii_lowercase + " ,.\n", max_size=200), st.text(alphabet="xyz .\n", max_size=80))
def test_prose_around_a_block_does_not_matter(before: str, after: str) -> None:
    """A fenced definition comes out as it is, whatever prose stands around it."""
    assert extract_code(f"{before}\n{fenced(FUNCTION)}{after}", defines="area") == FUNCTION
