"""Which questions are about the whole project, which are small talk, and what of a README answers the former."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.overview import asks_for_overview, find_readme, is_small_talk
from indexer.home import open_index

Make = Callable[..., Any]


@pytest.mark.parametrize(
    "question",
    [
        "What does this project do?",
        "what does it do",
        "What is this?",
        "What's this repository about?",
        "What is the purpose of this library?",
        "what is click?",
        "What does click do?",
        "Give me an overview of the codebase.",
        "Summarize this repo",
        "please explain this project",
        "How is the code organized?",
        "How do I install this?",
        "How do I get started with this tool?",
        "getting started",
    ],
)
def test_questions_about_the_whole(question: str) -> None:
    """However it is worded: what a project is, does, how it is laid out, how it is begun with."""
    assert asks_for_overview(question, ["click"])


@pytest.mark.parametrize(
    "question",
    [
        "What does this function do?",
        "what does it do when the timeout is over?",
        "What does `Group.invoke` do?",
        "How is the code of an option parsed?",
        "How do I install a plugin?",
        "what is a clicked button?",
        "Where is the project's version set?",
        "what does click do with a missing argument?",
    ],
)
def test_questions_about_a_part(question: str) -> None:
    """A question about one thing in the code is not about the whole of it."""
    assert not asks_for_overview(question, ["click"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("hi", "Hello!", "hey there", "Thanks a lot.", "What can you do?", "help")),
        *((text, False) for text in ("hi, where is the queue?", "help text of options", "how does help work?")),
    ],
)
def test_small_talk(text: str, expected: bool) -> None:
    """Greetings, thanks and questions about the assistant; not questions that begin with a greeting."""
    assert is_small_talk(text) is expected


def test_the_head_of_the_readme(make_repo: Make, home: Path, build: Make) -> None:
    """The README nearest to the root is taken from its first line on; one further down is not."""
    long = "# Invoices\n\nMakes invoices.\n" + "\n".join(f"## Part {n}\n\n{'words ' * 90}\n" for n in range(20))
    build(home, make_repo({"docs/README.md": "# Docs\n", "README.md": long, "a.py": "x = 1\n"}).path)
    hits = find_readme(open_index(home, "project"))
    assert [hit.chunk.path for hit in hits] == ["README.md"] * 3
    assert hits[0].chunk.start_line == 1
    assert hits[0].chunk.text.startswith("# Invoices")
    assert [hit.chunk.start_line for hit in hits] == sorted(hit.chunk.start_line for hit in hits)


def test_without_a_readme_there_is_none(make_repo: Make, home: Path, build: Make) -> None:
    """A README two folders down speaks of a part, and is not taken."""
    build(home, make_repo({"a/b/README.md": "# Part\n", "a.py": "x = 1\n"}).path)
    assert find_readme(open_index(home, "project")) == []
