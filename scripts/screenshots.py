"""Takes the pictures of docs/page.md from a running service whose first repository is this one.

usage: python scripts/screenshots.py [ADDRESS] [NAME ...]

With `make serve` running: asks real questions, so it takes as long as the model does. NAMEs take only those pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs"
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
QUESTION = "Which function creates the service's app, and what does it take?"
_WAIT_MS = 600_000  # two cores that others use, too
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main(arguments: list[str]) -> None:
    """Take the pictures that are named, or all of them."""
    address = arguments[0] if arguments else "http://127.0.0.1:8000"
    names = arguments[1:] or list(PICTURES)
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        for name in names:
            PICTURES[name](browser, address)
            print(f"took {name}")
        browser.close()


def take_answer(browser: Browser, address: str) -> None:
    """An answer, and the file of its first citation beside it."""
    with opened(browser, address, **DESKTOP) as page:
        ask(page, QUESTION)
        shoot(page, "answer")
        open_file(page)
        shoot(page, "file")


def take_trace(browser: Browser, address: str) -> None:
    """Why the answer was given this code."""
    with opened(browser, address, **DESKTOP, color_scheme="dark") as page:
        ask(page, QUESTION)
        page.locator(".trace > summary").click()
        page.locator(".trace").evaluate("trace => trace.scrollIntoView()")
        shoot(page, "trace")


def take_comparison(browser: Browser, address: str) -> None:
    """The same question without and with code."""
    with opened(browser, address, **DESKTOP) as page:
        ask(page, QUESTION, mode="compare")
        shoot(page, "compare")


def take_vote(browser: Browser, address: str) -> None:
    """Two answers whose reader does not know which is which."""
    with opened(browser, address, **DESKTOP, color_scheme="dark") as page:
        page.locator("input[name=mode][value=compare] + span").click()
        page.locator("#blind").check()
        ask(page, "Which class keeps people's votes, and in which file?", mode="compare")
        expect(page.locator(".ballot")).to_be_visible()
        page.locator(".ballot").evaluate("ballot => ballot.scrollIntoView({block: 'end'})")
        shoot(page, "vote")


def take_phone(browser: Browser, address: str) -> None:
    """The same on a phone, with the file as a sheet."""
    with opened(browser, address, **PHONE) as page:
        ask(page, QUESTION)
        shoot(page, "phone")
        open_file(page)
        shoot(page, "phone-file")


def take_search(browser: Browser, address: str) -> None:
    """Hits, which need no model."""
    with opened(browser, address, **DESKTOP) as page:
        ask(page, "where are credentials redacted", mode="search")
        shoot(page, "search")


PICTURES: dict[str, Callable[[Browser, str], None]] = {
    "answer": take_answer,
    "trace": take_trace,
    "compare": take_comparison,
    "vote": take_vote,
    "phone": take_phone,
    "search": take_search,
}


@contextmanager
def opened(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    """The page, ready to ask on. Leaves no conversation of its own behind."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(_WAIT_MS)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#model")).not_to_have_attribute("data-state", "loading")
    yield page
    for forget in page.locator("#history .current [data-forget]").all():  # those of the user stay
        forget.evaluate("button => button.click()")
    page.wait_for_timeout(500)
    context.close()


def ask(page: Page, question: str, mode: str = "ask") -> None:
    """Ask, and wait for all of the answer."""
    page.locator(f"input[name=mode][value={mode}] + span").click()
    page.fill("#question", question)
    page.locator("#send").click()
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator(".turn .error")).to_be_hidden()


def open_file(page: Page) -> None:
    """The first citation's lines; the first passage's where nothing was cited."""
    cited = page.locator("a.cite")
    (cited if cited.count() else page.locator("a.chip")).first.click()
    expect(page.locator("#panel h2")).to_be_visible()


def shoot(page: Page, name: str) -> None:
    """One picture, after what moves has come to rest."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    page.screenshot(path=FOLDER / f"page-{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
