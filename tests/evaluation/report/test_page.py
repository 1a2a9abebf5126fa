"""The page: its figures are the JSON's, it loads nothing, and what a model wrote cannot change it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from eval.report import to_json
from eval.report.figures import NONE, RETRIEVAL
from eval.report.page import render_page
from eval.report.svg import COLOURS

from .conftest import make_setup, make_task

EVIL = "</pre><script>alert(1)</script><img src=http://example.org/x.png onerror=alert(2)>"


class Page(HTMLParser):
    """What a page holds: its tags with attributes, and the text outside plots, prompts and the set-up."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("svg", "pre", "style"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.text.append(data)


@pytest.fixture(scope="module")
def html(run: Any, judged: Any) -> str:
    """The page of the made-up run, with all sections."""
    return render_page(judged, run[1])


def find_numbers(value: Any) -> Iterator[float]:
    """Every number in a JSON."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(found) for found in re.findall(r"\d+\.\d+", value))
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from find_numbers(part)


def test_every_number_of_the_page_is_in_the_json(html: str, judged: Any) -> None:
    """Whatever stands there with decimals is a figure of the JSON, rounded."""
    shown = set(re.findall(r"\d+\.\d+", " ".join(Page(html).text)))
    known = {
        f"{abs(number):.{digits}f}" for number in find_numbers(json.loads(to_json(judged))) for digits in (1, 2, 3)
    }
    explained = {"0.100", "0.05", "0.5", "1.5"}  # of the explanations, and the models' names
    assert len(shown) > 100
    assert shown - known - explained == set()


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    """No address at all, not even a namespace's; no script."""
    page = Page(html)
    assert "://" not in html
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "img", "object")]
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links and all(link and link.startswith("#") for link in links)


def test_what_a_model_wrote_is_text(make_result: Any, report_of: Any) -> None:
    """Tags in answers, prompts, reasons, paths and names are shown, not obeyed."""
    evil = {"text": EVIL, "path": EVIL, "kind": EVIL, "explanation": EVIL, "repo": EVIL, "task": EVIL, "model": EVIL}
    evil["messages"] = [{"role": "user", "content": EVIL}]
    results = [make_result(arm, "c1", correct=arm == RETRIEVAL, **evil) for arm in (NONE, RETRIEVAL)]
    page = Page(render_page(report_of(*results, setups=[make_setup(make_task(notes=[EVIL]), model=EVIL)]), results))
    assert not [attrs for tag, attrs in page.tags if tag in ("script", "img") or "onerror" in attrs]


def test_gains_and_losses_stand_side_by_side_with_their_whole_prompts(make_result: Any, report_of: Any) -> None:
    """Both answers, both verdicts, the prompt as it was sent, a follow-up, and nothing of unchanged cases."""
    prompt = [{"role": "system", "content": "Be right."}, {"role": "user", "content": "Fix line 17."}]
    later = make_result(NONE, "c1", correct=True, text="second thought").attempts
    results = [
        make_result(NONE, "c1", text="from none", messages=prompt, more=later),
        make_result(RETRIEVAL, "c1", correct=True, text="from retrieval"),
        make_result(NONE, "c2", correct=True, text="was right"),
        make_result(RETRIEVAL, "c2", text="now wrong"),
        make_result(NONE, "c3", text="same as ever"),
        make_result(RETRIEVAL, "c3", text="same as ever"),
    ]
    html = render_page(report_of(*results), results)
    for words in (
        "from none",
        "from retrieval",
        "second thought",
        "was right",
        "now wrong",
        "Be right.",
        "Fix line 17.",
    ):
        assert words in html
    assert "same as ever" not in html
    assert html.index("Gained with retrieval") < html.index("from retrieval") < html.index("Lost with retrieval")


def test_the_question_stands_over_its_answers(make_result: Any, report_of: Any) -> None:
    """A short one at once, a long one folded, and neither with code that was retrieved."""
    for question, is_folded in (("How deep is a bed?", False), ("def dig():\n" + "    pass\n" * 20, True)):
        plain = [{"role": "user", "content": question}]
        code = [{"role": "user", "content": f"=====CODE===== [1] a.py:1-1\nRETRIEVED\n=====CODE=====\n\n{question}"}]
        results = [make_result(NONE, "c1", messages=plain), make_result(RETRIEVAL, "c1", correct=True, messages=code)]
        html = render_page(report_of(*results), results)
        asked = html[html.index('class="pair"') : html.index('class="sides"')]
        assert question.splitlines()[0] in asked and "RETRIEVED" not in asked
        assert ("<details><summary>what was asked" in asked) == is_folded


def test_at_most_ten_gains_and_ten_losses_and_every_group_has_its_turn(report: Any) -> None:
    """No task fills the list alone."""
    for is_gain in (True, False):
        own = [each for each in report.examples if each.is_gain is is_gain]
        assert len(own) == 10
        assert len({(each.model, each.repo, each.task) for each in own}) > 5


