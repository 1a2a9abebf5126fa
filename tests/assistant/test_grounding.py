"""Grounding: supported statements are cited with lines that exist, others are not, whatever the model writes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.grounding.grounder import Grounder, IndexedCode
from assistant.grounding.terms import NUMBER
from assistant.records import Citation, Passage
from assistant.search import Searcher
from assistant.targets import Target

Make = Callable[..., Any]

CLIENT = """\
class Client:
    \"\"\"Fetches pages; a ClientError may come.\"\"\"

    retries = 3

    def fetch(
        self,
        url,
        timeout=30,
        mode="slow",
    ):
        if not url:
            raise ClientError("no url")
        return self.load_page(url, timeout)

    def load_page(self, url, timeout):
        pages = [1, 2]
        return open_session(timeout).get(url)
"""
LIMITS = """\
MAX_ROWS = 500
TIMEOUTS = {"slow": 30, "fast": 5}


def pick_timeout(mode):
    return TIMEOUTS[mode]
"""
PASSAGES = (
    Passage(1, "project", "HEAD", "c0ffee", "src/client.py", 10, 27, CLIENT.rstrip("\n"), "Client"),
    Passage(
        2, "project", "HEAD", "c0ffee", "src/limits.py", 1, 6, LIMITS.rstrip("\n"), "MAX_ROWS, TIMEOUTS, pick_timeout"
    ),
)
QUESTION = "How does `Client.fetch` work?"


def ground(
    text: str | Sequence[str], question: str = QUESTION, passages: Sequence[Passage] = PASSAGES, holds: bool = True
) -> Grounder:
    """What becomes of a text that comes in these pieces."""
    grounder = Grounder(passages, question, lambda *_: holds)
    out = [item for piece in ([text] if isinstance(text, str) else text) for item in grounder.feed(piece)]
    out += grounder.finish()
    assert "".join(item for item in out if isinstance(item, str)) == grounder.text
    assert [item for item in out if isinstance(item, Citation)] == grounder.citations
    return grounder


def places(grounder: Grounder) -> list[tuple[int, int, int]]:
    """Passage and lines of every citation."""
    return [(c.passage, c.start_line, c.end_line) for c in grounder.citations]


@pytest.mark.parametrize(
    ("question", "text", "place"),
    [
        ("What is the default of `timeout` of `Client.fetch`?", "The default of `timeout` is `30`.", (1, 15, 20)),
        ("What is the default of `timeout` of `Client.fetch`?", "`30`", (1, 15, 20)),
        ("What is the default of `timeout` of `Client.fetch`?", "```\n30\n```", (1, 15, 20)),
        ("Which exception does `Client.fetch` raise?", "ClientError", (1, 22, 22)),
        ("What is the value of `MAX_ROWS`?", "The value of `MAX_ROWS` is 500.", (2, 1, 1)),
        ("Which function calls `load_page`?", "It is called by `fetch`.", (1, 15, 23)),
        ("How are pages loaded?", "`load_page` opens a session with `open_session`.", (1, 25, 27)),
        ("What is TIMEOUTS?", '```python\nTIMEOUTS = {"slow": 30, "fast": 5}\n```', (2, 2, 2)),
    ],
)
def test_a_supported_statement_is_cited_by_its_lines(question: str, text: str, place: tuple[int, int, int]) -> None:
    """The citation names the few lines that say what the statement says, grown to where their brackets open."""
    assert places(ground(text, question)) == [place]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the default of `timeout` of `Client.fetch`?", "The default of `timeout` is `60`."),
        ("What is the value of `MAX_ROWS`?", "The value of `MAX_ROWS` is 30."),  # 30 is there, but another name's
        ("Which exception does `Client.fetch` raise?", "It raises `TimeoutError`."),
        ("Which exception does `pick_timeout` raise?", "`ClientError`"),
        ("Which function calls `load_page`?", "`load_page`"),
        (QUESTION, "The passages do not show `open_session`."),
        (QUESTION, "It works well and is fast."),
        (QUESTION, "`Client.fetch` does the following:"),
        (QUESTION, "# `load_page` and `open_session`"),
        (QUESTION, "```python\nprint('hello world, from nowhere')\n```"),
    ],
)
def test_what_is_not_supported_is_not_cited(question: str, text: str) -> None:
    """Other values, other names, what is said of another thing, and what says nothing get no citation."""
    grounder = ground(text, question)
    assert (grounder.citations, grounder.text) == ([], text)


@pytest.mark.parametrize(
    "text",
    [
        "The code opens no page twice: `load_page` calls `open_session`.",
        "In this code `load_page` does not wait: it calls `open_session`.",
    ],
)
def test_a_negation_is_no_refusal(text: str) -> None:
    """A statement about the code may say `not` or `no`; only one that the code does not show something is left out."""
    assert places(ground(text)) and ground(f"{text} [1]").n_removed == 0


def test_a_name_in_a_code_span_is_no_passage() -> None:
    """A parameter may be called `context`."""
    text = "def copy(context):\n    return dict(context)"
    passage = Passage(1, "project", "HEAD", None, "a.py", 1, 2, text, "copy")
    assert places(ground("`copy` gives `context` to `dict`, and does not define more.", "How?", [passage]))


@pytest.mark.parametrize(
    "text",
    [
        "The code doesn't explicitly define how `load_page` calls `open_session`.",
        "The passages contain no hint that `load_page` calls `open_session`.",
        "In the repository there is no way that `load_page` calls `open_session`.",
        "It is not specified whether `load_page` calls `open_session`.",
        "I don't know whether `load_page` calls `open_session`.",
    ],
)
def test_what_is_said_not_to_be_there_is_not_cited(text: str) -> None:
    """Lines that hold the names do not support that they show nothing."""
    assert ground(text).citations == []


def test_of_a_pasted_file_the_head_is_talked_of() -> None:
    """A name that the question says first is its subject; one behind 20,000 characters is not."""
    asked, pasted = "What is the default of `timeout` of `Client.fetch`?", "and so on " * 2_000
    assert places(ground("`30`", f"{asked} {pasted}")) == [(1, 15, 20)]
    assert places(ground("`30`", f"{pasted} {asked}")) == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1_000 or -1.5e3, 2.", ["1_000", "-1.5e3", "2"]),
        ("12x v2 1.5.x 1e+5x 3e", []),
        ("9" * 100_000 + "x", []),  # in one pass, or it would be looked at 100,000 times
    ],
)
def test_numbers_stand_alone(text: str, numbers: list[str]) -> None:
    """What goes on with a letter is no number, and no part of it is."""
    assert NUMBER.findall(text) == numbers


def test_the_marker_stands_behind_its_statement() -> None:
    """Behind the full stop, before the line's end, in a row's last cell, and behind a fence on a line of its own."""
    text = (
        "`load_page` calls `open_session`. Then nothing.\n"
        "- `fetch` raises `ClientError`\n"
        "| `fetch` | raises `ClientError` |\n"
        "```python\nreturn open_session(timeout).get(url)\n```\nEnd."
    )
    assert ground(text).text == (
        "`load_page` calls `open_session`. [1] Then nothing.\n"
        "- `fetch` raises `ClientError` [1]\n"
        "| `fetch` | raises `ClientError` [1] |\n"
        "```python\nreturn open_session(timeout).get(url)\n```\n[1]\nEnd."
    )


def test_citations_of_the_model_are_kept_or_counted() -> None:
    """A number that the model wrote stays where that passage supports the statement, and goes where it does not."""
    supported = ground("`load_page` calls `open_session` [1].")
    assert (supported.text, supported.n_removed) == ("`load_page` calls `open_session`. [1]", 0)
    wrong = ground("`load_page` calls `open_session` [2].")
    assert (wrong.text, wrong.n_removed) == ("`load_page` calls `open_session`. [1]", 1)
    invented = ground("It just works [1][7].\n[2]\n")
    assert (invented.text, invented.n_removed) == ("It just works.\n\n", 3)


def test_a_citation_below_its_statement_is_kept() -> None:
    """On a line of its own it counts for the statement above, which has it already."""
    grounder = ground("`load_page` calls `open_session`.\n[1]", "How?")
    assert (places(grounder), grounder.n_removed) == ([(1, 25, 27)], 0)


def test_offsets_delimit_the_statement() -> None:
    """Start and end are characters of the answer's text, and hold the statement without its marker."""
    grounder = ground("So: yes. `load_page` calls `open_session`. [1]\n- `fetch` raises `ClientError` [9]")
    assert [grounder.text[c.start : c.end] for c in grounder.citations] == [
        "`load_page` calls `open_session`.",
        "`fetch` raises `ClientError`",
    ]
    assert grounder.n_removed == 1


