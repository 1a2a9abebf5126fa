"""Our retrieval beside others on one suite: quality, time to index, time to answer, memory. Resumable by method.

    python -m bench.retrieval --suite DIR --checkouts DIR [--methods NAMES] [--again NAMES] [--out FILE]

Each method runs in a process of its own, one after the other. What is measured is kept in ``bench/retrieval.json``,
and measured again only where the questions, the measuring, the method's code, or the weights have changed, or by
``--again``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eval.stats import Interval, difference_interval, mean_interval
from eval.tables import to_table

from .machine import ROOT, describe_machine, run, work_folder
from .peers import METHODS

RESULTS = ROOT / "bench" / "retrieval.json"
COMMAND = "python -m bench.retrieval --suite DIR --checkouts DIR"

# How the methods are called on the page.
_TITLES = {
    "quarry": "Quarry",
    "semble": "semble",
    "bm25": "Quarry, BM25 alone",
    "minilm": "all-MiniLM-L6-v2 over our chunks",
    "ripgrep": "ripgrep, keywords",
    "quarry-masked": "Quarry, paths masked",
    "semble-masked": "semble, paths masked",
}
_PEERS = {"semble": "semble", "semble-masked": "semble", "minilm": "sentence-transformers", "ripgrep": "ripgrep"}
_PAIRS = (("quarry", "semble"), ("quarry-masked", "semble-masked"))


def main() -> None:
    """Measure what is not measured yet, keep it, and print the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", type=Path, required=True, help="folder with repos.json and a JSONL file for each")
    parser.add_argument("--checkouts", type=Path, required=True, help="folder with the suite's sources")
    parser.add_argument("--methods", default=",".join(METHODS), help="which to measure, by commas")
    parser.add_argument("--again", default="", help="which to measure again although they are kept")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the figures are kept")
    options = parser.parse_args()
    methods = _names(options.methods)
    again = _names(options.again)
    unknown = [name for name in methods + again if name not in METHODS]
    if unknown:
        parser.error(f"there is no method {unknown[0]!r}: choose from {', '.join(METHODS)}")
    if options.out == RESULTS and describe_machine()["commit"].endswith("with changes"):
        parser.error("what is published is measured at a commit: commit the changes, or keep the figures by --out FILE")
    results: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {"methods": {}}
    failed = []
    for method in methods:
        key = _fingerprint(options.suite, method)
        kept = results["methods"].get(method)
        if kept is not None and kept["key"] == key and method not in again:
            print(f"{method}: kept from {kept['date']}", file=sys.stderr)
            continue
        print(f"{method}: measuring", file=sys.stderr)
        try:
            figures = _measure(method, options.suite, options.checkouts)
        except subprocess.CalledProcessError as error:  # the others can still be measured
            failed.append(method)
            print(f"{method}: {_last_line(error.stderr)}", file=sys.stderr)
            continue
        results["methods"][method] = figures | {"key": key}
        options.out.write_text(json.dumps(results) + "\n")
    if results["methods"]:
        print(to_section(results))
    if failed:
        sys.exit(1)


def to_section(results: Mapping[str, Any]) -> str:
    """The section of docs/benchmarks.md, from what is kept."""
    methods: Mapping[str, Any] = results["methods"]
    shown = [name for name in _TITLES if name in methods]
    rows = [_row(name, methods[name]) for name in shown]
    any_method = methods[shown[0]]
    # Figures from before each method kept its machine share that of the last one.
    machines = [methods[name].get("machine") or results.get("machine", {}) for name in shown]
    parts = dict.fromkeys(part for machine in machines for part in machine if part != "commit")
    n_questions = sum(len(repository["ndcg"]) for repository in any_method["repositories"])
    header = [
        "method",
        "nDCG@10",
        "95 % interval",
        "index s",
        "total s",
        "p50 ms",
        "p95 ms",
        "peak MB",
        "measured",
        "at",
    ]
    lines = [
        "## Retrieval compared with others",
        "",
        f"{len(any_method['repositories'])} repositories, {n_questions} questions. This is development data: the "
        f"ranking was tuned on it. Measured by `{COMMAND}`.",
        "",
        "Machine: " + ", ".join(f"{part} {_values(part, machines)}" for part in parts) + ".",
        "",
        to_table(header, rows),
        "",
    ]
    for one, other in _PAIRS:
        if one in methods and other in methods:
            lines += [
                f"{_TITLES[one]} minus {_TITLES[other]}: {_describe_difference(methods[one], methods[other])}",
                "",
            ]
    return "\n".join(
        [
            *lines,
            "- **nDCG@10** is the mean over the repositories, with an interval from a bootstrap over them.\n"
            "- **Index** seconds are the median over repositories, and their total, in a process that has its "
            "libraries loaded. Quarry and its variants write an index to disk; semble builds one in memory.\n"
            "- **Queries** are warm, one at a time.\n"
            "- **Peak memory** is that of the one process that indexed and searched all repositories, Python included "
            "(for ripgrep: the process that calls it).\n"
            "- **semble** runs its own pipeline with the weights of our encoder.\n"
            "- **ripgrep**'s hits are whole files, ranked by the number of distinct keywords. The others' hits are "
            "chunks, several of which may be from one file.\n"
            "- **Masked**: file names are replaced by numbers.",
            "",
        ]
    )


