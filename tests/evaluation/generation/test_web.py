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


def test_our_own_page_passes(sandbox: Sandbox) -> None:
    """A page that does what is asked, by mouse and keyboard, passes every look."""
    score = judge(sandbox, "tabs", (PAGES / "tabs.html").read_text())
    assert score.verdict == "correct", score.explanation


def test_page_without_its_script_fails(sandbox: Sandbox) -> None:
    """What is only drawn does not do anything; what was seen is said."""
    html = (PAGES / "dark-mode.html").read_text().partition("<script>")[0]
    score = judge(sandbox, "dark-mode", html)
    assert score.verdict == "wrong" and score.measures["passed_share"] == 0.0
    assert "check 0: wrong goes_dark" in score.explanation


@pytest.mark.parametrize("page_id", ["sign-up", "dialog", "sortable-table"])
def test_pages_whose_checks_are_many_can_be_passed(sandbox: Sandbox, page_id: str) -> None:
    """By our own page, also with a colon or an asterisk behind a label."""
    html = (PAGES / f"{page_id}.html").read_text()
    html = html.replace(">Name</label>", ">Name:</label>").replace(">E-mail</label>", ">E-mail <b>*</b></label>")
    score = judge(sandbox, page_id, html)
    assert score.verdict == "correct", score.explanation


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