def test_code_without_a_fence_is_cited_at_its_end() -> None:
    """Lines of code that the model copies without a fence stay as they are; the end of the text is cited."""
    text = (
        "    def load_page(self, url, timeout):\n        pages = [1, 2]\n        return open_session(timeout).get(url)"
    )
    assert ground(text).text == text + "\n[1]"


def test_a_list_of_the_code_is_no_citation() -> None:
    """`[1, 2]` is a value that the passage has."""
    grounder = ground("In `load_page`, `pages` is [1, 2].")
    assert grounder.n_removed == 0
    assert grounder.text.startswith("In `load_page`, `pages` is [1, 2].")


def test_lines_across_a_gap_are_not_cited() -> None:
    """Where a passage leaves lines out, a citation does not span the gap."""
    text = "def run(task):\n…\n    return finish_task(task)"
    passage = Passage(1, "project", "HEAD", None, "a.py", 1, 30, text, "run", (1, None, 30))
    assert places(ground("`run` returns `finish_task`.", "How?", [passage])) == [(1, 30, 30)]


def test_nothing_is_cited_that_does_not_hold() -> None:
    """Lines that the index does not have any more are not cited, and the text goes on."""
    grounder = ground("`load_page` calls `open_session` [1].", holds=False)
    assert (grounder.text, grounder.citations, grounder.n_removed) == ("`load_page` calls `open_session`.", [], 1)


