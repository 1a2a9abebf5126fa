"""The growth plot of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Points = Sequence[Sequence[float]]  # (chunks on disk, seconds until then)


def draw_growth(builds: Mapping[int, Points], path: Path) -> None:
    """Seconds by chunks on disk, and seconds per 1,000 chunks, of builds by their size; an SVG at ``path``."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "quarry", "svg.fonttype": "none", "font.size": 10})
    import matplotlib.pyplot as plt

    figure, (total, rate) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
    for size, colour in zip(sorted(builds, reverse=True), ("#2a5d9f", "#d1782a", "#3a8f4d"), strict=False):
        points = [(chunks, seconds) for chunks, seconds in builds[size] if chunks]
        label = f"a repository of {points[-1][0]:,.0f} chunks"
        chunks = [chunks for chunks, _ in points]
        style = {"color": colour, "label": label, "marker": "o", "markersize": 4, "markevery": [-1]}  # the whole build
        total.plot([0, *chunks], [0, *(seconds for _, seconds in points)], **style)
        rate.plot(chunks, [seconds / chunks * 1000 for chunks, seconds in points], **style)
    total.set(xlabel="chunks on disk", ylabel="seconds since the start", title="Index from nothing")
    rate.set(
        xlabel="chunks on disk (logarithmic)",
        ylabel="seconds per 1,000 chunks, cumulative",
        title="Cost a chunk",
        xscale="log",
    )
    for axes in (total, rate):
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    total.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
