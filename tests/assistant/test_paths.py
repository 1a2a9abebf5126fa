"""What paths say."""

from __future__ import annotations

import pytest

from assistant.paths import KINDS, PathRarity, match_folders, match_name, read_path
from indexer.words import query_terms

PATHS = ["app/routing/mod.rs", "app/session/cookie.py", "app/session/store.py", "app/params.py", "tests/test_app.py"]
RARITY = PathRarity(PATHS)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("src/click/core.py", set()),
        ("tests/test_core.py", {"test"}),
        ("lib/router.spec.ts", {"test"}),
        ("src/main/java/a/RouterTest.java", {"test"}),
        ("src/latest/contest.py", set()),
        ("README.md", {"docs"}),
        ("docs/conf.py", {"docs"}),
        ("package.json", {"config"}),
        ("examples/hello.go", {"example"}),
        ("pkg/_compat.py", {"outdated"}),
        ("src/win/fs.c", {"other_platform"}),
        ("src/window.c", set()),
    ],
)
def test_kinds_of_files(path: str, kinds: set[str]) -> None:
    """The conventions of many languages, and words that only look like them."""
    assert read_path(path).kinds == kinds <= set(KINDS)


def test_a_name_that_says_nothing_is_its_folders() -> None:
    """`routing/mod.rs` is the file about routing."""
    assert read_path("app/routing/mod.rs").name == "routing"
    assert read_path("index.js").name == "index"


@pytest.mark.parametrize(
    ("path", "question", "whole"),
    [
        ("app/session/cookie.py", "how are cookies set", True),
        ("app/params.py", "where are parameters parsed", True),
        ("app/session/store.py", "how are cookies set", False),
        ("app/routing/mod.rs", "how does routing work", True),
        ("lib/url_parser.py", "the parser", False),
        ("lib/url_parser.py", "parsing URLs: the url parser", True),
        ("lib/threadpool.c", "thread pool", True),
    ],
)
def test_a_question_says_a_files_name(path: str, question: str, whole: bool) -> None:
    """All words of the name, or the shortened or joined form of them."""
    matched, share = match_name(read_path(path), frozenset(query_terms(question)), RARITY)
    assert (matched > 0) is whole
    assert 0 <= matched <= 1 and 0 <= share <= 1
    assert share > 0 or not whole


def test_words_of_every_path_tell_nothing() -> None:
    """The project's own name is worth less than a rare word."""
    assert RARITY.of("app") < RARITY.of("session") < RARITY.of("cooki") == 1.0
    cookie, store = read_path(PATHS[1]), read_path(PATHS[3])
    assert match_folders(cookie, frozenset({"session"}), RARITY) > match_folders(store, frozenset({"app"}), RARITY) > 0
    assert match_folders(store, frozenset({"session"}), RARITY) == 0
