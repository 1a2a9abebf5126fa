"""Web pages: our own pass, broken ones fail, and a page reaches nothing outside itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.cases import Score
from eval.sandbox import Sandbox
from eval.tasks.generation.task import GenerationScorer, make_page_case
from eval.tasks.generation.web import load_pages

PAGES = Path(__file__).parent / "pages"

pytestmark = pytest.mark.browser


def judge(sandbox: Sandbox, page_id: str, html: str) -> Score:
    """The score of an answer with that page."""
    return GenerationScorer(sandbox).score(make_page_case(page_id, load_pages()[page_id]), f"```html\n{html}\n```")


@pytest.mark.parametrize("page_id", load_pages())
def test_our_own_page_passes(sandbox: Sandbox, page_id: str) -> None:
    """A page that does what is asked, by mouse and keyboard, passes every look."""
    score = judge(sandbox, page_id, (PAGES / f"{page_id}.html").read_text())
    assert score.verdict == "correct", score.explanation


def test_page_without_its_script_fails(sandbox: Sandbox) -> None:
    """What is only drawn does not do anything; what was seen is said."""
    html = (PAGES / "dark-mode.html").read_text().partition("<script>")[0]
    score = judge(sandbox, "dark-mode", html)
    assert score.verdict == "wrong" and score.measures["passed_share"] == 0.0
    assert "check 0: wrong goes_dark" in score.explanation


def test_labels_may_end_in_a_mark(sandbox: Sandbox) -> None:
    """A colon or an asterisk behind a label is a matter of taste."""
    html = (PAGES / "sign-up.html").read_text()
    marked = html.replace(">Name</label>", ">Name:</label>").replace(">E-mail</label>", ">E-mail <b>*</b></label>")
    assert marked != html
    score = judge(sandbox, "sign-up", marked)
    assert score.verdict == "correct", score.explanation


@pytest.mark.parametrize(("grey", "passed_share"), [(127, 1.0), (128, 0.0)])
def test_dark_is_darker_than_the_middle(sandbox: Sandbox, grey: int, passed_share: float) -> None:
    """The background's brightness of 0 to 255 decides, at 128: once it is switched, and after a reload."""
    html = (PAGES / "dark-mode.html").read_text()
    assert "background: #111;" in html
    score = judge(sandbox, "dark-mode", html.replace("background: #111;", f"background: rgb({grey}, {grey}, {grey});"))
    assert score.measures["passed_share"] == passed_share, score.explanation
    assert ("the background is not dark" in score.explanation) == (grey == 128), score.explanation


def test_every_button_of_the_dialog_is_pressed(sandbox: Sandbox) -> None:
    """A `No` that does nothing is seen."""
    html = (PAGES / "dialog.html").read_text()
    score = judge(sandbox, "dialog", html.replace("no.onclick = () => dialog.close();", ""))
    assert score.verdict == "wrong" and "no_closes" in score.explanation, score.explanation


def test_page_has_no_network(sandbox: Sandbox) -> None:
    """A page that needs a script from elsewhere does not get it, and its own requests fail."""
    asking = "<script>fetch('http://127.0.0.1:8000/').catch(() => { window.failed = true; });</script>"
    needing = "<script src='http://page.invalid/other.js'></script>"
    whole = (PAGES / "live-search.html").read_text()
    score = judge(
        sandbox, "live-search", whole.replace("<script>", f"{asking}{needing}<script>if (window.other) stop();")
    )
    assert score.verdict == "correct", score.explanation


def test_every_page_has_one_of_our_own() -> None:
    """All that is asked for has been written once, by us, to see that it can be done."""
    assert {path.stem for path in PAGES.glob("*.html")} == set(load_pages())
