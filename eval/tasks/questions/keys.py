"""Questions about configuration files: the value of a key, and which key has a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from .askable import is_asked_file
from .configuration import ConfigKey, is_configuration, read_keys
from .literals import MAX_LITERAL_CHARS, is_literal
from .records import Form, Question, identify
from .words import gives_away, letters_of

_COMMON = frozenset(("true", "false", "yes", "no", "null"))
_MAX_KEYS = 400  # of one file: more is data


def find_config_questions(files: Iterable[tuple[str, str]]) -> Iterator[Question]:
    """One question for each key with a value that is no list and no table: by its name, or by its value alone."""
    for path, text in sorted(files):
        if not is_configuration(path) or not is_asked_file(path):
            continue
        keys = read_keys(path, text)
        if len(keys) <= _MAX_KEYS:
            yield from _ask_keys(path, keys)


def _ask_keys(path: str, keys: list[ConfigKey]) -> Iterator[Question]:
    names = Counter(key.name for key in keys)
    values = Counter(_bare(key.value) for key in keys)
    for number, key in enumerate(keys):
        value = key.value
        if names[key.name] != 1 or len(value) > MAX_LITERAL_CHARS or "`" in value or "\\" in value or not _bare(value):
            continue
        words = (*key.name.split("."), PurePosixPath(path).stem)
        if any(gives_away(word, _bare(value)) or gives_away(_bare(value), word) for word in words):
            continue
        if letters_of(value) == letters_of(key.last):
            continue
        is_telling = _bare(value).lower() not in _COMMON and len(_bare(value)) > 2 and values[_bare(value)] == 1
        if number % 3 and is_telling:  # every third is asked by its name all the same
            text = f"Which key of `{path}` has the value `{_bare(value)}`?"
            yield _make(path, key, text, key.name, "", "name", is_named=False)
        else:
            text = f"What is the value of the key `{key.name}` in `{path}`?"
            yield _make(path, key, text, value, key.name, "value", is_named=True)


def _make(path: str, key: ConfigKey, text: str, answer: str, symbol: str, form: Form, *, is_named: bool) -> Question:
    identity = identify("config", path, text)
    return Question(
        identity, "config", text, answer, (), path, key.line, key.line, symbol, "", "config", form, is_named
    )


def _bare(value: str) -> str:
    return value.strip("\"'").strip() if is_literal(value) or value[:1] in "\"'" else value.strip()
