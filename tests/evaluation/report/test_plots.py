"""The plots that say nothing are not drawn."""

from __future__ import annotations

import re
from typing import Any

from eval.report.figures import RETRIEVAL
from eval.report.page import render_page
from eval.report.plots import MIN_CONFIDENCES, draw_risk


def test_few_confidences_are_no_plot_and_said(make_result: Any, report_of: Any) -> None:
    """With one case less than needed the page has a sentence in its place."""
    for n in (MIN_CONFIDENCES - 1, MIN_CONFIDENCES):
        results = [
            make_result(RETRIEVAL, f"q{k}", task="questions", confidence=k / n, found_sources=k % 2 == 0)
            for k in range(n)
        ]
        report = report_of(*results)
        (calibration,) = report.groups[0].calibration
        assert (draw_risk(calibration, "risk", "Risk") is None) == (n < MIN_CONFIDENCES)
        assert ("No plot: 29 cases are too few" in render_page(report, results)) == (n < MIN_CONFIDENCES)


def test_confidences_are_marks_by_their_number_and_no_line(make_result: Any, report_of: Any) -> None:
    """A bin of one case is a small mark, which no line leads to as if it were a curve."""
    results = [
        make_result(RETRIEVAL, f"q{n}", confidence=0.05, found_sources=n % 2 == 0) for n in range(MIN_CONFIDENCES)
    ]
    results += [make_result(RETRIEVAL, f"r{n}", confidence=n / 10 + 0.05, found_sources=True) for n in range(1, 10)]
    plot = draw_risk(report_of(*results).groups[0].calibration[0], "risk", "Risk")
    assert plot is not None
    marks = plot.svg[plot.svg.index("PathCollection") :].split('id="risk-')[0]
    widths = []
    for path in re.findall(r'<path d="([^"]+)"', marks):
        places = [float(x) for x in re.findall(r"[ML] ([\d.]+) ", path)]
        widths.append(max(places) - min(places))
    assert len(widths) == 10
    assert widths[0] > 4 * max(widths[1:])
