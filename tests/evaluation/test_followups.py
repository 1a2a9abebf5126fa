"""Conversations out of a repository, and that making follow-ups standalone finds what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.search import Searcher
from eval.followups import make_follow_ups, measure
from eval.tasks.questions.syntax import read_codebase

Make = Callable[..., Any]


def made_up_files() -> dict[str, str]:
    """Modules of one function each, alike but for their names."""
    nouns = "anchor bridge candle dragon engine falcon garden hammer island jacket kettle ladder mirror needle".split()
    return {
        f"{noun}.py": f'def load_{noun}(path, {noun}_limit={10 + number}):\n    """Load the {noun} file."""\n'
        f"    if not path:\n        raise LookupError\n    return path\n\n\n"
        f"def start_{noun}(path):\n    return load_{noun}(path)\n"
        for number, noun in enumerate(nouns)
    }


def test_follow_ups_say_it_where_the_whole_question_says_the_name() -> None:
    """Of each kind there is a conversation, and its last question does not name the symbol."""
    made = make_follow_ups(read_codebase(sorted(made_up_files().items())))
    kinds = {each.kind for each in made}
    assert {"default", "raises", "caller", "file", "raises, third turn", "caller, named by answer"} <= kinds
    for each in made:
        if each.kind != "new subject":
            assert "load_" not in each.question and "load_" in each.standalone + each.history[0].content


def test_the_conversation_is_needed_and_enough(make_repo: Make, home: Path, build: Make) -> None:
    """As it stands a follow-up finds little, made standalone as much as a whole question; new subjects lose nothing."""
    files = made_up_files()
    build(home, make_repo(files).path)
    table = measure(Searcher(home), "project", make_follow_ups(read_codebase(sorted(files.items()))))
    for kind in ("raises", "caller", "file", "caller, third turn"):
        n, as_asked, made_standalone, asked_at_once = table[kind]
        assert n >= 10 and as_asked < 0.9 and made_standalone == asked_at_once == 1.0
    assert table["new subject"][1] == table["new subject"][2]