def test_an_answer_without_an_end_is_cut_and_says_so(make_result: Any, report_of: Any) -> None:
    """A page stays bearable."""
    results = [make_result(NONE, "c1", text="x" * 500_000), make_result(RETRIEVAL, "c1", correct=True)]
    html = render_page(report_of(*results), results)
    assert len(html) < 200_000
    assert "480000 characters more" in html


def test_ids_are_unique_and_every_reference_has_its_id(html: str) -> None:
    """Plots stand in one page, so their parts must not be taken for each other's."""
    page = Page(html)
    ids = Counter(attrs["id"] for _, attrs in page.tags if "id" in attrs)
    assert [name for name, n in ids.items() if n > 1] == []
    used = set(re.findall(r"url\(#([^)]+)\)", html)) | set(re.findall(r'href="#([^"]+)"', html))
    assert used <= set(ids)


def test_plots_are_read_aloud_and_follow_the_colours(html: str) -> None:
    """Each has a label and a caption; no colour of its own is left in it."""
    plots = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert plots
    assert html.count("<figcaption>") == len(plots)
    for plot in plots:
        assert 'role="img" aria-label="' in plot
        assert "var(--arm-retrieval)" in plot
        assert set(re.findall(r"#[0-9a-fA-F]{6}\b", plot)) <= {"#000000"}  # of black at no width


def test_colours_stand_out_from_their_ground() -> None:
    """By 3:1 or more, which is asked of what is drawn (WCAG 2.1, 1.4.11), text by 4.5:1; rules may be faint."""
    for name, colour in COLOURS.items():
        least = {"ground": 1.0, "line": 1.0, "ink": 4.5, "muted": 4.5}.get(name, 3.0)
        for shown, ground in ((colour.light, COLOURS["ground"].light), (colour.dark, COLOURS["ground"].dark)):
            assert contrast(shown, ground) >= least, f"{name}: {shown} on {ground}"


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminance, by WCAG 2.1."""
    luminances = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminances.append(sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_tables_have_captions_and_headed_columns(html: str) -> None:
    """For those who cannot see the plots."""
    page = Page(html)
    tags = Counter(tag for tag, _ in page.tags)
    assert tags["table"] == tags["caption"] > 10
    assert all(attrs.get("scope") for tag, attrs in page.tags if tag == "th")


def test_there_is_a_dark_page_and_a_printed_one(html: str) -> None:
    """By the reader's own setting, and light on paper."""
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_what_is_missing_is_said(html: str, report: Any) -> None:
    """The larger model's oracle of one task is half done; what is not begun has its row as well."""
    [row] = [each for each in report.progress if each.task == "repair" and "1.5b" in each.model]
    assert row.answered["oracle"] <= 18
    assert f"<td>{row.answered['oracle']} of 36</td>" in html
    assert ">Unfinished: <a" in html


def test_a_table_without_rows_is_not_there(make_result: Any, report_of: Any) -> None:
    """Two arms have no controls, and a run without errors has no table of them."""
    results = [make_result(arm, f"c{n}") for n in range(12) for arm in (NONE, RETRIEVAL)]
    html = render_page(report_of(*results), results)
    assert "<caption>The controls" not in html
    assert "<p>Errors: none.</p>" in html
    assert not re.findall(r"<tbody>\s*</tbody>", html)


def test_columns_of_zeros_are_left_out_and_named(make_result: Any, report_of: Any) -> None:
    """What no arm has takes no room; what one has is a column."""
    right = [make_result(arm, f"c{n}", correct=True) for n in range(3) for arm in (NONE, RETRIEVAL)]
    open_one = make_result(NONE, "c3", verdict="unanswered", explanation="no code in the answer")
    for results, left_out in ((right, "unanswered, errors, from cache"), ([*right, open_one], "errors, from cache")):
        html = render_page(report_of(*results), results)
        assert f"Columns of zeros left out: {left_out}." in html
        assert ('<th scope="col">unanswered</th>' in html) == ("unanswered" not in left_out)
        assert '<th scope="col">errors</th>' not in html


def test_the_page_says_why_at_its_head(html: str, report: Any) -> None:
    """Each task's cause, before the tables."""
    head = Page(html[: html.index('id="arms"')])
    text = " ".join(" ".join(head.text).split())
    assert all(" ".join(group.cause.split()) in text for group in report.groups)


def test_a_report_of_nothing_is_a_page(report_of: Any) -> None:
    """An interrupted run that has no answer yet."""
    assert "No case has been answered yet." in render_page(report_of(), [])


def test_one_arm_alone_is_a_page(make_result: Any, report_of: Any) -> None:
    """Without a pair there is nothing to compare, and the arm is shown all the same."""
    results = [make_result(NONE, "c1", correct=True)]
    html = render_page(report_of(*results), results)
    assert "1.000 (1 of 1)" in html
    assert "No case changed with retrieval." in html
