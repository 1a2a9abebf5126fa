"""Names out of an answer's prose, spans and blocks, and which of them exist in a repository, a language, a library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.grounding.names import find_mentions
from assistant.grounding.vocabulary import Vocabulary, known_names
from indexer.home import OpenedIndex, open_index

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Call `Client.fetch(url, timeout=30)` here.", ["Client.fetch", "url", "timeout"]),
        ("The load_all() function of ThreadPool in src/app/pool.py.", ["load_all", "ThreadPool", "src/app/pool.py"]),
        ("Plain words, JSON APIs and GitHub, e.g. this (or those).", []),
        ("Pass `--dry-run` or `-v`, see https://example.org/a_b.html.", ["--dry-run"]),
        ("`GET /users`, `@scope/pkg`, `<div>`, `application/json`", []),
        ("`\"a string\"` and `'other_one'`", []),
        ("`run the tests` with `some_name of it`", ["some_name"]),
        ("the argument(s) and value(s)", []),
    ],
)
def test_names_of_prose_and_spans(text: str, names: list[str]) -> None:
    """Of prose what can be no English word, of spans what is no string, each as it is spelled."""
    assert [mention.text for mention in find_mentions(text)] == names


@pytest.mark.parametrize(
    ("language", "code", "names"),
    [
        (
            "python",
            "from shop import Cart as C\nimport numpy as np\ndef go(a, b: Odd = 3):\n    x = np.ones(a)\n"
            "    return x.frob(b, key=1)\n"
            "class Foo(Base_x):\n    pass\nFoo().run_it()\nfor item in []:\n    item.close_it()\n",
            ["shop", "Cart", "numpy", "Odd", "np.ones", "x.frob", "key", "Base_x", "run_it", "item.close_it"],
        ),
        ("go", 'func main() {\n  r := gin.New()\n  r.Handle("/x", doIt)\n}\n', ["gin.New", "r.Handle", "doIt"]),
        (
            "js",
            "const app = express();\nfunction go(req, res) { res.sendIt(app); }\napp.use(bodyParser.json());\n",
            ["express", "res.sendIt", "app.use", "bodyParser.json"],
        ),
        ("rust", "let v = Pool::build_new(3);\nv.run_all()?;\n", ["Pool.build_new", "v.run_all"]),
    ],
)
def test_names_of_blocks(language: str, code: str, names: list[str]) -> None:
    """What a block calls, imports, passes by name or takes from something, but not what it defines itself."""
    found = [mention.text for mention in find_mentions(f"```{language}\n{code}```\n")]
    assert [name for name in found if name != "bodyParser"] == names


def test_names_that_the_answer_defines_are_its_own() -> None:
    """A helper that a block of the answer defines is not listed, in prose neither."""
    assert find_mentions("```python\ndef my_helper(n):\n    return n\n```\nCall `my_helper()`.") == []


def test_each_name_once_in_order() -> None:
    """A name that is said twice is listed where it is said first."""
    assert [m.text for m in find_mentions("`b_one`, `a_two`, `b_one`")] == ["b_one", "a_two"]


PYTHON = """\
import json
import os.path
from datetime import datetime

import httpx


class Client:
    base_url = "x"

    def fetch(self, url, timeout=30, *, retry_count=3):
        self.last_seen = datetime.now()
        return httpx.get(url, timeout=timeout, params={"page_size": 1})
"""
GO = """\
package shop

import (
	"fmt"
	"github.com/gin-gonic/gin"
)

type Cart struct { Items []string }

