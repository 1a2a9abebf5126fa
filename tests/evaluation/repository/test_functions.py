"""Which functions may be asked for, and which definitions they use."""

from __future__ import annotations

import pytest

from eval.cases import Span
from eval.tasks.repository.definitions import Definitions
from eval.tasks.repository.functions import choose_candidates, find_functions, find_test_files, spread
from eval.tasks.repository.records import TestRecord

BODY = "    a = x + 1\n    b = a * 2\n    c = b - 3\n    return c\n"


def test_short_long_and_trivial_functions_and_those_of_tests_are_left_out_with_the_reason() -> None:
    """What is left out is counted."""
    texts = {
        "a.py": f"def good(x):\n{BODY}\n\ndef short(x):\n    return x + 1\n\n\n" + f"def twice(x):\n{BODY}\n\n" * 2,
        "b.py": "def long(x):\n"
        + "    x += 1\n" * 50
        + "    return x\n\n\nclass A:\n    def __init__(self, x, y, z):\n"
        "        self.x = x\n        self.y = y\n        self.z = z\n",
        "tests/test_a.py": f"def helper(x):\n{BODY}",
        "docs/conf.py": f"def setup(x):\n{BODY}",
        "broken.py": "def (:\n",
    }
    chosen, reasons = choose_candidates(texts)
    assert [function.key for function in chosen] == ["a.py::good"]
    assert sum(reasons.values()) == 6 and reasons["defined more than once in its file"] == 2


def test_a_file_in_which_tests_were_found_is_of_tests_whatever_its_name() -> None:
    """And what lies with it, unless it stands beside other code. One with documented examples is none."""
    texts = {
        **dict.fromkeys(
            ("a/one_checks.py", "pkg/two_checks.py"), "class TestIt:\n    def test_it(self):\n        pass\n"
        ),
        **dict.fromkeys(("pkg/code.py", "pkg/deep/more.py"), "def work():\n    pass\n"),
        **dict.fromkeys(("a/data/expected.json", "pkg/rates.json", "tests/rates.json", "readme.json"), "{}"),
        **dict.fromkeys(("a/__init__.py", "pkg/__init__.py"), ""),
    }
    names = ["a/one_checks.py::TestIt::test_it[1]", "pkg/two_checks.py::TestIt::test_it", "pkg/code.py::pkg.code.work"]
    tests = [TestRecord(name, name.partition("::")[0], "passed", 0.1) for name in names]
    found = find_test_files(texts, find_functions(texts), tests)
    assert found == {
        "a/one_checks.py", "a/__init__.py", "a/data/expected.json", "pkg/two_checks.py", "tests/rates.json"
    }  # fmt: skip


def test_any_head_of_the_order_is_balanced_over_the_files() -> None:
    """Three of one file and one of another: the second file's comes among the first two, and seeds differ."""
    texts = {"a.py": "\n".join(f"def f{n}(x):\n{BODY}" for n in range(8)), "b.py": f"def g(x):\n{BODY}"}
    functions = find_functions(texts)
    orders = [[f.name for f in spread(functions, seed)] for seed in range(4)]
    assert all("g" in order[:2] and sorted(order) == sorted(orders[0]) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    assert spread(functions, 3) == spread(functions[::-1], 3)


def test_what_a_body_uses_is_followed_through_imports_classes_and_bases() -> None:
    """A package's export, a parent's method, an attribute of the constructor, a module's function, a unique method."""
    texts = {
        "src/shop/__init__.py": "from .taxes import add_tax\n",
        "src/shop/taxes.py": "RATE = 2\n\n\ndef add_tax(price):\n    return price * RATE\n",
        "src/shop/base.py": "class Base:\n    def __init__(self):\n        self.items = []\n\n"
        "    def log(self, text):\n        print(text)\n",
        "src/shop/prices.py": "import shop.taxes as taxes\nfrom shop import add_tax\nfrom .base import Base\n\n\n"
        "class Basket(Base):\n    def total(self, other):\n        self.log()\n        found = other.peculiar_name()\n"
        "        return add_tax(sum(self.items)) + taxes.RATE + len(found)\n",
        "src/shop/other.py": "class Other:\n    def peculiar_name(self):\n        return 1\n",
    }
    function = next(f for f in find_functions(texts) if f.name == "Basket.total")
    definitions = Definitions(texts)
    used = definitions.used_by(function)
    assert used == [
        ("src/shop/base.py", "Base.log"),
        ("src/shop/other.py", "Other.peculiar_name"),
        ("src/shop/taxes.py", "add_tax"),
        ("src/shop/base.py", "Base.__init__"),
        ("src/shop/taxes.py", "RATE"),
    ]
    assert definitions.span_of(used[0]) == Span("src/shop/base.py", 5, 6)


def test_parameters_and_local_names_are_no_definitions() -> None:
    """A parameter that is called like a function of the file is not that function."""
    texts = {"a.py": f"def f(g):\n    h = g\n    return h\n\n\ndef g(x):\n{BODY}\n\ndef h(x):\n{BODY}"}
    function = find_functions(texts)[0]
    assert Definitions(texts).used_by(function) == []


def test_an_attribute_of_another_package_or_of_any_file_or_text_is_no_unique_method() -> None:
    """The repository's one `getvalue`, `group` and `scandir` are not meant; its one `peculiar` is."""
    texts = {
        "shop/own.py": "import os\nimport os.path\nimport shop.store\n\n\ndef f(out, found, more):\n"
        "    a = out.getvalue()\n    b = found.group(1)\n    c = os.scandir(a)\n    d = os.path.unusual(b)\n"
        "    e = shop.store.place(c)\n    return e, more.peculiar(d)\n",
        "shop/store.py": "class Store:\n"
        + "".join(
            f"    def {name}(self):\n        return 1\n\n"
            for name in ("getvalue", "group", "scandir", "unusual", "peculiar")
        )
        + "\ndef place(x):\n    return x\n",
        "shop/__init__.py": "",
    }
    function = find_functions(texts)[0]
    assert Definitions(texts).used_by(function) == [("shop/store.py", "place"), ("shop/store.py", "Store.peculiar")]


def test_what_the_prompt_shows_whole_is_not_to_be_found() -> None:
    """A constant of the head is left out; a definition that begins there and goes on is not."""
    text = (
        f"RATE = 2\nTABLE = {{\n    1: 2,\n}}\n\n\ndef f(x):\n    return RATE * TABLE[x] + g(x)\n\n\ndef g(x):\n{BODY}"
    )
    function = find_functions({"a.py": text})[0]
    definitions = Definitions({"a.py": text})
    assert [name for _, name in definitions.used_by(function)] == ["RATE", "TABLE", "g"]
    assert [name for _, name in definitions.used_by(function, {1, 2})] == ["TABLE", "g"]


@pytest.mark.parametrize("stray", ["\r", "\r\r\n"])
def test_a_file_with_a_stray_carriage_return_is_left_out(stray: str) -> None:
    """The parser counts a line more there than we do: every function below would be cut a line off."""
    text = f'"""A module."""\n# one{stray}two = 2\n\ndef f(a):\n    b = a + 1\n    c = b * 2\n    return a + b + c\n'
    chosen, reasons = choose_candidates({"odd.py": text, "plain.py": text.replace(stray, "\r\n")})
    assert [function.path for function in chosen] == ["plain.py"]
    assert reasons["in a file that does not parse here"] == 1
