"""Runs inside the sandbox: does a headless browser see in a page what it must?

Run as `python look.py ID page.html MARKER CHROMIUM`. The page has no network: its own text is all that is served,
every other request is refused.
"""

from __future__ import annotations

import sys
from pathlib import Path

from page_checks import CHECKS  # type: ignore[import-not-found]
from playwright.sync_api import Error, expect, sync_playwright

TIMEOUT_MS = 4_000  # the machine may be busy; what is looked for is there at once
URL = "http://page.invalid/"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync", "--no-zygote"),
    *("--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-extensions"),
)


def look_at(page_id: str, html: str, marker: str, chromium: str) -> None:
    """Make every check of a page in headless Chromium, and print a line for each: marker, number, what came of it."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS), chromium_sandbox=False)
        for number, check in enumerate(CHECKS[page_id]):
            context = browser.new_context(service_workers="block", accept_downloads=False)
            context.set_default_timeout(TIMEOUT_MS)
            context.route(
                "**/*",
                lambda route: (
                    route.fulfill(body=html, content_type="text/html; charset=utf-8")
                    if route.request.url == URL
                    else route.abort()
                ),
            )
            page = context.new_page()
            page.on("dialog", lambda dialog: dialog.dismiss())
            try:
                page.goto(URL)
                check(page)
                verdict = "ok"
            except (Error, AssertionError) as error:
                lines = [line.strip() for line in str(error).splitlines() if line.strip()]
                verdict = f"wrong {check.__name__.strip('_')}: {' '.join(lines[:3])[:200]}"
            print(f"{marker} {number} {verdict}", flush=True)
            context.close()
        browser.close()
    print(f"{marker} done", flush=True)


if __name__ == "__main__":
    look_at(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8"), sys.argv[3], sys.argv[4])
