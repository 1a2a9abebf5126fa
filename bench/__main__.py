"""`make bench`: measure section by section, keep the figures in bench/results.json, write docs/benchmarks.md.

    python -m bench [SECTION ...]     all sections, or those named; `page` alone writes the page again

Repositories and indexes are kept below QUARRY_BENCH_WORK (by default .cache/bench): about 8 GB with the largest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from .cases import measure_model, measure_package
from .concurrency import measure_concurrency
from .conversations import measure_conversations
from .load import measure_serving
from .machine import ROOT, describe_machine, time_interpreter, work_folder
from .page import to_page
from .plot import draw_growth
from .sizes import measure_edit, measure_growth, measure_memory, measure_search, measure_small

RESULTS = ROOT / "bench" / "results.json"
RETRIEVAL = ROOT / "bench" / "retrieval.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "growth.svg"

SECTIONS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "small": measure_small,
    "package": measure_package,
    "growth": measure_growth,
    "search": measure_search,
    "edit": measure_edit,
    "memory": measure_memory,
    "model": measure_model,
    "conversations": measure_conversations,
    "concurrency": measure_concurrency,
    "serving": measure_serving,
}


def main() -> None:
    """Measure the sections that are asked, one after the other, and write the page from all that is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}, page; by default all")
    asked = parser.parse_args().sections or list(SECTIONS)
    unknown = [name for name in asked if name not in SECTIONS and name != "page"]
    if unknown:
        parser.error(f"there is no section {unknown[0]!r}: choose from {', '.join(SECTIONS)}, page")
    work = work_folder()
    for name in asked:
        if name != "page":
            print(f"{name}: measuring", file=sys.stderr)
            _keep(name, measure_section(name, work))
    page = to_page(_read(RESULTS), _read(RETRIEVAL), PLOT.name if PLOT.exists() else None)
    PAGE.write_text(page)
    print(page)


def measure_section(name: str, work: Path) -> dict[str, Any]:
    """The figures of one section, with when and where they were measured, and how quick the machine was just then."""
    circumstances = {
        "date": date.today().isoformat(),
        "machine": describe_machine(),
        "load": round(os.getloadavg()[0], 2),
        "interpreter_seconds": round(time_interpreter(), 3),
    }
    return circumstances | {"figures": _round(SECTIONS[name](work))}


def _keep(name: str, section: dict[str, Any]) -> None:
    if name == "growth":
        draw_growth({int(n): build["points"] for n, build in section["figures"].items()}, PLOT)
    kept = _read(RESULTS)
    sections = kept.get("sections", {}) | {name: section}
    lines = ",\n".join(f" {json.dumps(title)}: {json.dumps(sections[title])}" for title in sections)
    RESULTS.write_text(f'{{"sections": {{\n{lines}\n}}}}\n')  # a section a line


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def _round(figures: Any) -> Any:
    if isinstance(figures, dict):
        return {name: _round(value) for name, value in figures.items()}
    return round(figures, 4) if isinstance(figures, float) else figures


if __name__ == "__main__":
    main()
