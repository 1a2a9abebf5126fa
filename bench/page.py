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
    """One line of the table. ``figure`` is a path into the section's figures, ``bound`` what it is to stay below."""

    section: str
    figure: str
    what: str
    unit: str
    bound: float | None = None
    is_least: bool = False  # the bound is to be exceeded


_ROWS = (
    Row("small", "seconds", "index {files} files, {chunks} chunks, from nothing, after start, median of 5", "s", 3),
    Row("small", "process_seconds", "… with the start of the process", "s"),
    Row("edit", "process_seconds", "one file edited at {chunks} chunks, index again as a new process", "s", 2),
    Row("edit", "service_seconds", "the same through the running service, until its job is done", "s", 0.3),
    Row("edit", "service_first_seconds", "… the first time, which opens the stores", "s"),
    Row("edit", "watch_seconds", "the same by `quarry watch`, from the edit to its line", "s", 0.3),
    Row("edit", "watch_first_seconds", "… the first time", "s"),
    Row("search", "20000.p50_ms", "warm search, {20000.chunks} chunks, p50", "ms", 8),
    Row("search", "20000.p95_ms", "warm search, {20000.chunks} chunks, p95", "ms", 20),
    Row("search", "500000.p50_ms", "warm search, {500000.chunks} chunks, p50", "ms", 40),
    Row("search", "500000.p95_ms", "warm search, {500000.chunks} chunks, p95", "ms"),
    Row("memory", "edited_peak_mb", "peak memory of a service at {chunks} chunks, searched and edited", "MB", 600),
    Row("memory", "searched_peak_mb", "… after searches alone, which do not open Chroma", "MB"),
    Row(
        "package",
        "chunks_per_second",
        "index Django, {files} files, {chunks} chunks",
        "chunks/s",
        600,
        True,
    ),
    Row("package", "peak_mb", "peak memory of that process", "MB", 700),
    Row("package", "unchanged_seconds", "the same again, nothing changed", "s", 2),
    Row("package", "cold_search_seconds", "`quarry search` as a new process, median of 7", "s", 1.5),
    Row("package", "http_search_p50_ms", "`GET /search` there, warm, p50", "ms", 20),
    Row("package", "http_search_p95_ms", "`GET /search` there, warm, p95", "ms"),
    Row("package", "first_index_of_a_home_seconds", "first index of a new home: the scanner compiles its rules", "s"),
    Row("model", "service_adds_ms", "what the service adds to the engine's time to first token", "ms", 50),
    Row("model", "service_share_ms", "… without retrieval", "ms", 10),
    Row(
        "concurrency",
        "service_again_ratio",
        "{n_clients} clients, tokens/s by one client's, prompts held",
        "times",
        1.3,
        True,
    ),
    Row("concurrency", "engine_again_ratio", "… the same prompts at the engine's own port", "times"),
    Row("serving", "own_p50_ms", "the service's own share of the time to first token, p50", "ms", 10),
    Row("serving", "gap_p99_ms", "{clients} clients streaming for {seconds} s: gap between tokens, p99", "ms", 250),
    Row("serving", "failed", "… failed questions of {answers}", "", 1),
    Row("serving", "memory_grown_mb", "… memory of the service, end against a tenth of the time", "MB", 20),
)


def to_page(results: Mapping[str, Any], retrieval: Mapping[str, Any], plot: str | None) -> str:
    """The page as markdown: of ``results.json``, of ``retrieval.json`` (or empty), and the plot's file name."""
    sections: Mapping[str, Any] = results.get("sections", {})
    rows = [_to_cells(row, sections[row.section]) for row in _ROWS if _is_measured(row, sections)]
    rows += _retrieval_rows(retrieval)
    parts = [
        "# Benchmarks",
        "Speed, size and growth on one machine, written by `make bench`; the figures are in `bench/results.json`. "
        "`.venv/bin/python -m bench SECTION` measures one section again. Timings of one machine say little about "
        "another, and its quick hours little about its slow ones: look at the ratios.",
        to_table(["what", "measured", "to reach", "section"], rows),
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
            "Each edit adds a function at the end of one file, each time another, and does not commit it; the index is "
            f"of the working tree. Median of {sections['edit']['figures']['edits']} after the first. The service's "
            "job is asked for every 5 ms; `quarry watch` waits 50 ms for further changes before it begins.",
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
        else f"## Retrieval beside others\n\nNot measured yet: `{COMMAND}` does it."
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
        what = f"index one of the {len(seconds)} development repositories, libraries loaded, median"
        yield [what, f"{_number(median)} s", "under 2 s" + ("" if median < 2 else " (missed)"), "below"]


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
        "one after the other. Ten million squares by a Python generator, just before each, tell a machine's quick "
        f"hours from its slow ones. Today's index format is {FORMAT_VERSION}.",
        to_table(["section", "date", *_OF_SECTION, "ten million squares", "load before"], cells),
    ]


def _what_is_indexed() -> str:
    packages = ", ".join(f"{package.name} {package.version}" for package in PACKAGES)
    return (
        "Repositories of a given size are put together from the Python files of pinned packages, in this order, as one "
        f"git commit: {packages} (SHA-256 in `bench/corpus.py`). They make about 283,000 chunks; for 500,000 the same "
        "files follow once more under another folder, as chunks of their own: a chunk's id hashes its path. The small "
        "repository has those files of Django that make ten chunks or more, in order, up to 2,000 chunks."
    )


