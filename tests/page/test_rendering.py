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
    Passage(1, "shop", "HEAD", "c" * 40, "shop/cart.py", 4, 7, "def add_to_cart(): ..."),
    Passage(2, "shop", "HEAD", "c" * 40, "a b/tax & more.py", 1, 9, "VAT_RATE = 0.19"),
]
CITATIONS = [Citation(1, "shop", "HEAD", "c" * 40, "shop/cart.py", 5, 5, 0, end) for end in range(80)]
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
    html = render(text, citations=CITATIONS)
    assert not re.search(r"<(script|img|svg|b|a)\b", html), html
    assert not re.search(r"<[^>]*\son\w+=", html), html


@given(st.text(alphabet="<>&\"'`[]()!#*_|-1 \nabs/:=", max_size=80))
def test_only_known_tags_come_out(text: str) -> None:
    """Whatever a model writes, the HTML holds no tag that the renderer does not make."""
    html = render(text, citations=CITATIONS, unknown_names=["a", "abs"])
    assert set(_TAG.findall(html)) <= _ALLOWED, html
    assert html.isascii(), "what numbers the markers stays inside"


def test_sanitising_takes_out_what_the_renderer_does_not_make() -> None:
    """The last line of defence holds by itself: scripts, handlers, styles and outside addresses go."""
    html = sanitise(
        '<p style="x" onclick="y">a<script>b</script><a href="https://x.example">c</a><iframe></iframe></p>'
    )
    assert html == "<p>a<a>c</a></p>"


def test_marker_leads_to_the_lines_of_its_citation() -> None:
    """Markers behind a statement are of its citations, in order, at the ref and commit that were searched."""
    text = "One. [1] [2] Two.\n```py\nx\n```\n[1]"
    citations = [
        Citation(1, "shop", "HEAD", "c" * 40, "shop/cart.py", 5, 5, 0, 4),
        Citation(2, "shop", "@worktree", None, "a b/tax & more.py", 1, 9, 0, 4),
        Citation(1, "shop", "v1/a", "d" * 40, "shop/cart.py", 6, 7, 18, text.rindex("\n")),
    ]
    assert re.findall(r'href="([^"]*)"', render(text, citations=citations)) == [
        f"/files/shop/shop/cart.py?commit={'c' * 40}&amp;ref=HEAD&amp;lines=5-5#L5",
        "/files/shop/a%20b/tax%20%26%20more.py?ref=%40worktree&amp;lines=1-9#L1",
        f"/files/shop/shop/cart.py?commit={'d' * 40}&amp;ref=v1%2Fa&amp;lines=6-7#L6",
    ]


def test_text_that_looks_like_a_marker_stays_text() -> None:
    """An index and a list in prose are no citations, and take no citation from the marker behind their statement."""
    text = "Set sys.argv[1] and `argv[1]`, by default [1], to it. [1]\n\nEnd"
    end = text.index(" [1]\n")
    html = render(text, citations=[Citation(1, "shop", "HEAD", None, "shop/cart.py", 5, 5, 0, end)])
    assert html.count("<a") == 1 and "to it. <a" in html
    assert "sys.argv[1] and <code>argv[1]</code>, by default [1]," in html


def test_marker_in_what_markdown_takes_for_code_is_shown_as_it_is() -> None:
    """Nothing is left there of what numbers it; nor has a model's own text such characters."""
    html = render("`One [1] \n`", citations=[Citation(1, "shop", "HEAD", None, "a.py", 5, 5, 0, 4)])
    assert html == "<p><code>One [1]  </code></p>\n"
    assert render("[1\U00100000]", citations=CITATIONS) == "<p>[1\ufffd]</p>\n"


def test_hidden_sources_are_gone_outside_of_blocks_of_code() -> None:
    """A blind answer shows no marker and no lines of a path, which only a reader of code can name; its code stays."""
    code = "\n```c\na[1] // cart.py:3\n```"
    assert hide_sources(f"One [1]. `a[1]` two [2][3].{code}", PASSAGES) == f"One. `a[1]` two.{code}"
    assert hide_sources("In `shop/cart.py:44-72`, cart.py:L4@0123abcd.", PASSAGES) == "In `shop/cart.py`, cart.py."


@pytest.mark.parametrize("passages", [[], PASSAGES])
def test_what_is_no_source_is_not_hidden(passages: list[Passage]) -> None:
    """Ports, times, slices and indexes are the answer itself."""
    for text in (
        "At 12:30 it is `x[1:2]`, std::vector, key: 12.",
        "It listens on `127.0.0.1:8000` and example.com:443, for mycart.py:8.",
        "The first is items[0].",
    ):
        assert hide_sources(text, passages) == text


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
    text = "# One\n\nTwo `code`. [1]\n\n```py\nx = 1\n```\n\n- a\n- b\n\nEnd"
    before: list[str] = []
    for length in range(1, len(text) + 1):
        blocks = render_blocks(text[:length], Marks(CITATIONS))
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
