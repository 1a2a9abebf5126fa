"""docs/benchmarks.md, written from the figures that are kept. A section that was not measured has no rows."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.tables import to_table
from indexer.index_folder import FORMAT_VERSION

from .corpus import PACKAGES
from .retrieval import COMMAND, to_section

_OF_SECTION = ("commit", "index format")  # what is told of each section beside its machine
_STEPS = ("open", "dense", "candidates", "rank", "read", "freshness")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``figure`` is a path into the section's figures, ``bound`` the target to stay below."""

    section: str
    figure: str
    what: str
    unit: str
    bound: float | None = None
    is_least: bool = False  # the bound is to be exceeded


_ROWS = (
    Row("small", "seconds", "index {files} files, {chunks} chunks, without process start, median of 5", "s", 3),
    Row("small", "process_seconds", "… with process start", "s"),
    Row("edit", "process_seconds", "index again after one edited file, {chunks} chunks, as a new process", "s", 2),
    Row("edit", "service_seconds", "… by the running service, until its job is done", "s", 0.3),
    Row("edit", "service_first_seconds", "… by the service, the first time, which opens the stores", "s"),
    Row("edit", "watch_seconds", "… by `quarry watch`, from the edit to its report", "s", 0.3),
    Row("edit", "watch_first_seconds", "… by `quarry watch`, the first time", "s"),
    Row("search", "20000.p50_ms", "warm search, {20000.chunks} chunks, p50", "ms", 8),
    Row("search", "20000.p95_ms", "warm search, {20000.chunks} chunks, p95", "ms", 20),
    Row("search", "500000.p50_ms", "warm search, {500000.chunks} chunks, p50", "ms", 40),
    Row("search", "500000.p95_ms", "warm search, {500000.chunks} chunks, p95", "ms"),
    Row("memory", "edited_peak_mb", "peak memory of the service, {chunks} chunks, after searches and edits", "MB", 600),
    Row("memory", "searched_peak_mb", "… after searches only, which do not open Chroma", "MB"),
    Row("package", "chunks_per_second", "index Django, {files} files, {chunks} chunks", "chunks/s", 600, True),
    Row("package", "peak_mb", "peak memory of that process", "MB", 700),
    Row("package", "unchanged_seconds", "index Django again, nothing changed", "s", 2),
    Row("package", "cold_search_seconds", "`quarry search` as a new process, median of 7", "s", 1.5),
    Row("package", "http_search_p50_ms", "`GET /search` on Django, warm, p50", "ms", 20),
    Row("package", "http_search_p95_ms", "`GET /search` on Django, warm, p95", "ms"),
    Row("package", "first_index_of_a_home_seconds", "first index in a new home: the scanner compiles its rules", "s"),
    Row("model", "service_adds_ms", "time that the service adds to the engine's time to first token", "ms", 50),
    Row("model", "service_share_ms", "… without retrieval", "ms", 10),
    Row(
        "concurrency",
        "service_again_ratio",
        "tokens/s of {n_clients} clients relative to one client, prompts cached",
        "times",
        1.3,
        True,
    ),
    Row("concurrency", "engine_again_ratio", "… the same prompts sent directly to the engine", "times"),
    Row("serving", "own_p50_ms", "the service's own share of the time to first token, p50", "ms", 10),
    Row("serving", "gap_p99_ms", "{clients} clients streaming for {seconds} s: pause between tokens, p99", "ms", 250),
    Row("serving", "failed", "… failed questions, of {answers}", "", 1),
    Row("serving", "memory_grown_mb", "… growth of the service's memory after the first tenth", "MB", 20),
)