def paired_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[float, Interval | None, int]:
    """Mean over all questions of ``one`` minus ``other``, its interval by repository, and the number of questions."""
    others = {repository["name"]: repository["ndcg"] for repository in other["repositories"]}
    differences, clusters = [], []
    for repository in one["repositories"]:
        for mine, theirs in zip(repository["ndcg"], others[repository["name"]], strict=True):
            differences.append(mine - theirs)
            clusters.append(repository["name"])
    return statistics.fmean(differences), difference_interval(differences, clusters), len(differences)


def _describe_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    difference, interval, n = paired_difference(one, other)
    width = f"95 % interval {interval.low:+.3f} to {interval.high:+.3f}" if interval else "too few repositories to say"
    return f"{difference:+.3f} ({width}, clustered by repository) over the same {n} questions."


def _row(name: str, figures: Mapping[str, Any]) -> list[str]:
    repositories = figures["repositories"]
    means = [statistics.fmean(repository["ndcg"]) for repository in repositories]
    interval = mean_interval(means)
    seconds = [repository["index_seconds"] for repository in repositories]
    milliseconds = sorted(ms for repository in repositories for ms in repository["query_ms"])
    return [
        _TITLES[name],
        f"{statistics.fmean(means):.3f}",
        f"{interval.low:.3f} to {interval.high:.3f}" if interval else "-",
        f"{statistics.median(seconds):.2f}",
        f"{sum(seconds):.1f}",
        f"{statistics.median(milliseconds):.1f}",
        f"{milliseconds[int(len(milliseconds) * 0.95)]:.1f}",
        f"{figures['peak_mb']:,.0f}",
        figures["date"],
        figures["commit"],
    ]


def _values(part: str, machines: Sequence[Mapping[str, str]]) -> str:
    """What the methods were measured with, each value once."""
    return " and ".join(dict.fromkeys(machine[part] for machine in machines if part in machine))


def _last_line(text: str | None) -> str:
    return next(reversed((text or "").strip().splitlines()), "it failed and said nothing")


def _peer(method: str) -> dict[str, str]:
    """The program of others that a method runs, with its version."""
    name = _PEERS.get(method)
    if name is None:
        return {}
    try:
        if name == "ripgrep":
            return {name: subprocess.run(["rg", "--version"], capture_output=True, text=True).stdout.split()[1]}
        return {name: version(name)}
    except (OSError, PackageNotFoundError):
        return {name: "not installed"}


def _measure(method: str, suite: Path, checkouts: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=work_folder()) as folder:
        command: list[str | Path] = [sys.executable, "-m", "bench.peers", method, "--suite", suite.resolve()]
        command += ["--checkouts", checkouts.resolve(), "--work", folder]
        done = run(command, {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"})
    machine = describe_machine()
    return {
        "date": date.today().isoformat(),
        "commit": machine["commit"],
        "machine": machine | _peer(method),
        "peak_mb": round(done.peak_bytes / 1e6),
        "repositories": json.loads(done.stdout),
    }


def _fingerprint(suite: Path, method: str) -> str:
    """Changes with the questions, the weights, the measuring, the peer's version, and, for ours, our own code."""
    digest = hashlib.sha256(json.dumps(_peer(method)).encode())
    encoder = ROOT / "indexer" / "encoder" / "0_StaticEmbedding"
    paths = [*sorted(suite.glob("*.json*")), *sorted(encoder.iterdir()), ROOT / "bench" / "peers.py"]
    paths += sorted((ROOT / "eval" / "retrieval").glob("*.py"))
    if method.startswith("quarry") or method in ("bm25", "minilm"):
        paths += [*sorted((ROOT / "indexer").glob("*.*")), *sorted((ROOT / "assistant").glob("*.*"))]
    for path in paths:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


if __name__ == "__main__":
    main()
