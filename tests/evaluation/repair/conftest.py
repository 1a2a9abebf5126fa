"""A small repository with tests, harvested once for all tests of the task."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from eval.sandbox import open_sandbox
from eval.tasks.base import Harvest, TaskInput
from eval.tasks.repair.task import RepairTask
from indexer.repository import open_source

PRICES = '''\
"""Prices of a shop."""

TAX = 20
LIMIT = 3


def with_tax(cents, tax=TAX):
    """What a customer pays."""
    if cents < 0:
        raise ValueError("no such price")
    return cents + cents * tax // 100


class Basket:
    """What somebody buys."""

    def __init__(self):
        self.rows = []
        self.names = []

    def add(self, name, cents, count=1):
        """Put something in; at most ``LIMIT`` of one thing."""
        if not name.strip() or count > LIMIT:
            return False
        self.names.append(name.strip())
        self.rows.append(with_tax(cents) * count)
        return True

    def total(self, voucher=0):
        """The sum, but for a voucher."""
        owed = 0
        for row in self.rows:
            owed += row
        if voucher and owed > voucher:
            owed = owed - voucher
        return owed
'''
TESTS = """\
import pytest
from shop.prices import Basket, with_tax


def test_tax():
    assert with_tax(200) == 240
    with pytest.raises(ValueError):
        with_tax(-1)


def test_basket():
    basket = Basket()
    assert basket.add(" tea ", 100, 3)
    assert not basket.add("tea", 100, 4)
    assert basket.names == ["tea"]
    assert basket.total() == 360
    assert basket.total(60) == 300
"""


# Two names are defined twice, and only the first definition of each is ever run.
TILL = """\
import os


class Till:
    def __init__(self):
        self.rows = [1, 2]

    @property
    def total(self):
        owed = 0
        for row in self.rows:
            owed += row
        return owed

    @total.setter
    def total(self, cents):
        self.rows.clear()
        self.rows.append(cents)


if os.name:

    def half(cents):
        if cents < 0:
            return 0
        return cents // 2

else:

    def half(cents):
        whole = cents / 2
        return int(whole)


def twice(cents):
    if cents < 0:
        return 0
    return cents * 2
"""
TILL_TESTS = """\
from till import Till, half, twice


def test_till():
    assert Till().total == 3
    assert (half(8), half(-8)) == (4, 0)
    assert (twice(8), twice(-8)) == (16, 0)
"""


def give(folder: Path, files: Mapping[str, str], limit: int) -> TaskInput:
    """A repository of these files, with our own interpreter for its tests and no sandbox: they are ours."""
    for path, text in files.items():
        (folder / "repo" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "repo" / path).write_text(text, encoding="utf-8")
    said: list[str] = []
    return TaskInput(
        source=open_source(str(folder / "repo"), clones=folder),
        repo="shop",
        folder=folder / "eval" / "repair",
        seed=0,
        limit=limit,
        max_file_bytes=100_000,
        python=Path(sys.executable),
        sandbox=open_sandbox(unsafe=True),
        on_progress=said.append,
    )


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> TaskInput:
    """The shop."""
    files = {"shop/__init__.py": "", "shop/prices.py": PRICES, "tests/test_prices.py": TESTS}
    return give(tmp_path_factory.mktemp("shop-of-somebody"), files, 3)


@pytest.fixture(scope="session")
def twice_given(tmp_path_factory: pytest.TempPathFactory) -> TaskInput:
    """The till, asked for as many cases as it has."""
    return give(tmp_path_factory.mktemp("till"), {"till.py": TILL, "test_till.py": TILL_TESTS}, 30)


@pytest.fixture(scope="session")
def harvest(given: TaskInput) -> Harvest:
    """Its cases."""
    return RepairTask().harvest(given)


@pytest.fixture
def answer_with() -> Callable[[str], str]:
    """A function of the shop as a model would answer with it."""

    def answer(name: str) -> str:
        lines = PRICES.splitlines()
        start = next(number for number, line in enumerate(lines) if line.strip().startswith(f"def {name}("))
        indent = len(lines[start]) - len(lines[start].lstrip())
        body = [lines[start]]
        for line in lines[start + 1 :]:
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            body.append(line)
        code = "\n".join(line[indent:] for line in body).rstrip()
        return f"Here it is:\n\n```python\n{code}\n```\n"

    return answer
