"""Files of questions, good and bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.errors import BadQueries
from eval.retrieval.queries import read_questions, read_suite
from eval.retrieval.records import RelevantPlace

GOOD = '{"query": "where", "relevant": [{"path": "a.py"}], "category": "semantic"}'


def test_a_question_is_read_whole(tmp_path: Path) -> None:
    """Places with and without lines, the category, and the line it stands on; blank lines and a BOM are no matter."""
    path = tmp_path / "q.jsonl"
    place = {"path": "./src/a.py", "start_line": 3, "end_line": 9}
    question = {"query": "where", "relevant": [place, {"path": "b.py"}, {"path": "b.py"}], "category": "symbol"}
    path.write_text("\ufeff\n" + json.dumps(question) + "\r\n\n")
    (read,) = read_questions(path)
    assert read.relevant == (RelevantPlace("src/a.py", 3, 9), RelevantPlace("b.py"))
    assert (read.query, read.category, read.line) == ("where", "symbol", 2)


def test_no_category_is_a_category(tmp_path: Path) -> None:
    """A question without one is counted with the others that have none."""
    path = tmp_path / "q.jsonl"
    path.write_text('{"query": "where", "relevant": [{"path": "a.py"}]}')
    assert read_questions(path)[0].category == "all"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{nope", "not JSON"),
        ("[1]", "a JSON object is needed, not a list"),
        ("3", "a JSON object is needed, not a number"),
        ('{"relevant": [{"path": "a"}]}', '"query" is missing'),
        ('{"query": 7, "relevant": [{"path": "a"}]}', '"query" must be text, not a number'),
        ('{"query": "  ", "relevant": [{"path": "a"}]}', "the query is empty"),
        ('{"query": "\\ud800", "relevant": [{"path": "a"}]}', "not UTF-8"),
        ('{"query": "q"}', '"relevant" is missing'),
        ('{"query": "q", "relevant": "a"}', '"relevant" must be a list, not text'),
        ('{"query": "q", "relevant": []}', '"relevant" is empty'),
        ('{"query": "q", "relevant": ["a"]}', "relevant place 1: a JSON object is needed, not text"),
        ('{"query": "q", "relevant": [{"path": "a"}, {}]}', 'relevant place 2: "path" is missing'),
        ('{"query": "q", "relevant": [{"path": null}]}', '"path" must be text, not null'),
        ('{"query": "q", "relevant": [{"path": ""}]}', "no path of a file"),
        ('{"query": "q", "relevant": [{"path": "/etc/a"}]}', "no path of a file"),
        ('{"query": "q", "relevant": [{"path": "../a"}]}', "no path of a file"),
        ('{"query": "q", "relevant": [{"path": "a", "start_line": 3}]}', "go together"),
        ('{"query": "q", "relevant": [{"path": "a", "start_line": "3", "end_line": 4}]}', "whole number, not text"),
        ('{"query": "q", "relevant": [{"path": "a", "start_line": true, "end_line": 4}]}', "not true or false"),
        ('{"query": "q", "relevant": [{"path": "a", "start_line": 1.5, "end_line": 4}]}', "whole number"),
        ('{"query": "q", "relevant": [{"path": "a", "start_line": 0, "end_line": 4}]}', "lines are counted from 1"),
        ('{"query": "q", "relevant": [{"path": "a", "start_line": 9, "end_line": 4}]}', "before it starts at 9"),
        ('{"query": "q", "relevant": [{"path": "a"}], "category": 1}', '"category" must be text'),
    ],
)
def test_a_bad_line_is_named_with_its_reason(tmp_path: Path, line: str, reason: str) -> None:
    """The error is one line, with the file, the number of the line, and what is wrong there."""
    path = tmp_path / "q.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n{GOOD}\n")
    with pytest.raises(BadQueries) as caught:
        read_questions(path)
    message = str(caught.value)
    assert f"{path}, line 3: " in message
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe{"])
def test_a_file_without_questions_is_an_error(tmp_path: Path, content: bytes) -> None:
    """Nothing to ask, or no text, is said; it is no figure of zero."""
    path = tmp_path / "q.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadQueries):
        read_questions(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the file that is not there."""
    with pytest.raises(BadQueries, match=r"gone\.jsonl"):
        read_questions(tmp_path / "gone.jsonl")


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, "list of repositories"),
        ([], "at least one"),
        (["x"], "entry 1: a JSON object is needed"),
        ([{"language": "go"}], 'entry 1: "name" is missing'),
        ([{"name": "a"}, {"name": "a"}], "entry 2: the name 'a' comes twice"),
        ([{"name": "../a"}], "entry 1: '../a' cannot name a repository"),
        ([{"name": "a", "root": "../b"}], "must be a folder of the repository"),
        ([{"name": "a", "commit": 3}], '"commit" must be text'),
    ],
)
def test_a_bad_list_of_repositories_is_explained(tmp_path: Path, entries: Any, reason: str) -> None:
    """repos.json is checked like the questions are."""
    (tmp_path / "repos.json").write_text(json.dumps(entries))
    with pytest.raises(BadQueries) as caught:
        read_suite(tmp_path)
    assert reason in str(caught.value)


def test_a_suite_names_its_repositories(tmp_path: Path) -> None:
    """What is not given is empty; further fields are no matter."""
    (tmp_path / "repos.json").write_text('[{"name": "a", "root": "./", "n_queries": 3}, {"name": "b", "root": "lib/"}]')
    assert [(repository.name, repository.root) for repository in read_suite(tmp_path)] == [("a", ""), ("b", "lib")]
