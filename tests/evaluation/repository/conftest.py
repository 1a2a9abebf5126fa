"""A small repository with tests, run by this interpreter in the sandbox."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.sandbox import Sandbox
from eval.tasks.base import TaskInput
from indexer.repository import open_source

PRICES = '''"""Prices of a shop."""

import math

from shop.taxes import add_tax

ROUNDING = 2


class Basket:
    """What a customer takes."""

    def __init__(self, discount=0.0):
        self.discount = discount
        self.items = []

    def put(self, name, price):
        """Add an item at a price."""
        if price < 0:
            raise ValueError(f"negative price of {name}")
        self.items.append((name, price))

    def total(self):
        """The sum of all prices with tax, less the discount."""
        gross = sum(add_tax(price) for _, price in self.items)
        reduced = gross * (1 - self.discount)
        return round(reduced, ROUNDING)


def cheapest(items):
    """The name of the item with the lowest price, None where there is none."""
    lowest = math.inf
    found = None
    for name, price in items:
        if price < lowest:
            lowest, found = price, name
    return found


def unused(items):
    """Nobody tests this."""
    first = items[0]
    last = items[-1]
    return first, last
'''
TAXES = '''"""Taxes."""

RATE = 0.25


def add_tax(price, rate=RATE):
    """The price with tax."""
    tax = price * rate
    with_tax = price + tax
    return with_tax
'''
TESTS = """import pytest
from shop.prices import Basket, cheapest


def test_total_has_tax_and_discount():
    basket = Basket(discount=0.5)
    basket.put("pear", 4)
    basket.put("plum", 4)
    assert basket.total() == 5.0


def test_negative_prices_are_refused():
    with pytest.raises(ValueError):
        Basket().put("pear", -1)


@pytest.mark.parametrize("items, name", [([], None), ([("pear", 4), ("plum", 3)], "plum")])
def test_cheapest(items, name):
    assert cheapest(items) == name
"""
FILES = {"shop/__init__.py": "", "shop/prices.py": PRICES, "shop/taxes.py": TAXES, "tests/test_prices.py": TESTS}


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """The small repository: path and text of each file."""
    return dict(FILES)


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with pytest and coverage alone: ours would load the plugins of all that is installed beside."""
    venv = tmp_path_factory.mktemp("python") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/*/site-packages")
    for name in ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "coverage"):
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.submodule_search_locations is not None
        shutil.copytree(next(iter(spec.submodule_search_locations)), site / name)
    shutil.copy(Path(pytest.__file__).parents[1] / "py.py", site)
    return venv / "bin" / "python"


def _make_input(
    parent: Path, sandbox: Sandbox, python: Path, files: dict[str, str | None] | None, limit: int | None
) -> TaskInput:
    top = parent / "repository"
    for path, text in {**FILES, **(files or {})}.items():
        if text is not None:
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text)
    source = open_source(str(top), clones=parent / "clones")
    folder = parent / "state" / "completion"
    return TaskInput(source, "shop", folder, 0, limit, 1_000_000, python, sandbox, lambda line: None)


@pytest.fixture
def given(tmp_path: Path, sandbox: Sandbox, python: Path) -> Callable[..., TaskInput]:
    """What a task is made from: the small repository with some files changed, added, or (None) taken away."""
    return lambda files=None, limit=None: _make_input(tmp_path, sandbox, python, files, limit)


@pytest.fixture(scope="session")
def make_given(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox, python: Path) -> Callable[..., TaskInput]:
    """The same in a new folder with each call, for what several tests share."""
    return lambda files=None, limit=None: _make_input(tmp_path_factory.mktemp("shared"), sandbox, python, files, limit)
