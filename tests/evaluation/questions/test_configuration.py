"""Keys of configuration files, and the questions about them."""

from __future__ import annotations

import pytest

from eval.tasks.questions.configuration import read_keys
from eval.tasks.questions.keys import find_config_questions

TOML = '[tool.gate]\nhinges = 7\nwood = "oak"\nlist = [1]\n'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.toml", TOML),
        ("a.yaml", "tool:\n  gate:\n    hinges: 7\n    wood: oak\n    list:\n      - hinges: 1\n"),
        ("a.json", '{"tool": {"gate": {"hinges": 7, "wood": "oak", "list": [{"hinges": 1}]}}}'),
        ("a.ini", "[tool.gate]\nhinges = 7\nwood: oak\nlist = 1\n  2\n"),
    ],
)
def test_keys_are_dotted_through_their_tables(path: str, text: str) -> None:
    """Every format gives the same keys, without what is inside lists."""
    keys = {key.name: key.value.strip('"') for key in read_keys(path, text)}
    assert keys == {"tool.gate.hinges": "7", "tool.gate.wood": "oak"}


def test_a_file_that_does_not_parse_gives_no_keys() -> None:
    """Half a file is no source of facts."""
    assert read_keys("a.json", '{"a": 1, "b": ') == []


def test_a_key_is_asked_by_name_or_by_value() -> None:
    """The answer to the one is the value, to the other the key; neither is in the question."""
    text = "\n".join(f'key{chr(97 + n)} = "value {n}x"' for n in range(9))
    questions = list(find_config_questions([("a.toml", text)]))
    assert {question.is_named for question in questions} == {True, False}
    for question in questions:
        assert question.answer.strip('"') not in question.text
        line = text.split("\n")[question.start_line - 1]
        assert question.answer in line


@pytest.mark.parametrize("text", ['oak = "oak"', "a = true\nb = 1\na = 2", 'path = "a\\\\b"'])
def test_what_tells_itself_or_is_said_twice_is_not_asked(text: str) -> None:
    """A value that is its key, a key that is there twice, a value with escapes."""
    assert [q.symbol for q in find_config_questions([("x.ini", text)]) if q.symbol != "b"] == []
