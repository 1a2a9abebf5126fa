"""A small repository whose tests call functions of every sort, harvested once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eval.sandbox import open_sandbox
from eval.tasks.base import Harvest, TaskInput
from eval.tasks.reasoning.task import ReasoningTask
from indexer.repository import open_source

WORDS = '''\
"""Words of labels."""

import random
from pathlib import Path

SEPARATOR = "~"
_seen = []


def join_words(words, sep=SEPARATOR):
    """Words as one, the first letters large."""
    return sep.join(capitalise(word) for word in words)


def capitalise(word):
    return word[:1].upper() + word[1:]


def count_vowels(text, letters="aeiou", *, twice=False):
    """For example count_vowels("banana bread") is 5."""
    n = sum(text.count(letter) for letter in letters)
    return n * 2 if twice else n


def same(value):
    return value


def draw(words):
    return random.choice(words) + "!"


def number(word):
    _seen.append(word)
    return len(_seen) + len(word) * 100


def sort_in_place(words):
    words.sort()
    return len(words) + 40


def numbers(n):
    yield from range(n)


def ending(path):
    return path.rpartition(".")[2] + "-file"


if SEPARATOR == "~":

    def twice(word):
        return word + "-" + word

else:

    def twice(word):
        return word


def sum_of_place(name):
    return sum(map(ord, str(Path(name).absolute())))


class Label:
    def __init__(self, text):
        self.text = text

    def shout(self):
        return self.text.upper() + "!!"

    @classmethod
    def size_of(cls, text, margin=2):
        return len(text) + margin

    @staticmethod
    def mirrored(text):
        return text[::-1]
'''
TESTS = """\
import os

from labels.words import (
    Label, count_vowels, draw, ending, join_words, number, numbers, same, sort_in_place, sum_of_place, twice
)


def test_words():
    assert join_words(["red", "tea"]) == "Red~Tea"
    assert join_words(("ox", "cart"), sep="/") == "Ox/Cart"
    assert count_vowels("banana bread") == 5
    assert count_vowels("magnolia tree", twice=True) == 12
    assert count_vowels("rhythm and blues", "ryz") == 2


def test_others():
    assert same("unchanged") == "unchanged"
    assert draw(["x"]) == "x!"
    assert number("seven") == 501
    assert sort_in_place(["b", "a"]) == 42
    assert list(numbers(3)) == [0, 1, 2]
    assert ending(os.path.join(os.getcwd(), "words.py")) == "py-file"
    assert sum_of_place("words") > 100
    assert twice("tick") == "tick-tick"


def test_label():
    assert Label("hey").shout() == "HEY!!"
    assert Label.size_of("tag") == 5
    assert Label.size_of("tag", margin=10) == 13
    assert Label.mirrored("stressed") == "desserts"
"""


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> TaskInput:
    """The labels, with our own interpreter for their tests and no sandbox: they are ours."""
    folder = tmp_path_factory.mktemp("labels-of-somebody")
    for path, text in {"labels/__init__.py": "", "labels/words.py": WORDS, "tests/test_words.py": TESTS}.items():
        (folder / "repo" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "repo" / path).write_text(text, encoding="utf-8")
    said: list[str] = []
    return TaskInput(
        source=open_source(str(folder / "repo"), clones=folder),
        repo="labels",
        folder=folder / "eval" / "reasoning",
        seed=0,
        limit=None,
        max_file_bytes=100_000,
        python=Path(sys.executable),
        sandbox=open_sandbox(unsafe=True),
        on_progress=said.append,
    )


@pytest.fixture(scope="session")
def harvest(given: TaskInput) -> Harvest:
    """Its cases."""
    return ReasoningTask().harvest(given)