def test_without_passages_text_goes_through() -> None:
    """Without retrieval nothing is cited, and citations that the model makes up are taken out."""
    grounder = ground("It is `30` [1]. `items[1]` too.", passages=[])
    assert (grounder.text, grounder.citations, grounder.n_removed) == ("It is `30`. `items[1]` too.", [], 1)


_TEXT = (
    "The method `Client.fetch` [2] raises `ClientError` [1]. Then `load_page` calls `open_session`, e.g. items[1].\n"
    "- `MAX_ROWS` is 500\n\n```python\nreturn open_session(timeout).get(url)\n```\n[1]\n"
    "| `TIMEOUTS` | `30` [2] |\n(passage 1)"
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, len(_TEXT)), max_size=30))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    """However an answer is cut into pieces, text, citations and counts are the same."""
    cuts = sorted(cuts)
    pieces = [_TEXT[a:b] for a, b in zip([0, *cuts], [*cuts, len(_TEXT)], strict=True)]
    one, other = ground(pieces), ground(_TEXT)
    assert (one.text, one.citations, one.n_removed) == (other.text, other.citations, other.n_removed)
    assert other.citations


@pytest.fixture
def home(make_repo: Make, make_home: Callable[[], Path], build: Make) -> tuple[Path, Any]:
    """A home with one repository, and the repository."""
    repo = make_repo({"src/client.py": CLIENT, "src/limits.py": LIMITS})
    home = make_home()
    build(home, repo.path)
    return home, repo


def passages_of(searcher: Searcher) -> list[Passage]:
    """The hits of a search as passages."""
    hits = searcher.search("project", "how does Client.fetch load a page?").hits
    return [
        Passage(
            n, hit.repo, hit.ref, hit.commit, hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.text
        )
        for n, hit in enumerate(hits, 1)
    ]


def test_lines_are_held_against_the_index(home: tuple[Path, Any]) -> None:
    """Lines hold at the passage's commit and to the letter; not at another commit, nor with another text."""
    searcher = Searcher(home[0])
    code = IndexedCode(searcher, [Target("project")])
    passage = passages_of(searcher)[0]
    lines = passage.start_line, passage.end_line
    assert code.holds(passage, *lines)
    assert not code.holds(replace(passage, text=passage.text.replace("e", "a")), *lines)
    assert not code.holds(replace(passage, commit="0" * 40), *lines)


def test_a_repository_that_moves_on_is_not_cited(home: tuple[Path, Any], build: Make) -> None:
    """After the index has gone to another commit, lines of the old one are not cited any more."""
    searcher = Searcher(home[0])
    code = IndexedCode(searcher, [Target("project")])
    passage = passages_of(searcher)[0]
    home[1].commit({"src/client.py": "# new\n" + CLIENT})
    build(home[0], home[1].path)
    assert not code.holds(passage, passage.start_line, passage.end_line)


def test_a_repository_that_is_removed_in_mid_answer(home: tuple[Path, Any]) -> None:
    """What is gone is not cited, no name is called unknown by it, and nothing breaks."""
    searcher = Searcher(home[0])
    code = IndexedCode(searcher, [Target("project")])
    passages = passages_of(searcher)
    grounder = Grounder(passages, QUESTION, code.holds)
    out = list(grounder.feed("`load_page` calls `open_session`. And"))
    assert any(isinstance(item, Citation) for item in out)
    shutil.rmtree(home[0] / "repositories" / "project")
    out = [*grounder.feed(" `load_page` calls `open_session`. "), *grounder.finish()]
    assert not any(isinstance(item, Citation) for item in out)
    assert list(code.find_unknown_names("`no_such_name`", ())) == []


def test_grounding_does_not_block_the_loop(home: tuple[Path, Any]) -> None:
    """The generators are plain and synchronous: they run inside an event loop without being awaited."""

    async def run() -> str:
        code = IndexedCode(Searcher(home[0]), [Target("project")])
        grounder = Grounder([], QUESTION, code.holds)
        return "".join(str(item) for item in [*grounder.feed("so"), *grounder.finish()])

    assert asyncio.run(run()) == "so"