def to_page(results: Mapping[str, Any], retrieval: Mapping[str, Any], plot: str | None) -> str:
    """The page as markdown, from ``results.json``, ``retrieval.json`` (or empty), and the plot's file name."""
    sections: Mapping[str, Any] = results.get("sections", {})
    rows = [_to_cells(row, sections[row.section]) for row in _ROWS if _is_measured(row, sections)]
    rows += _retrieval_rows(retrieval)
    parts = [
        "# Benchmarks",
        "Speed, size and growth on one machine. `make bench` writes this page; `.venv/bin/python -m bench SECTION` "
        "measures one section again. The figures are in `bench/results.json`. Timings differ between machines, and "
        "between hours on one machine, so compare ratios rather than seconds.",
        to_table(["what", "measured", "target", "section"], rows),
        *_measured_when(sections),
        _what_is_indexed(),
    ]
    if "search" in sections:
        parts += _search_part(sections["search"]["figures"])
    if "growth" in sections:
        parts += _growth_part(sections["growth"]["figures"], plot)
    if "edit" in sections:
        parts += [
            "## Edits",
            "Each edit adds a function at the end of a different file. Edits are not committed: the index is of the "
            f"working tree. The figures are medians of {sections['edit']['figures']['edits']} edits after the first. "
            "The service's job is polled every 5 ms. `quarry watch` waits 50 ms for further changes before it starts.",
        ]
    if "model" in sections:
        parts += ["## Time to first token", _model_part(sections["model"]["figures"])]
    if "conversations" in sections:
        parts += ["## Conversations", *_conversations_part(sections["conversations"]["figures"])]
    if "concurrency" in sections:
        parts += ["## Several clients", _concurrency_part(sections["concurrency"]["figures"])]
    if "serving" in sections:
        parts += ["## Many people at once", _serving_part(sections["serving"]["figures"])]
    parts.append(
        to_section(retrieval)
        if retrieval.get("methods")
        else f"## Retrieval compared with others\n\nNot measured yet. To measure it: `{COMMAND}`."
    )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _to_cells(row: Row, section: Mapping[str, Any]) -> list[str]:
    figures = section["figures"]
    value = float(_look_up(figures, row.figure))
    is_met = row.bound is None or (value > row.bound if row.is_least else value < row.bound)
    goal = "" if row.bound is None else f"{'over' if row.is_least else 'under'} {row.bound:g} {row.unit}"
    return [
        _fill(row.what, figures),
        f"{_number(value)} {row.unit}",
        goal + ("" if is_met else " (missed)"),
        row.section,
    ]


def _retrieval_rows(retrieval: Mapping[str, Any]) -> Iterator[list[str]]:
    quarry = retrieval.get("methods", {}).get("quarry")
    if quarry:
        seconds = [repository["index_seconds"] for repository in quarry["repositories"]]
        median = statistics.median(seconds)
        what = f"index one of {len(seconds)} development repositories, without loading libraries, median"
        yield [what, f"{_number(median)} s", "under 2 s" + ("" if median < 2 else " (missed)"), "retrieval"]


def _measured_when(sections: Mapping[str, Any]) -> list[str]:
    if not sections:
        return []
    machines: dict[str, list[str]] = {}
    for section, each in sections.items():
        told = [f"{name} {value}" for name, value in each["machine"].items() if name not in _OF_SECTION]
        machines.setdefault(", ".join(told), []).append(section)
    of_sections = [f"{machine} ({', '.join(names)})" for machine, names in machines.items()]
    cells = [
        [
            *(name, each["date"], *(each["machine"].get(key, "") for key in _OF_SECTION)),
            *(f"{each['interpreter_seconds']:.2f} s", f"{each['load']:.1f}"),
        ]
        for name, each in sections.items()
    ]
    return [
        f"Machine: {next(iter(machines)) if len(machines) == 1 else '; '.join(of_sections)}. Sections were measured "
        "one after the other. The time for ten million squares by a Python generator, taken just before each section, "
        f"shows how fast the machine was then. The current index format is {FORMAT_VERSION}.",
        to_table(["section", "date", *_OF_SECTION, "ten million squares", "load before"], cells),
    ]


def _what_is_indexed() -> str:
    packages = ", ".join(f"{package.name} {package.version}" for package in PACKAGES)
    return (
        "Repositories of a given size are built from the Python files of pinned packages, in this order, as one git "
        f"commit: {packages} (SHA-256 in `bench/corpus.py`). Together they have about 283,000 chunks. For 500,000, the "
        "same files are added again in another folder; they count as new chunks, since a chunk's id includes its path. "
        "The `small` repository has the files of Django with ten chunks or more, in order, up to 2,000 chunks."
    )


