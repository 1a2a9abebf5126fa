"""Markdown of models as HTML: nothing of it is trusted, citations lead to their lines, unknown names are marked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.rendering import Marks, hide_sources, render_blocks, sanitise
from api.pages.streams import GrowingAnswer
from assistant.events import PassagesFound
from assistant.records import Citation, Passage

PASSAGES = [
    Passage(1, "shop", "c" * 40, "shop/cart.py", 4, 7, "def add_to_cart(): ..."),
    Passage(2, "shop", "c" * 40, "a b/tax & more.py", 1, 9, "VAT_RATE = 0.19"),
]
_TAG = re.compile(r"</?([a-z0-9]+)")
_ALLOWED = set("p br hr pre code span a ul ol li strong em s blockquote h4 h5 h6 table thead tbody tr th td".split())


def render(text: str, **marks: object) -> str:
    """The whole text as HTML."""
    return "".join(render_blocks(text, Marks(**marks)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick=alert(1)>b</b>",
        "[x](javascript:alert(1))",
        "[x](https://outside.example/?q=secret)",
        "![x](https://outside.example/x.png)",
        "<https://outside.example/>",
        "[x]: https://outside.example/\n\n[x]",
        '```py"><script>alert(1)</script>\nx\n```',
        "# <svg onload=alert(1)>",
    ],
)
def test_markup_links_and_images_of_a_model_stay_text(text: str) -> None:
    """No raw HTML, link or image of an answer becomes an element."""
    html = render(text, passages=PASSAGES)
    assert not re.search(r"<(script|img|svg|b|a)\b", html), html
    assert not re.search(r"<[^>]*\son\w+=", html), html


@given(st.text(alphabet="<>&\"'`[]()!#*_|-1 \nabs/:=", max_size=80))
def test_only_known_tags_come_out(text: str) -> None:
    """Whatever a model writes, the HTML holds no tag that the renderer does not make."""
    html = render(text, passages=PASSAGES, unknown_names=["a", "abs"])
    assert set(_TAG.findall(html)) <= _ALLOWED, html


def test_sanitising_takes_out_what_the_renderer_does_not_make() -> None:
    """The last line of defence holds by itself: scripts, handlers, styles and outside addresses go."""
    html = sanitise(
        '<p style="x" onclick="y">a<script>b</script><a href="https://x.example">c</a><iframe></iframe></p>'
    )
    assert html == "<p>a<a>c</a></p>"


def test_marker_leads_to_the_lines_of_its_citation() -> None:
    """The n-th marker of a passage is the n-th statement that it supports; without one it is the whole passage."""
    citations = [
        Citation(1, "shop", "c" * 40, "shop/cart.py", 5, 5, 0, 3),
        Citation(1, "shop", "c" * 40, "shop/cart.py", 6, 7, 8, 12),
    ]
    html = render("One [1]. Two [1]. Three [2].", passages=PASSAGES, citations=citations)
    links = re.findall(r'href="([^"]*)"', html)
    at = f"commit={'c' * 40}"
    assert links == [
        f"/files/shop/shop/cart.py?{at}&amp;lines=5-5#L5",
        f"/files/shop/shop/cart.py?{at}&amp;lines=6-7#L6",
        f"/files/shop/a%20b/tax%20%26%20more.py?{at}&amp;lines=1-9#L1",
    ]


def test_markers_without_a_passage_and_in_code_stay_text() -> None:
    """`[9]` that no passage has, and `argv[1]` in code, are no citations."""
    html = render("As said [9]. Take `argv[1]`.\n\n```c\nargv[1];\n```", passages=PASSAGES)
    assert "<a" not in html
    assert "[9]" in html
    assert "argv[1]" in html


def test_hidden_sources_are_gone_outside_of_blocks_of_code() -> None:
    """A blind answer shows no marker and no lines of a path, which only a reader of code can name; its code stays."""
    assert hide_sources("One [1]. `a[1]` two [2][3].\n```c\na[1]\n```") == "One. `a[1]` two.\n```c\na[1]\n```"
    assert hide_sources("In `api/app.py:44-72` and cart.py:L4@0123abcd.") == "In `api/app.py` and cart.py."
    assert (
        hide_sources("At 12:30 it is `x[1:2]`, std::vector, key: 12.")
        == "At 12:30 it is `x[1:2]`, std::vector, key: 12."
    )


def test_unknown_names_are_marked_where_they_stand_whole() -> None:
    """A name that exists nowhere is marked in text and code, not within other names, nor in a tag."""
    html = render("`make_it` and make_it_so\n\n```py\nmake_it(p)\n```", unknown_names=["make_it", "p"])
    assert html.count('class="unknown"') == 3
    assert "make_it_so" in html
    assert "<p>" in html
    assert "unknown" not in render("a & b < 'c'", unknown_names=["amp", "lt", "x27"]), "an entity is no name"


def test_code_has_classes_for_its_colours() -> None:
    """A fence of a known language is highlighted; one of an unknown language is shown as it is."""
    assert '<span class="k">def</span>' in render("```python\ndef f(): pass\n```")
    assert "<code>def f()\n</code>" in render("```no-such-language\ndef f()\n```")


def test_finished_blocks_do_not_change_while_the_text_grows() -> None:
    """Appending to an answer leaves the HTML of all blocks but the last as it was."""
    text = "# One\n\nTwo `code` [1].\n\n```py\nx = 1\n```\n\n- a\n- b\n\nEnd"
    before: list[str] = []
    for length in range(1, len(text) + 1):
        blocks = render_blocks(text[:length], Marks(PASSAGES))
        kept = max(0, len(before) - 1)
        if len(blocks) > len(before) > 0:
            assert blocks[:kept] == before[:kept]
        before = blocks
    assert len(before) == 5


def test_places_that_the_model_does_not_read_come_with_the_refusal() -> None:
    """Passages that are read are shown at once and counted; the nearest places of a refusal are not said to be read."""
    name, data = GrowingAnswer("why?").take(PassagesFound(PASSAGES)) or ("", {})
    assert (name, data["n"]) == ("passages", 2)
    assert GrowingAnswer("why?").take(PassagesFound(PASSAGES, are_read=False)) is None