def _search_part(figures: Mapping[str, Any]) -> list[str]:
    header = ["chunks", "p50 ms", "p95 ms", "p50 first asked", "first search", "slowest query", *_STEPS, "peak MB"]
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
        f"{first['n_queries']} queries of all kinds, {first['n_rounds']} rounds, in process, one at a time, after five "
        "others. The steps are shares of the time; the first search opens the index and reads all paths.",
        to_table(header, rows),
        "The slowest: " + ", ".join(sorted({f'"{measured["slowest_query"]}"' for measured in figures.values()})) + ".",
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
    header = ["chunks", "files", "s in all", "s per 1,000", "s per 1,000 at that size in the largest build", "peak MB"]
    return [
        "## Growth",
        f"To reach: seconds per 1,000 chunks within 2 times of each other. Measured: {_spread(rates)} times at "
        f"the three sizes of one build, cumulative; {_spread(wholes)} times between the three whole builds.",
        to_table(header, rows),
        "A point of the plot is a moment at which that many chunks are on disk in every store; the last one has the "
        "manifest, too. The start (git's listing, the scanner's rules read) is in all of them; it is "
        "most of what the first chunks cost, so the right half begins at 4,000.",
        *([f"![Seconds and seconds per 1,000 chunks by chunks on disk]({plot})"] if plot else []),
    ]


def _model_part(figures: Mapping[str, Any]) -> str:
    return (
        "Taken with Qwen2.5-Coder-0.5B in the embedded engine, a prompt of "
        f"{figures['prompt_tokens']:,.0f} tokens that the engine had read before: "
        f"{figures['engine_first_token_ms']:.0f} ms asked directly, {figures['service_first_token_ms']:.0f} ms through "
        "`POST /chat`, which also searches, packs and counts. Each question was new to the service, with "
        f"{figures['passages']:.0f} passages to count."
    )


def _conversations_part(figures: Mapping[str, Any]) -> list[str]:
    arms: Mapping[str, Any] = figures["arms"]
    plain = next(iter(arms.values()))
    header = ["engine", "first token, median", "by nothing", "prompt in cache", "tokens/s", "by nothing"]
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
        f"{plain['n_turns']} answers an engine by {figures['model']}, prompts of {plain['prompt_tokens']:,.0f} tokens "
        "in the mean. Each row adds to the one above it, in an engine of its own; they answer the same prompt by "
        f"turns. Speculation is `{figures['speculation']}`. `same text`: answers equal to the first row's."
        + (f" Measured in {n_runs} runs, the last of which is in the table above." if n_runs > 1 else ""),
        to_table(header, rows),
        f"The first question after a start, with the head read while nobody waited: {first['warm_ms'] / 1000:.2f} s "
        f"({first['warm_read_tokens']:,.0f} tokens to read), without: {first['cold_ms'] / 1000:.2f} s "
        f"({first['cold_read_tokens']:,.0f}).",
    ]


def _concurrency_part(figures: Mapping[str, Any]) -> str:
    n_clients = figures["n_clients"]
    rates = [
        f"{what} {figures[f'{kind}_1']:.1f} tokens/s by one client and {figures[f'{kind}_{n_clients}']:.1f} by "
        f"{n_clients} at once ({figures[f'{kind}_ratio']:.2f} times)"
        for kind, what in (
            ("service_new", "questions that are new, other ones for one client than for more:"),
            ("service_again", "asked again, so that the engine holds their prompts:"),
            ("engine_again", "these prompts at the engine's own port:"),
        )
    ]
    shares = [f"{figures[f'service_again_{n}'] / figures[f'engine_again_{n}']:.2f}" for n in (1, n_clients)]
    return (
        f"{figures['model']}, answers of {figures['answer_tokens']} tokens. " + "; ".join(rates) + ". So through the "
        f"service one client has {shares[0]} of the engine's own rate and {n_clients} have {shares[1]}: what more "
        "clients win by it is what a single one lost."
    )


def _spread(values: Sequence[float]) -> str:
    return f"{max(values) / min(values):.2f}"


def _serving_part(figures: Mapping[str, Any]) -> str:
    return (
        f"{figures['clients']} clients, each with one question to Django after the other and 256 tokens for an answer, "
        "against a stand-in model that writes 50 tokens a second for each of them, for "
        f"{figures['seconds']:,.0f} s; service, stand-in and clients are three processes on the same cores. "
        f"{figures['tokens_per_second']:,.0f} tokens/s came through; a token costs the service "
        f"{figures['cpu_us_per_token']:.0f} µs of processor, searches, packing and grounding included "
        f"({figures['cores']:.2f} cores). Gaps: p50 {figures['gap_p50_ms']:.0f} ms, "
        f"p99 {figures['gap_p99_ms']:.0f} ms, longest {figures['gap_max_ms']:.0f} ms. "
        f"Memory: {figures['memory_start_mb']:.0f} MB after a tenth of the time, "
        f"{figures['memory_end_mb']:.0f} MB at the end. The own share is one client's, alone: "
        f"p50 {figures['own_p50_ms']:.1f} ms, p95 {figures['own_p95_ms']:.1f} ms. "
        "`QUARRY_BENCH_SECONDS` makes it shorter."
    )


def _is_measured(row: Row, sections: Mapping[str, Any]) -> bool:
    """Whether the section has that figure: one that was measured before the row was thought of has not."""
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
