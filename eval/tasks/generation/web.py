"""Web pages as cases: their texts, and a look at an answer's page in a headless browser within the sandbox.

Chromium runs with its own sandbox off, since that cannot be nested in ours, which confines it instead: no network, a
profile that is gone afterwards, another user where we are root. Under ``--unsafe`` nothing confines the page.
"""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from eval.sandbox import Limits, Sandbox

from .page_checks import CHECKS
from .running import RunReport, read_report, run_in_folder
from .toolchains import Toolchain, find_chromium

_FOLDER = Path(__file__).parent
SCRIPTS = (_FOLDER / "inside" / "look.py", _FOLDER / "page_checks.py")
# A browser is a dozen processes with many threads each, and maps far more memory than it uses.
_LIMITS = Limits(seconds=60, memory_bytes=4 * 2**30, n_processes=512)


@cache
def load_pages() -> dict[str, str]:
    """What each page is asked to be, by its id."""
    rows = tomllib.loads((_FOLDER / "pages.toml").read_text(encoding="utf-8"))["page"]
    return {row["id"]: row["statement"].strip().replace("\n", " ") for row in rows}


def missing_for_pages() -> str | None:
    """What is not here that looking at pages needs, or None."""
    if importlib.util.find_spec("playwright") is None:
        return "the package playwright is not installed"
    return None if find_chromium() is not None else "Chromium is not installed"


def look_at_page(sandbox: Sandbox, page_id: str, html: str, marker: str) -> RunReport:
    """What a browser sees in an answer's page. Raises SandboxError."""
    chromium = find_chromium()
    spec = importlib.util.find_spec("playwright")
    if chromium is None or spec is None or spec.origin is None:
        raise LookupError("no browser")
    files = {path.name: path.read_text(encoding="utf-8") for path in SCRIPTS} | {"page.html": html}
    command = [sys.executable, "-B", SCRIPTS[0].name, page_id, "page.html", marker, chromium]
    toolchain = Toolchain([command], [chromium, "--version"], _readable(Path(spec.origin).parent))
    outcome, _ = run_in_folder(sandbox, toolchain, files, _LIMITS, _LIMITS)
    return read_report(outcome, marker, len(CHECKS[page_id]))


def _readable(playwright: Path) -> Sequence[Path]:
    folders = [Path("/etc/fonts")] if Path("/etc/fonts").is_dir() else []
    return folders if playwright.is_relative_to(sys.prefix) else [*folders, playwright.parent]