def _search_part(figures: Mapping[str, Any]) -> list[str]:
    header = ["chunks", "p50 ms", "p95 ms", "p50 ms, round 1", "first ms", "slowest ms", *_STEPS, "peak MB"]
    rows = []
    for measured in figures.values():
        steps = measured["steps_ms"]
        rows.append(
            [
                f"{measured['chunks']:,}",
                *(_number(measured[key]) for key in ("p50_ms", "p95_ms", "first_round_p50_ms", "first_search_ms")),
                _number(measured["slowest_query_ms"]),
                *(f"{steps[step] / steps['total']:.0%}" for step in _STEPS),
                f"{measured['peak_mb']:,.0f}",
            ]
        )
    first = next(iter(figures.values()))
    return [
        "## Searches",
        f"{first['n_queries']} queries of all kinds in {first['n_rounds']} rounds, in process, one at a time, after "
        "five other queries. `first` is the first search, which opens the index and reads all paths; `slowest` is the "
        "slowest query. The steps (`open` to `freshness`) are shares of the time.",
        to_table(header, rows),
        "Slowest query: "
        + ", ".join(sorted({f'"{measured["slowest_query"]}"' for measured in figures.values()}))
        + ".",
    ]


def _growth_part(figures: Mapping[str, Any], plot: str | None) -> list[str]:
    largest = max(figures.values(), key=lambda measured: measured["n_chunks"])
    rates, rows = [], []
    for key, measured in figures.items():
        within = next(point for point in largest["points"] if point[0] >= min(int(key), largest["n_chunks"]))
        whole = measured["seconds"] / measured["n_chunks"] * 1000
        cumulative = within[1] / within[0] * 1000
        rates.append(cumulative)
        rows.append(
            [
                f"{measured['n_chunks']:,}",
                f"{measured['n_files']:,}",
                f"{measured['seconds']:,.1f}",
                f"{whole:.2f}",
                f"{cumulative:.2f} (at {within[0]:,})",
                f"{measured['peak_mb']:,.0f}",
            ]
        )
    wholes = [measured["seconds"] / measured["n_chunks"] for measured in figures.values()]
    header = ["chunks", "files", "seconds", "s per 1,000", "s per 1,000 at that size in the largest build", "peak MB"]
    return [
        "## Growth",
        "Target: the seconds per 1,000 chunks differ by less than a factor of 2 between sizes. Measured: a factor of "
        f"{_spread(rates)} between the three sizes within the largest build, cumulative, and of {_spread(wholes)} "
        "between the three whole builds.",
        to_table(header, rows),
        "Each point of the plot is a moment at which that many chunks are on disk in every store. The last point also "
        "includes the manifest. All points include the start (git's listing, reading the scanner's rules). It is most "
        "of what the first chunks cost, so the right half begins at 4,000.",
        *([f"![Seconds and seconds per 1,000 chunks by chunks on disk]({plot})"] if plot else []),
    ]


def _model_part(figures: Mapping[str, Any]) -> str:
    return (
        "Measured with Qwen2.5-Coder-0.5B in the embedded engine and prompts that it had read before, "
        f"{figures['prompt_tokens']:,.0f} tokens on average. Asked directly, the engine takes "
        f"{figures['engine_first_token_ms']:.0f} ms. `POST /chat`, which also searches, packs and counts, takes "
        f"{figures['service_first_token_ms']:.0f} ms. Each question was new to the service, with "
        f"{figures['passages']:.0f} passages to count."
    )