func NewCart(c *gin.Context) *Cart {
	fmt.Println("x")
	return &Cart{}
}
"""
JS = """\
const express = require('express');
function createApp(options) { return express().use(options.bodyLimit); }
module.exports = { createApp };
"""


@pytest.fixture(scope="module")
def opened(make_repo: Make, make_home: Callable[[], Path], build: Make) -> Callable[[str, str], OpenedIndex]:
    """Open an index of one file in one language."""
    home = make_home()

    def make(path: str, code: str) -> OpenedIndex:
        name = path.replace("/", "-").replace(".", "-")
        if not (home / "repositories" / name).exists():
            build(home, make_repo({path: code, "docs/guide.md": "# Guide\n"}, name).path, name=name)
        return open_index(home, name)

    return make


def unknown(index: OpenedIndex, text: str, said: str = "") -> list[str]:
    """The names of ``text`` that exist nowhere."""
    return list(Vocabulary([index], said).find_unknown(text))


@pytest.mark.parametrize(
    "text",
    [
        "`Client.fetch` takes `timeout=5`, `retry_count` and `url`.",
        "It sets `self.last_seen` and `base_url`, and passes `page_size`.",
        "See src/shop/client.py, `client.py` or the guide in docs/guide.md.",
        "It raises `ValueError`, prints with `print()`, and uses `isinstance`, `None`, `__init__` and `str.split`.",
        "`json.dumps`, `os.path.join`, `datetime.now()`, `strftime` and `dumps` are of the standard library.",
        "`logging.handlers.RotatingFileHandler` and `xmlrpc.server.SimpleXMLRPCServer` are of its modules' modules.",
        "`httpx.AsyncClient` is of an import.",
        "```python\nclient = Client()\nfor page in client.fetch('x', timeout=1).items():\n    print(page.lower())\n```",
    ],
)
def test_what_exists_in_python_is_known(opened: Callable[[str, str], OpenedIndex], text: str) -> None:
    """Definitions, parameters, attributes, files, built-ins, the standard library's members, members of imports."""
    assert unknown(opened("src/shop/client.py", PYTHON), text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`Client.fetch_all` is not there.", ["Client.fetch_all"]),
        ("`AsyncClient` and load_pages() are not.", ["AsyncClient", "load_pages"]),
        ("Nor is src/shop/server.py.", ["src/shop/server.py"]),
        ("Pass `time_out=3` to `Client.fetch`.", ["time_out"]),
        ("`json.dump_all`, and `os.path.glue`.", ["json.dump_all", "os.path.glue"]),
        ("`ServerClient.fetch`", ["ServerClient.fetch"]),
        ("`Fetch` is spelled otherwise.", ["Fetch"]),
        ("```python\nfrom shop.tools import Box\nBox().go_on(Client())\n```", ["shop.tools", "Box", "go_on"]),
    ],
)  # fmt: skip
def test_what_is_invented_for_python_is_listed(
    opened: Callable[[str, str], OpenedIndex], text: str, names: list[str]
) -> None:
    """Names, members, parameters and files that exist nowhere, in order, as they are spelled."""
    assert unknown(opened("src/shop/client.py", PYTHON), text) == names


def test_looking_a_name_up_runs_nothing_that_it_names(
    opened: Callable[[str, str], OpenedIndex], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attribute that does things when it is asked for, and a file called as a module of Python, stay as they are."""
    (tmp_path / "colorsys.py").write_text("raise SystemExit('a file of a repository was run')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    text = "`ctypes.cdll.frobnicate_it`, `json.dump_all` and `colorsys.paint_all`"
    assert unknown(opened("src/shop/client.py", PYTHON), text) == ["json.dump_all", "colorsys.paint_all"]
    assert "colorsys" not in sys.modules


def test_names_of_the_question_are_known(opened: Callable[[str, str], OpenedIndex]) -> None:
    """What the user says is no invention of the answer."""
    index = opened("src/shop/client.py", PYTHON)
    assert unknown(index, "There is no `FooBar` in src/foo.py.", "what is FooBar of src/foo.py?") == []


@pytest.mark.parametrize(
    ("path", "code", "text", "names"),
    [
        ("cart.go", GO, "`NewCart`, `gin.Context`, `fmt.Errorf`, `append`, `gin.H`, `DropCart`", ["DropCart"]),
        (
            "app.js",
            JS,
            "```js\nconst app = createApp({ bodyLimit: 1 });\napp.listen(3000, () => console.log('up'));\n"
            "express.json();\napp.launchNow();\n```",
            ["app.launchNow"],
        ),
    ],
)  # fmt: skip
def test_other_languages(
    opened: Callable[[str, str], OpenedIndex], path: str, code: str, text: str, names: list[str]
) -> None:
    """Keywords and built-ins of the repository's language, its common library and its imports are known."""
    assert unknown(opened(path, code), text) == names


def test_without_a_repository_nothing_is_unknown_to_languages_alone() -> None:
    """The lists of standard names are there for every language that has one, and hold what their lexers do not."""
    assert "Println" in known_names("go")
    assert "forEach" in known_names("typescript")
    assert "unwrap" in known_names("rust")
    assert "append" in known_names("python")
    assert known_names("no-such-language") == frozenset()
