"""A retrieval evaluation as tables in Markdown, which read as plain text too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eval.tables import to_table

from .queries import NO_CATEGORY
from .summary import COVERED, Figures


def to_markdown(figures: Figures, k: int) -> str:
    """The repositories, then ``ranked`` beside the other arms, then both by category."""
    summary, arms = figures["summary"], figures["arms"]
    parts = [_repositories_table(figures, k)]
    if arms:
        parts.append(_arms_table(summary, arms, k))
    if set(summary["by_category"]) != {NO_CATEGORY}:
        parts.append(_measures_table(summary, k))
    if len(summary["by_category"]) > 1 and arms:
        parts.append(_categories_table(summary, arms, k))
    return "\n\n".join(parts) + "\n"


def _repositories_table(figures: Figures, k: int) -> str:
    measures = [f"ndcg@{k}", "ci95", "recall@1", "recall@5", "recall@10", f"mrr@{k}", COVERED]
    header = ["repository", "language", "files", "chunks", "questions", f"nDCG@{k}", "95 % interval", "recall@1"]
    header += ["recall@5", "recall@10", f"MRR@{k}", "covered", "index s", "p50 ms", "p95 ms"]
    rows = []
    repositories: Sequence[Figures] = figures["repositories"]
    for entry in repositories:
        counts = [f"{entry['n_files']:,}", f"{entry['n_chunks']:,}"]
        rows.append([entry["name"], entry["language"], *counts, *_cells(entry, measures)])
    if len(repositories) > 1:
        rows.append(["mean", "", "", "", *_cells(figures["summary"], measures)])
    return to_table(header, rows)


def _cells(entry: Figures, measures: Sequence[str]) -> list[str]:
    shown = [_show(entry[name]) for name in measures]
    times = [f"{entry['index_seconds']:.2f}", f"{entry['query_p50_ms']:.1f}", f"{entry['query_p95_ms']:.1f}"]
    return [str(entry["n_queries"]), *shown, *times]


def _arms_table(summary: Figures, arms: dict[str, Figures], k: int) -> str:
    header = ["arm", f"nDCG@{k}", "95 % interval", "minus ranked", "95 % interval", "recall@10", f"MRR@{k}", "p50 ms"]
    rows = []
    for name, entry in {"ranked": summary, **arms}.items():
        difference = f"{entry['difference']:+.3f}" if "difference" in entry else ""
        width = _show(entry["difference_ci95"], sign="+") if "difference" in entry else ""
        quality = [_show(entry["recall@10"]), _show(entry[f"mrr@{k}"]), f"{entry['query_p50_ms']:.1f}"]
        rows.append([name, _show(entry[f"ndcg@{k}"]), _show(entry["ci95"]), difference, width, *quality])
    return to_table(header, rows)


def _measures_table(summary: Figures, k: int) -> str:
    header = ["ranked, by category", "questions", f"nDCG@{k}", "95 % interval", "recall@1", "recall@5", "recall@10"]
    header += [f"MRR@{k}", "covered"]
    measures = [f"ndcg@{k}", "ci95", "recall@1", "recall@5", "recall@10", f"mrr@{k}", COVERED]
    rows = [
        [category, str(entry["n_queries"]), *(_show(entry[name]) for name in measures)]
        for category, entry in summary["by_category"].items()
    ]
    return to_table(header, rows)


def _categories_table(summary: Figures, arms: dict[str, Figures], k: int) -> str:
    categories = summary["by_category"]
    header = [f"nDCG@{k}", *(f"{name} ({entry['n_queries']})" for name, entry in categories.items())]
    rows = [
        [name, *(_show(entry["by_category"][category][f"ndcg@{k}"]) for category in categories)]
        for name, entry in {"ranked": summary, **arms}.items()
    ]
    return to_table(header, rows)


def _show(value: Any, sign: str = "") -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{value[0]:{sign}.3f} to {value[1]:{sign}.3f}"
    return f"{value:.3f}"
