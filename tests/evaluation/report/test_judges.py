"""A judge's part of page, text and results: who judged what, and how far it can be trusted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from eval.report import to_markdown
from eval.report.page import render_page
from eval.report.publish import to_results_page

SPARSE = ["google/judge", "completion", "garden", "embedded/qwen2.5-coder-0.5b", "retrieval against none", "36"]


@pytest.fixture(scope="module")
def html(run: Any, judged: Any) -> str:
    """The page of the made-up run."""
    return render_page(judged, run[1])


def test_the_page_has_a_row_for_each_judge(html: str) -> None:
    """Under its own heading, to which the page's list leads; what a judge said nothing of is left empty."""
    assert '<a href="#judge">' in html
    section = html[html.index('<section id="judge">') :].partition("</section>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in section.split("<tr>")[2:]]
    heads = re.findall(r'<th scope="col">(.*?)</th>', section)
    assert [len(row) for row in rows] == [len(heads)] * 2
    said = dict(zip(heads, rows[0], strict=True))
    assert (said["judge"], said["arms"]) == ("anthropic/judge", "retrieval against none")
    assert (said["pairs"], said["read"], said["ties"]) == ("36", "34 (3 replies not)", "7")
    assert (said["agrees with execution"], said["prefers the arm"]) == ("0.846 (11 of 13)", "0.593 (16 of 27)")
    assert (said["position bias"], said["first preferred"]) == ("0.147 (5 of 34)", "0.621 (41 of 66)")
    assert said["95 % interval"] == "0.578 to 0.957"
    assert (said["kappa"], said["score of passed"], said["score of failed"]) == ("0.432", "7.3", "3.8")
    silent = dict(zip(heads, rows[1], strict=True))
    assert rows[1][:6] == SPARSE
    assert {silent[name] for name in ("95 % interval", "kappa", "score of passed", "score of failed")} == {""}


def test_text_and_results_have_the_same_figures(judged: Any) -> None:
    """A table under a heading, with the sentence that says which pairs these are."""
    for text in (to_markdown(judged), to_results_page(judged, {})):
        _, _, part = text.partition("## Judged by a model\n")
        table = part.partition("\n## ")[0]
        assert "they are more than their share" in table
        [row] = [line for line in table.splitlines() if "anthropic/judge" in line]
        cells = [cell.strip() for cell in row.strip("| ").split("|")]
        assert cells[:5] == [
            "anthropic/judge",
            "completion on garden",
            "embedded/qwen2.5-coder-0.5b",
            "retrieval against none",
            "34 of 36",
        ]
        assert cells[5].startswith("0.846") and cells[6] == "0.432"
        assert cells[7].startswith("0.147") and cells[8].startswith("0.621")


def test_without_a_judge_nothing_is_said_of_one(make_result: Any, report_of: Any) -> None:
    """Neither a heading nor a link to it."""
    results = [make_result(arm, "c1") for arm in ("none", "retrieval")]
    report = report_of(*results)
    assert "#judge" not in render_page(report, results) and 'id="judge"' not in render_page(report, results)
    assert "Judged by a model" not in to_markdown(report) + to_results_page(report, {})
