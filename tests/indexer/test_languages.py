"""The table of languages: every row is met by its files, and its definitions are found under their names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from indexer import chunking
from indexer.chunking import chunk_file
from indexer.languages import LANGUAGES, detect_language, get_language, get_parser

SAMPLES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("samples.toml").read_text())["sample"]


def test_every_language_has_a_sample() -> None:
    """A new row of the table needs a sample here."""
    assert {detect_language(sample["path"]) for sample in SAMPLES} == {language.name for language in LANGUAGES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["path"])
def test_definitions_are_found(sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With limits so small that nothing stays together, each definition has a chunk under its name."""
    monkeypatch.setattr(chunking, "MAX_CHARS", 120)
    monkeypatch.setattr(chunking, "STANDALONE_CHARS", 1)
    chunks = chunk_file(sample["path"], "", sample["text"], detect_language(sample["path"]))
    found = {symbol for chunk in chunks for symbol in chunk.symbol.split(", ")}
    assert set(sample["symbols"]) <= found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["path"])
def test_samples_are_read_without_errors(sample: dict[str, Any]) -> None:
    """Each grammar reads its sample, so that a wrong pairing of suffix and grammar is seen."""
    language = detect_language(sample["path"])
    assert language is not None
    assert not get_parser(language).parse(sample["text"].encode()).root_node.has_error


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_definitions_are_nodes_of_the_grammar(language: Any) -> None:
    """Every node type that a row names exists in its grammar: a misspelt one would find nothing, silently."""
    grammar = get_parser(language.name).language
    assert grammar is not None
    known = {grammar.node_kind_for_id(number) for number in range(grammar.node_kind_count)}
    assert set(language.definitions) | language.wrappers | set(language.names) <= known


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "python"),
        ("types.PYI", "python"),
        ("Rakefile", "ruby"),
        ("deep/Gemfile", "ruby"),
        ("x.h", "c"),
        ("x.h++", "cpp"),
        ("README.md", "markdown"),
        ("a.b.tsx", "tsx"),
        ("Makefile", None),
        ("notes.txt", None),
        (".py", None),
    ],
)
def test_language_is_known_by_the_name(path: str, language: str | None) -> None:
    """Suffixes in any case and some whole names decide; what has no row is None."""
    assert detect_language(path) == language


def test_unknown_language_is_a_key_error() -> None:
    """A name that is not in the table is refused."""
    with pytest.raises(KeyError):
        get_language("klingon")
