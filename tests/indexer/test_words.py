"""Words of code, as the lexicon sees them."""

from __future__ import annotations

import pytest

from indexer.words import MAX_QUERY_TERMS, MAX_WORD_CHARS, index_terms, last_name, query_terms, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parseConfigFile", ["parse", "config", "file", "parseconfigfile"]),
        ("read_file_at", ["read", "file", "at", "readfileat"]),
        ("HTTPServer", ["http", "server", "httpserver"]),
        ("getURL", ["get", "url", "geturl"]),
        ("XMLHttpRequest", ["xml", "http", "request", "xmlhttprequest"]),
        ("MAX_SIZE", ["max", "size", "maxsize"]),
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


@pytest.mark.parametrize("code", ["ThreadPool", "threadpool", "thread_pool", "THREAD_POOL", "threadPools"])
def test_a_question_finds_every_spelling(code: str) -> None:
    """Words of a question, joined with their neighbours, meet an identifier however its author wrote it."""
    assert set(query_terms("how are thread pools started")) & set(index_terms(code))


def test_words_that_only_ask_are_no_terms() -> None:
    """Stop words are dropped, also in pairs, unless nothing else is left."""
    assert query_terms("how does the parser work?") == ["parser", "work", "parserwork"]
    assert query_terms("what is this") == ["what", "is", "this"]


def test_a_pasted_file_is_cut_to_its_first_terms() -> None:
    """The number of terms is bounded, and each comes once."""
    terms = query_terms(" ".join(f"name{i} name{i}" for i in range(200)))
    assert len(terms) == len(set(terms)) == MAX_QUERY_TERMS


@pytest.mark.parametrize(
    ("symbol", "name"), [("Router.add", "add"), ("a::b::c", "c"), ("Cls#run", "run"), ("x", "x"), ("", ""), ("a.", "a")]
)
def test_the_last_name_of_a_qualified_one(symbol: str, name: str) -> None:
    """Whatever qualifies a name, its last part is what is looked up."""
    assert last_name(symbol) == name
