"""Words of code, as the lexicon sees them."""

from __future__ import annotations

import pytest

from indexer.words import MAX_WORD_CHARS, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parseConfigFile", ["parse", "config", "file", "parseconfigfile"]),
        ("read_file_at", ["read", "file", "at", "read_file_at"]),
        ("HTTPServer", ["http", "server", "httpserver"]),
        ("getURL", ["get", "url", "geturl"]),
        ("XMLHttpRequest", ["xml", "http", "request", "xmlhttprequest"]),
        ("MAX_SIZE", ["max", "size", "max_size"]),
        ("sha256sum", ["sha", "256", "sum", "sha256sum"]),
        ("utf8", ["utf", "8", "utf8"]),
        ("word", ["word"]),
        ("Word", ["word"]),
        ("_private", ["private"]),
        ("__init__", ["init"]),
        ("a.b->c()", ["a", "b", "c"]),
        ("größe", ["größe"]),
        ("数据", ["数据"]),
        ("404", ["404"]),
        ("!!! --- ___", []),
        ("", []),
    ],
)
def test_identifiers_are_split_and_kept_whole(text: str, words: list[str]) -> None:
    """Parts of an identifier come first, then the whole of it; a single word comes once."""
    assert split_words(text) == words


def test_words_keep_their_order() -> None:
    """Several identifiers give their words one after another."""
    assert split_words("def loadUser(id):") == ["def", "load", "user", "loaduser", "id"]


def test_a_run_of_data_is_no_word() -> None:
    """Hashes and base64 above the limit are left out; an identifier at the limit is not."""
    assert split_words("x" * (MAX_WORD_CHARS + 1)) == []
    assert split_words("x" * MAX_WORD_CHARS) == ["x" * MAX_WORD_CHARS]
