"""What a browser must see in each web page that is asked for, as a user would: roles, labels and texts.

It imports nothing of ours, so that it runs in the sandbox beside ``inside/look.py``, which opens the page anew for each
check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

Look = Callable[["Page"], None]


def see(locator: Any) -> Any:
    """Playwright's ``expect`` for an element, which waits a little."""
    from playwright.sync_api import expect

    return expect(locator)


def _field(page: Page, name: str) -> Any:
    """The field that is labelled so; a colon or an asterisk behind the name is no part of it."""
    return page.get_by_label(re.compile(rf"^\s*{re.escape(name)}\s*[:*]*\s*$"))


def _counts(page: Page) -> None:
    see(page.get_by_role("status")).to_have_text("0")
    for _ in range(3):
        page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Take away", exact=True).click()
    see(page.get_by_role("status")).to_have_text("2")


def _counts_by_keyboard(page: Page) -> None:
    page.get_by_role("button", name="Add", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    see(page.get_by_role("status")).to_have_text("2")


def _never_below_zero(page: Page) -> None:
    see(page.get_by_role("button", name="Take away", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Add", exact=True).click()
    see(page.get_by_role("button", name="Take away", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Reset", exact=True).click()
    see(page.get_by_role("status")).to_have_text("0")
    see(page.get_by_role("button", name="Take away", exact=True)).to_be_disabled()


def _fill_in(page: Page, name: str, email: str, age: str) -> None:
    _field(page, "Name").fill(name)
    _field(page, "E-mail").fill(email)
    _field(page, "Age").fill(age)
    page.get_by_role("button", name="Sign up", exact=True).click()


def _welcomes(page: Page) -> None:
    _fill_in(page, "Ada", "ada@example.org", "36")
    see(page.get_by_role("status")).to_have_text("Welcome, Ada!")
    see(page.get_by_role("alert").filter(has_text="must")).to_have_count(0)


def _says_what_is_wrong(page: Page) -> None:
    _fill_in(page, " ", "ada", "36")
    see(page.get_by_role("alert").filter(has_text="Name must not be empty")).to_be_visible()
    see(page.get_by_role("alert").filter(has_text="E-mail must hold an @")).to_be_visible()
    see(page.get_by_role("alert").filter(has_text="Age must")).to_have_count(0)
    see(_field(page, "Name")).to_have_attribute("aria-invalid", "true")
    see(_field(page, "Name")).to_be_focused()
    see(_field(page, "Age")).not_to_have_attribute("aria-invalid", "true")
    see(page.get_by_text("Welcome")).to_have_count(0)


def _age_is_checked(page: Page) -> None:
    for age in ("17", "121"):
        _fill_in(page, "Ada", "ada@example.org", age)
        see(page.get_by_role("alert").filter(has_text="Age must be from 18 to 120")).to_be_visible()
        see(_field(page, "Age")).to_have_attribute("aria-invalid", "true")
    _fill_in(page, "Ada", "ada@example.org", "18")
    see(page.get_by_role("status")).to_have_text("Welcome, Ada!")
    see(_field(page, "Age")).not_to_have_attribute("aria-invalid", "true")


def _first_cells(page: Page) -> list[str]:
    rows = page.locator("tbody tr").all()
    return [(row.locator("td, th").first.text_content() or "").strip() for row in rows]


def _shows_rows(page: Page) -> None:
    see(page.get_by_role("columnheader")).to_have_count(2)
    assert _first_cells(page) == ["Rope", "Anchor", "Net", "Buoy"], _first_cells(page)


def _sorts_words(page: Page) -> None:
    header = page.get_by_role("columnheader", name="Name")
    header.get_by_role("button").click()
    assert _first_cells(page) == ["Anchor", "Buoy", "Net", "Rope"], _first_cells(page)
    see(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    assert _first_cells(page) == ["Rope", "Net", "Buoy", "Anchor"], _first_cells(page)
    see(header).to_have_attribute("aria-sort", "descending")


def _sorts_numbers(page: Page) -> None:
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    header = page.get_by_role("columnheader", name="Price")
    header.get_by_role("button").press("Enter")
    assert _first_cells(page) == ["Net", "Rope", "Buoy", "Anchor"], _first_cells(page)
    see(header).to_have_attribute("aria-sort", "ascending")
    see(page.get_by_role("columnheader", name="Name")).not_to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    assert _first_cells(page) == ["Anchor", "Buoy", "Rope", "Net"], _first_cells(page)
    see(header).to_have_attribute("aria-sort", "descending")


def _shows_one_panel(page: Page) -> None:
    see(page.get_by_role("tablist")).to_have_count(1)
    see(page.get_by_role("tab")).to_have_text(["Tides", "Boats", "Prices"])
    see(page.get_by_role("tab", name="Tides")).to_have_attribute("aria-selected", "true")
    see(page.get_by_role("tabpanel")).to_have_text("High water at noon")


def _tab_by_click(page: Page) -> None:
    page.get_by_role("tab", name="Prices").click()
    see(page.get_by_role("tab", name="Prices")).to_have_attribute("aria-selected", "true")
    see(page.get_by_role("tab", name="Tides")).to_have_attribute("aria-selected", "false")
    see(page.get_by_role("tabpanel")).to_have_text("Five a day")


def _tab_by_keyboard(page: Page) -> None:
    page.get_by_role("tab", name="Tides").focus()
    page.keyboard.press("ArrowRight")
    see(page.get_by_role("tab", name="Boats")).to_be_focused()
    see(page.get_by_role("tabpanel")).to_have_text("Three in port")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    see(page.get_by_role("tab", name="Prices")).to_be_focused()
    see(page.get_by_role("tabpanel")).to_have_text("Five a day")
    page.keyboard.press("ArrowRight")
    see(page.get_by_role("tab", name="Tides")).to_be_focused()


def _background(page: Page) -> int:
    """Brightness of the page's background, 0 to 255."""
    color = page.evaluate(
        "() => [document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor)"
        ".find((c) => c !== 'rgba(0, 0, 0, 0)') || 'rgb(255, 255, 255)'"
    )
    return sum(int(float(part)) for part in color[color.index("(") + 1 : -1].split(",")[:3]) // 3


def _goes_dark(page: Page) -> None:
    toggle = page.get_by_role("button", name="Dark mode")
    see(toggle).to_have_attribute("aria-pressed", "false")
    assert _background(page) > 128, "the background is dark from the start"
    toggle.click()
    see(toggle).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(400)
    assert _background(page) < 128, "the background is not dark"
    toggle.click()
    see(toggle).to_have_attribute("aria-pressed", "false")


def _stays_dark(page: Page) -> None:
    page.get_by_role("button", name="Dark mode").click()
    assert page.evaluate("() => localStorage.getItem('theme')") == "dark"
    page.reload()
    see(page.get_by_role("button", name="Dark mode")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(400)
    assert _background(page) < 128, "the background is not dark after a reload"
    page.get_by_role("button", name="Dark mode").click()
    page.reload()
    see(page.get_by_role("button", name="Dark mode")).to_have_attribute("aria-pressed", "false")


def _add_task(page: Page, text: str) -> None:
    _field(page, "New task").fill(text)
    _field(page, "New task").press("Enter")


def _adds_tasks(page: Page) -> None:
    see(page.get_by_role("status")).to_have_text("0 left")
    _add_task(page, "Mend the net")
    see(_field(page, "New task")).to_have_value("")
    _field(page, "New task").fill("Paint <b>")
    page.get_by_role("button", name="Add", exact=True).click()
    see(page.get_by_role("listitem")).to_have_count(2)
    see(page.get_by_role("listitem").nth(1)).to_contain_text("Paint <b>")
    see(page.get_by_role("status")).to_have_text("2 left")


def _takes_no_blank(page: Page) -> None:
    _add_task(page, "   ")
    see(page.get_by_role("listitem")).to_have_count(0)
    _add_task(page, "Row")
    see(page.get_by_role("listitem")).to_have_count(1)


def _ticks_and_deletes(page: Page) -> None:
    _add_task(page, "Mend the net")
    _add_task(page, "Row")
    page.get_by_role("checkbox", name="Mend the net").check()
    see(page.get_by_role("status")).to_have_text("1 left")
    page.get_by_role("button", name="Delete Row").click()
    see(page.get_by_role("listitem")).to_have_count(1)
    see(page.get_by_role("status")).to_have_text("0 left")
    see(page.get_by_role("checkbox", name="Mend the net")).to_be_checked()


def _visible_items(page: Page) -> list[str]:
    return [(item.text_content() or "").strip() for item in page.get_by_role("listitem").all() if item.is_visible()]


def _filters(page: Page) -> None:
    see(page.get_by_role("listitem")).to_have_text(["Herring", "Cod", "Mackerel", "Sole"])
    _field(page, "Find").press_sequentially("EL")
    see(page.get_by_role("listitem").filter(visible=True)).to_have_count(1)
    assert _visible_items(page) == ["Mackerel"], _visible_items(page)
    _field(page, "Find").fill("o")
    see(page.get_by_role("listitem").filter(visible=True)).to_have_count(2)
    _field(page, "Find").fill("")
    see(page.get_by_role("listitem").filter(visible=True)).to_have_count(4)


def _says_no_match(page: Page) -> None:
    see(page.get_by_text("No match").filter(visible=True)).to_have_count(0)
    _field(page, "Find").press_sequentially("whale")
    see(page.get_by_text("No match")).to_be_visible()
    see(page.get_by_role("listitem").filter(visible=True)).to_have_count(0)
    _field(page, "Find").fill("cod")
    see(page.get_by_text("No match").filter(visible=True)).to_have_count(0)


def _opens_dialog(page: Page) -> None:
    see(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Leave port", exact=True).click()
    see(page.get_by_role("dialog")).to_be_visible()
    see(page.get_by_role("dialog")).to_contain_text("Are you sure?")
    page.get_by_role("dialog").get_by_role("button", name="Yes", exact=True).click()
    see(page.get_by_role("dialog")).to_have_count(0)
    see(page.get_by_role("status")).to_have_text("At sea")


def _escape_closes(page: Page) -> None:
    _stays_in_port(page, lambda: page.keyboard.press("Escape"))


def _no_closes(page: Page) -> None:
    _stays_in_port(page, page.get_by_role("dialog").get_by_role("button", name="No", exact=True).click)


def _stays_in_port(page: Page, close: Callable[[], None]) -> None:
    page.get_by_role("button", name="Leave port", exact=True).click()
    see(page.get_by_role("dialog")).to_be_visible()
    close()
    see(page.get_by_role("dialog")).to_have_count(0)
    see(page.get_by_role("status")).to_have_text("In port")
    see(page.get_by_role("button", name="Leave port", exact=True)).to_be_focused()


def _is_here(page: Page) -> None:
    see(page.get_by_role("status")).to_have_text("here")


# By the page's id in pages.toml; "probe" is of a page of our own, to see that a browser works here.
CHECKS: Mapping[str, Sequence[Look]] = {
    "probe": (_is_here,),
    "counter": (
        _counts,
        _counts_by_keyboard,
        _never_below_zero,
    ),
    "sign-up": (
        _welcomes,
        _says_what_is_wrong,
        _age_is_checked,
    ),
    "sortable-table": (
        _shows_rows,
        _sorts_words,
        _sorts_numbers,
    ),
    "tabs": (
        _shows_one_panel,
        _tab_by_click,
        _tab_by_keyboard,
    ),
    "dark-mode": (
        _goes_dark,
        _stays_dark,
    ),
    "to-do": (
        _adds_tasks,
        _takes_no_blank,
        _ticks_and_deletes,
    ),
    "live-search": (
        _filters,
        _says_no_match,
    ),
    "dialog": (
        _opens_dialog,
        _escape_closes,
        _no_closes,
    ),
}
