"""The plot of docs/abstention.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .fit import place_threshold, trace_risk
from .records import Case

_COLOURS = ("#2a5d9f", "#d1782a", "#3a8f4d", "#8a4fa3")


def draw_risk(curves: Mapping[str, Sequence[tuple[Case, float]]], threshold: float, path: Path) -> None:
    """Risk by coverage for each set of cases, with the shipped threshold marked; an SVG at ``path``."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "quarry", "svg.fonttype": "none", "font.size": 10})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.8, 4.4), layout="constrained")
    for (label, judged), colour in zip(curves.items(), _COLOURS, strict=False):
        points = trace_risk(judged)
        axes.plot([coverage for coverage, _ in points], [risk for _, risk in points], color=colour, label=label)
        dot = place_threshold(judged, threshold)
        if dot is not None:
            axes.plot(*dot, color=colour, marker="o", markersize=6)
    axes.set(
        xlabel="coverage: share of questions that are answered",
        ylabel="risk: share of those that the hits do not hold",
        title=f"Half of the questions have no answer there; dots: threshold {threshold:g}",
        xlim=(0, 1.01),
        ylim=(0, None),
    )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
