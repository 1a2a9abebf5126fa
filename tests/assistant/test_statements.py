"""Cutting an answer into statements while it streams: citations held back, code untouched, pieces without effect."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.grounding.statements import Item, StatementEnd, StatementScanner, Text, WrittenCitation


def scan(pieces: Sequence[str], quoted: str = "") -> list[Item]:
    """All items of a text that comes in these pieces, neighbouring texts joined."""
    scanner = StatementScanner(lambda text: bool(quoted) and text in quoted)
    found = [item for piece in pieces for item in scanner.feed(piece)] + list(scanner.finish())
    joined: list[Item] = []
    for item in found:
        if isinstance(item, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(joined[-1].text + item.text)
        else:
            joined.append(item)
    return joined


def text_of(items: Sequence[Item]) -> str:
    """What goes out."""
    return "".join(item.text for item in items if isinstance(item, Text))


def statements(text: str) -> list[tuple[str, str]]:
    """Kind and text of every statement."""
    return [(item.kind, item.text) for item in scan([text]) if isinstance(item, StatementEnd)]


def written(text: str) -> list[int]:
    """The passages that the model cited."""
    return [number for item in scan([text]) if isinstance(item, WrittenCitation) for number in item.numbers]


@pytest.mark.parametrize(
    ("text", "left", "numbers"),
    [
        ("It is `30` [1].", "It is `30`.", [1]),
        ("It is `30`. [1] So be it.", "It is `30`. So be it.", [1]),
        ("It is 30.[2]\n", "It is 30.\n", [2]),
        ("Both [1, 2] and so on", "Both and so on", [1, 2]),
        ("All of [1], [2] and [3].", "All of.", [1, 2, 3]),
        ("Here【1†source】.", "Here.", [1]),
        ("Here (passage 2), there (see [3]).", "Here, there.", [2, 3]),
        ("[1] src/a.py holds it", "src/a.py holds it", [1]),
        ("[1]: src/a.py holds it", "src/a.py holds it", [1]),
        ("- item [4]\n- other [Passage 1]", "- item\n- other", [4, 1]),
        ("| a | b [1] |\n| c | d |", "| a | b |\n| c | d |", [1]),
        ("It is so [12", "It is so [12", []),
        ("### Head [2]\n", "### Head\n", [2]),
    ],
)
def test_citations_of_the_model_are_taken_out(text: str, left: str, numbers: list[int]) -> None:
    """In whatever form a model cites, the text goes on without it, well spaced, and the numbers are told."""
    assert (text_of(scan([text])), written(text)) == (left, numbers)


@pytest.mark.parametrize(
    "text",
    [
        "`items[1]` and items[1] and f(x)[2]",
        "`[1, 2]` is a list",
        "x = [1, 2]",
        "return [1]",
        "```python\nx = [1]\nprint(x) # [2]\n```\n",
        "~~~\n[1]\n~~~",
        "See [1](https://example.org) and [the docs][1]x",
        "An array a[0], a range [0.5, 1] and a choice [a|b].",
        "Step (1) and step (2).",
        "``a ` [1]``",
    ],
)
def test_code_and_links_are_no_citations(text: str) -> None:
    """Indexes, lists, links and all that stands in spans and fences go out untouched."""
    assert (text_of(scan([text])), written(text)) == (text, [])


def test_a_list_that_stands_in_the_code_is_kept() -> None:
    """`is [1, 2]` is a value where the code has that list, and a citation where it has not."""
    assert text_of(scan(["The default is [1, 2]."], quoted="x=[1, 2]")) == "The default is [1, 2]."
    assert text_of(scan(["The default is [1, 2]."])) == "The default is."


def test_statements_are_sentences_items_rows_and_blocks() -> None:
    """Sentences end at a full stop before white space, lines end everything, and a block is one statement."""
    text = "It has `a.b`, e.g. this. It ends! See v1.2 of x.py\n- one\n2. two. Three\n| `x` | y |\n# Head\n"
    text += "```go\nx := 1\n```\n"
    assert statements(text) == [
        ("text", "It has `a.b`, e.g. this."),
        ("text", "It ends!"),
        ("text", "See v1.2 of x.py"),
        ("text", "one"),
        ("text", "two."),
        ("text", "Three"),
        ("row", "`x` | y"),
        ("heading", "# Head"),
        ("code", "x := 1"),
    ]


def test_a_statement_ends_where_its_text_ends() -> None:
    """The characters that a statement counts are the last ones that went out before it ended."""
    items = scan(["- One `x`. Two [1]\n```\na = 1\n```\nThree"])
    said, places = "", []
    for item in items:
        if isinstance(item, Text):
            said += item.text
        elif isinstance(item, StatementEnd):
            places.append(said[len(said) - item.n_chars :])
    assert places == ["One `x`.", "Two", "```\na = 1\n```", "Three"]


def test_a_block_that_is_cut_off_is_not_closed() -> None:
    """A fence that the end of the text leaves open is told from a closed one."""
    ends = [
        item.is_closed for text in ("```\na\n```", "```\na") for item in scan([text]) if isinstance(item, StatementEnd)
    ]
    assert ends == [True, False]


def test_a_citation_on_its_own_line_looks_back() -> None:
    """Alone on its line it speaks for the statement before, at a line's beginning for what follows."""
    items = [item for item in scan(["It is.\n[1]\n[2] so"]) if isinstance(item, WrittenCitation)]
    assert items == [WrittenCitation((1,), looks_back=True), WrittenCitation((2,), looks_back=False)]


def test_only_what_may_be_a_citation_is_held_back() -> None:
    """Each piece goes out at once, but for white space at its end and the beginning of a citation."""
    scanner = StatementScanner()
    out = [
        "".join(i.text for i in scanner.feed(piece) if isinstance(i, Text))
        for piece in ("It ", "is [", "1", "] a[1", "]")
    ]
    assert out == ["It", " is", "", " a[1", "]"]


_PARTS = st.sampled_from(
    ["[1]", "[", "]", "1", ", ", " ", "\n", ". ", "`", "```", "```\n", "x", "`a[1]`", "(passage 2)", "【1】", "|", "| ",
     "- ", "# ", "items[1]", "e.g. ", "[2](u)", "see ", "and ", "~~~\n", "\t", "1. ", "x = [1]", ":"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PARTS, max_size=25).map("".join), st.data())
def test_pieces_make_no_difference(text: str, data: st.DataObject) -> None:
    """However a text is cut into pieces, the same comes out."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert scan(pieces) == scan([text])


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab [](1,2)`\n|.#-~:", max_size=60))
def test_text_without_citations_goes_out_whole(text: str) -> None:
    """Where nothing is taken for a citation, what goes out is what came in."""
    if not written(text):
        assert text_of(scan([text])) == text


@pytest.mark.parametrize("unit", ["[1] ", "[1]   ", "(see [2],  [3]) ", "[2]【4】", "[1, 2, 3, "])
def test_a_model_that_goes_round_in_circles_holds_nobody_up(unit: str) -> None:
    """However many citations stand in a row, each character is looked at a few times, and little is held back."""
    scanner = StatementScanner()
    n_held = 0
    for _ in range(400):
        items = list(scanner.feed(unit))
        n_held = 0 if items else n_held + len(unit)
        assert n_held < 700
    list(scanner.feed("It ends."))
    list(scanner.finish())
    assert written(f"It adds up {unit * 3}") == [int(char) for char in unit * 3 if char.isdigit()] * (
        "]" in unit or "】" in unit
    )
