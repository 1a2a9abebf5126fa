"""`make bench`: measure, keep the figures in bench/results.json, and write docs/benchmarks.md from them."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import date
from pathlib import Path

from eval.datasets import fetch_package
from indexer.training.records import Package

from .cases import bench_cold_search, bench_indexing, bench_machine, bench_service
from .machine import ROOT, describe_machine

# About a thousand Python files. A wheel is a zip of the sources: nothing is built or run.
DJANGO = Package(
    name="Django",
    version="5.2.8",
    sha256="37e687f7bd73ddf043e2b6b97cfe02fcbb11f2dbb3adccc6a2b18c6daa054d7f",
    licence="BSD-3-Clause",
    split="excluded",
)

# What was to be reached, beside what was. (figure, name on the page, unit, bound, "<" or ">")
_ROWS = (
    ("chunks_per_second", "index, end to end, as a new process, median of 3", "chunks/s", 600, ">"),
    ("peak_mb", "peak memory of that process", "MB", 700, "<"),
    ("unchanged_seconds", "the same again, nothing changed", "s", 2, "<"),
    ("cold_search_seconds", "`quarry search` as a new process, median of 7", "s", 1.5, "<"),
    ("http_search_p50_ms", "`GET /search`, warm, p50", "ms", 20, "<"),
    ("http_search_p95_ms", "`GET /search`, warm, p95", "ms", None, "<"),
    ("service_adds_ms", "what the service adds to the engine's time to first token, median of 15", "ms", 50, "<"),
    (
        "first_index_of_a_home_seconds",
        "first index of a new home (the scanner compiles its rules once)",
        "s",
        None,
        "<",
    ),
)


def main() -> None:
    """Measure everything, one after the other, and write the page."""
    work = Path(os.environ.get("QUARRY_BENCH_WORK", ROOT / ".cache" / "bench"))
    work.mkdir(parents=True, exist_ok=True)
    source = fetch_package(DJANGO, work)
    with tempfile.TemporaryDirectory(dir=work) as home:
        figures: dict[str, float] = bench_machine() | bench_indexing(source, Path(home))
        figures |= bench_cold_search(Path(home))
        figures |= bench_service(Path(home), Path(os.environ.get("QUARRY_TEST_HOME", ROOT / ".cache" / "test-home")))
    results = {"date": date.today().isoformat(), "machine": describe_machine(), "figures": figures}
    (ROOT / "bench" / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    page = to_page(results)
    (ROOT / "docs" / "benchmarks.md").write_text(page)
    print(page)


def to_page(results: dict[str, object]) -> str:
    """The benchmark page as markdown."""
    figures, machine = results["figures"], results["machine"]
    assert isinstance(figures, dict) and isinstance(machine, dict)
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {results['date']}; the figures are in `bench/results.json`. Timings of one "
        "machine say little about another: look at the ratios.",
        "",
        "Machine: "
        + ", ".join(f"{name} {value}" for name, value in machine.items())
        + ". Ten million squares by a Python "
        f"generator took {figures['interpreter_seconds']:.2f} s, which tells its quick hours from its slow ones.",
        "",
        f"Indexed: {DJANGO.name} {DJANGO.version} from its wheel (SHA-256 `{DJANGO.sha256[:16]}…`), "
        f"{figures['files']:,.0f} files, {figures['chunks']:,.0f} chunks, in {figures['index_seconds']:.1f} s.",
        "",
        "| what | measured | to reach |",
        "| --- | --- | --- |",
    ]
    for key, name, unit, bound, sign in _ROWS:
        goal = f"{sign} {bound:,} {unit}" if bound is not None else ""
        lines.append(f"| {name} | {figures[key]:,.3g} {unit} | {goal} |" if figures[key] < 1000 else
                     f"| {name} | {figures[key]:,.0f} {unit} | {goal} |")  # fmt: skip
    lines += [
        "",
        f"The time to first token was taken with Qwen2.5-Coder-0.5B in the embedded engine, a prompt of "
        f"{figures['prompt_tokens']:,.0f} tokens that the engine had read before: "
        f"{figures['engine_first_token_ms']:.0f} ms asked directly, {figures['service_first_token_ms']:.0f} ms through "
        "`POST /chat`, which also searches, packs and counts. Token counts of passages are remembered; a new one costs "
        f"2 ms, so a first question with {figures['passages']:.0f} new passages waits that much longer.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