def _conversations_part(figures: Mapping[str, Any]) -> list[str]:
    arms: Mapping[str, Any] = figures["arms"]
    plain = next(iter(arms.values()))
    header = ["engine", "first token, median", "relative", "prompt in cache", "tokens/s", "relative"]
    header += ["guesses accepted", "same text"]
    rows = [
        [
            name,
            f"{arm['first_token_ms'] / 1000:.2f} s",
            f"{arm['first_token_ms'] / plain['first_token_ms']:.2f}",
            f"{arm['cached_share']:.0%}",
            f"{arm['tokens_per_second']:.1f}",
            f"{arm['tokens_per_second'] / plain['tokens_per_second']:.2f}",
            f"{arm['accepted_share']:.0%}" if arm["accepted_share"] else "",
            f"{arm['same_text_share']:.0%}",
        ]
        for name, arm in arms.items()
    ]
    first, n_runs = figures["first_question"], figures.get("n_runs", 1)
    return [
        f"{figures['n_conversations']} conversations of two or three turns about Django (`bench/conversations.toml`), "
        f"answered by {figures['model']}: {plain['n_turns']} answers per engine, with prompts of "
        f"{plain['prompt_tokens']:,.0f} tokens on average. Each row has its own engine and adds one feature to the row "
        "above; the engines answer the same prompts in turns. `relative`: to the first row, which has none of them. "
        f"Speculation is `{figures['speculation']}`. `same text`: share of answers equal to the first row's."
        + (f" Measured in {n_runs} runs, the last of which is in the table above." if n_runs > 1 else ""),
        to_table(header, rows),
        "The first question after a start takes "
        f"{first['warm_ms'] / 1000:.2f} s ({first['warm_read_tokens']:,.0f} tokens to read) if the engine has read the "
        f"start of the prompt beforehand, and {first['cold_ms'] / 1000:.2f} s "
        f"({first['cold_read_tokens']:,.0f} tokens) if not.",
    ]


def _concurrency_part(figures: Mapping[str, Any]) -> str:
    n_clients = figures["n_clients"]
    rates = [
        f"- {what}: {figures[f'{kind}_1']:.1f} tokens/s with one client, {figures[f'{kind}_{n_clients}']:.1f} with "
        f"{n_clients} at once ({figures[f'{kind}_ratio']:.2f} times)."
        for kind, what in (
            ("service_new", "New questions, different ones for one client and for several"),
            ("service_again", "The same questions again, with their prompts in the engine's cache"),
            ("engine_again", "These prompts sent directly to the engine"),
        )
    ]
    shares = [f"{figures[f'service_again_{n}'] / figures[f'engine_again_{n}']:.2f}" for n in (1, n_clients)]
    return (
        f"{figures['model']}, answers of {figures['answer_tokens']} tokens.\n\n" + "\n".join(rates) + "\n\nSo through "
        f"the service, one client gets {shares[0]} of the engine's own rate, and {n_clients} get {shares[1]}. The gain "
        "from more clients only makes up for what a single client loses."
    )


def _spread(values: Sequence[float]) -> str:
    return f"{max(values) / min(values):.2f}"


def _serving_part(figures: Mapping[str, Any]) -> str:
    return (
        f"For {figures['seconds']:,.0f} s, {figures['clients']} clients each ask one question about Django after the "
        "other, with answers of 256 tokens. A stand-in model writes 50 tokens a second for each of them. Service, "
        "stand-in and clients are three processes on the same cores. (`QUARRY_BENCH_SECONDS` makes it shorter.)\n\n"
        f"- Throughput: {figures['tokens_per_second']:,.0f} tokens/s. A token costs the service "
        f"{figures['cpu_us_per_token']:.0f} µs of processor time ({figures['cores']:.2f} cores), including search, "
        "packing and grounding.\n"
        f"- Pauses between tokens: p50 {figures['gap_p50_ms']:.0f} ms, p99 {figures['gap_p99_ms']:.0f} ms, longest "
        f"{figures['gap_max_ms']:.0f} ms.\n"
        f"- Memory: {figures['memory_start_mb']:.0f} MB after a tenth of the time, "
        f"{figures['memory_end_mb']:.0f} MB at the end.\n"
        "- The service's own share of the time to first token, with a single client: "
        f"p50 {figures['own_p50_ms']:.1f} ms, p95 {figures['own_p95_ms']:.1f} ms."
    )


def _is_measured(row: Row, sections: Mapping[str, Any]) -> bool:
    """Whether the section has that figure. A section measured before the row was added does not."""
    try:
        _look_up(sections[row.section]["figures"], row.figure)
    except KeyError:
        return False
    return True


def _look_up(figures: Mapping[str, Any], path: str) -> Any:
    value: Any = figures
    for part in path.split("."):
        value = value[part]
    return value


def _fill(text: str, figures: Mapping[str, Any]) -> str:
    while "{" in text:
        before, _, rest = text.partition("{")
        path, _, after = rest.partition("}")
        text = f"{before}{_look_up(figures, path):,.0f}{after}"
    return text


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
