"""Nothing that is asked for can be found: not the bodies, not their copies, not the tests that decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import git
import pytest

from eval.tasks.base import TaskInput
from eval.tasks.repository.copies import PrintIndex, make_print, telling_lines
from eval.tasks.repository.functions import find_functions
from eval.tasks.repository.heldout import Corpus, HeldOutRepository
from eval.tasks.repository.history import GitHistory
from eval.tasks.repository.placing import body_of
from eval.tasks.repository.records import Function
from eval.tasks.repository.tested import open_tested_repository
from indexer.build import build_index
from indexer.home import open_index
from indexer.repository import open_source
from indexer.settings import IndexerSettings

PRICES = "shop/prices.py"
TOTAL = """        gross = sum(add_tax(price) for _, price in self.items)
        reduced = gross * (1 - self.discount)
        return round(reduced, ROUNDING)
"""
TWIN = (
    "class Twin:\n    async def total(self):\n"
    + TOTAL.replace("        return", "        await log()\n        return")
    + "\n    def other(self):\n        return 'kept as it is'\n"
)

RENAMED = (
    "class Crate:\n    def weight(self):\n        \"\"\"What all weigh.\"\"\"\n"
    + TOTAL.replace("gross", "net").replace("price", "apple").replace("add_tax", "weigh").replace("items", "content")
    .replace("reduced", "lighter").replace("discount", "loss").replace("ROUNDING", "DIGITS")
    + "\n    def other(self):\n        return 'kept beside it'\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def texts(files: dict[str, str]) -> dict[str, str]:
    """The small repository with copies of the hidden code: in an example, a twin, a script, a document, a test."""
    return {
        **{path: text for path, text in files.items() if text},
        "examples/shop_copy.py": files[PRICES],
        "examples/twin.py": TWIN,
        "examples/renamed.py": RENAMED,
        "examples/script.py": "import shop\n\nif shop:\n"
        + TOTAL.replace("        ", "    ").replace("return ", "x = "),
        "docs/how.md": f"# How the total is made\n\n```python\n{TOTAL}```\n\nThe rest of the page stays.\n",
        "copied/tests/test_prices.py": files["tests/test_prices.py"].replace("pear", "apple"),
        "tests/test_other.py": "def test_nothing_of_the_shop():\n    assert 1 + 1 == 2\n",
    }


@pytest.fixture(scope="module")
def hidden(texts: dict[str, str]) -> list[Function]:
    """The functions that are asked for."""
    names = ("Basket.total", "Basket.put", "cheapest")
    return [f for f in find_functions(texts) if f.path == PRICES and f.name in names]


@pytest.fixture(scope="module")
def tree(texts: dict[str, str], hidden: list[Function]) -> dict[str, str]:
    """The files of the tree that is indexed."""
    return Corpus(texts).without(hidden, {"tests/test_prices.py"})[0]


@pytest.fixture(scope="module")
def chunks(tree: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of all chunks of an index of the tree, by path: what retrieval and placebo can give."""
    folder = tmp_path_factory.mktemp("held")
    for path, text in tree.items():
        (folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / path).write_text(text)
    source = open_source(str(folder / "tree"), clones=folder / "clones")
    build_index(source, "held", IndexerSettings(home=folder / "home"))
    index = open_index(folder / "home", "held")
    found: dict[str, str] = {}
    for position in range(len(index.manifest.rows)):
        chunk = index.chunk_at(position)
        found[chunk.path] = f"{found.get(chunk.path, '')}\n{chunk.text}"
    return found


def read_at(folder: Path, ref: str, path: str) -> str:
    """The text of a file at a ref; empty where it is not."""
    tree = git.Repo(folder).commit(ref).tree
    return tree[path].data_stream.read().decode() if path in [blob.path for blob in tree.traverse()] else ""


def lines_of(texts: dict[str, str], hidden: list[Function]) -> list[str]:
    """Every line of the hidden bodies that other code does not have as well."""
    return [
        line.strip() for function in hidden for line in body_of(texts[PRICES], function).splitlines()
        if telling_lines(line)
    ]  # fmt: skip


def test_no_chunk_holds_a_line_of_a_hidden_body(
    texts: dict[str, str], hidden: list[Function], chunks: dict[str, str]
) -> None:
    """Nor of its copies in code, in a twin, in a script, in a document: whatever arm looks, nothing is there."""
    lines = lines_of(texts, hidden)
    assert len(lines) > 5 and all(any(line in text for text in texts.values()) for line in lines)
    assert not [(path, line) for path, text in chunks.items() for line in lines if line in text]


def test_no_chunk_is_a_near_copy_of_a_hidden_body(
    texts: dict[str, str], hidden: list[Function], chunks: dict[str, str]
) -> None:
    """By the same measure that finds them in the repository."""
    index = PrintIndex([make_print(f.key, body_of(texts[PRICES], f)) for f in hidden])
    assert index.passages_in(texts["docs/how.md"].splitlines())
    assert not [path for path, text in chunks.items() if index.passages_in(text.splitlines())]


def test_the_deciding_tests_and_their_copies_are_in_no_chunk(chunks: dict[str, str]) -> None:
    """Other tests stay."""
    assert "tests/test_prices.py" not in chunks and "copied/tests/test_prices.py" not in chunks
    assert "tests/test_other.py" in chunks
    assert not [path for path, text in chunks.items() if "test_total_has_tax" in text]


def test_what_the_oracle_gives_holds_no_line_of_a_hidden_body(
    texts: dict[str, str], hidden: list[Function], tmp_path: Path
) -> None:
    """Its lines are those of the case's own ref, where they are the definitions that the body uses."""
    held = HeldOutRepository(texts, tmp_path, lambda function: {"tests/test_prices.py"})
    shown = {}
    for function in hidden:
        ref, spans = held.hide(function)
        lines = {span: read_at(held.folder, ref, span.path).splitlines() for span in spans}
        shown[function.name] = "\n".join(
            line for span in spans for line in lines[span][span.start_line - 1 : span.end_line]
        )
    assert "with_tax = price + tax" in shown["Basket.total"] and "ROUNDING = 2" in shown["Basket.total"]
    assert "self.items = []" in shown["Basket.put"]
    for function in hidden:
        assert not [line for line in lines_of(texts, [function]) if line in shown[function.name]]


def test_each_function_is_missing_at_its_own_ref_alone(
    texts: dict[str, str], hidden: list[Function], tmp_path: Path
) -> None:
    """At the ref of one, the others' bodies are there to be found, and its own is nowhere."""
    held = HeldOutRepository(texts, tmp_path, lambda function: {"tests/test_prices.py"})
    refs = {function.name: held.hide(function)[0] for function in hidden}
    for function in hidden:
        everything = "\n".join(read_at(held.folder, refs[function.name], path) for path in texts)
        assert not [line for line in lines_of(texts, [function]) if line in everything]
        others = [other for other in hidden if other is not function]
        assert all(line in everything for line in lines_of(texts, others))


def test_a_ref_is_the_same_the_next_time(texts: dict[str, str], hidden: list[Function], tmp_path: Path) -> None:
    """Answers are kept by what was read, so the same harvest gives the same commits; one more case changes none."""
    find_tests = {"tests/test_prices.py"}
    few = HeldOutRepository(texts, tmp_path / "few", lambda function: find_tests)
    all_ = HeldOutRepository(texts, tmp_path / "all", lambda function: find_tests)
    ref = few.hide(hidden[0])[0]
    for function in reversed(hidden):
        all_.hide(function)
    commits = {git.Repo(held.folder).commit(ref).hexsha for held in (few, all_)}
    assert len(commits) == 1


def test_a_test_that_executes_the_function_by_now_is_hidden_too(
    texts: dict[str, str], hidden: list[Function], tmp_path: Path
) -> None:
    """In the folder of an earlier harvest, a ref that hides more is another ref; so is the tree of other files."""
    before = HeldOutRepository(texts, tmp_path, lambda function: {"tests/test_prices.py"})
    old = before.hide(hidden[0])[0]
    after = HeldOutRepository(texts, tmp_path, lambda function: {"tests/test_prices.py", "tests/test_other.py"})
    new = after.hide(hidden[0])[0]
    assert read_at(before.folder, old, "tests/test_other.py")
    assert not read_at(after.folder, new, "tests/test_other.py")
    fewer = {path: text for path, text in texts.items() if not path.startswith("docs/")}
    without = HeldOutRepository(fewer, tmp_path, lambda function: {"tests/test_prices.py"})
    assert not read_at(without.folder, without.hide(hidden[0])[0], "docs/how.md")


@pytest.mark.parametrize("head", ["import a_package_that_is_nowhere\n", "import pytest\n\n\n@pytest.mark.skip\n"])
def test_a_test_that_could_not_be_run_is_hidden_if_it_names_the_function(
    given: Callable[..., TaskInput], head: str
) -> None:
    """Nobody knows what it executes; one that names something else stays."""
    unusable = head + "def test_it():\n    assert {}(3) == 4\n"
    more = {"tests/test_a.py": unusable.format("cheapest"), "tests/test_b.py": unusable.format("the_cheapest")}
    repository = open_tested_repository(given(more))
    held = HeldOutRepository.of(repository)
    ref = held.hide(next(f for f in repository.candidates if f.name == "cheapest"))[0]
    assert not read_at(held.folder, ref, "tests/test_a.py")
    assert read_at(held.folder, ref, "tests/test_b.py")


CONFTEST = """import pytest
from shop.prices import Basket


@pytest.fixture(scope="session")
def filled():
    basket = Basket()
    basket.put("pear", 4)
    return basket.total()
"""


def test_what_tests_share_or_run_while_they_are_imported_is_theirs(given: Callable[..., TaskInput]) -> None:
    """The first one's coverage alone has what a fixture of the session executes; of an import none has. Others stay."""
    shared = "def test_it(filled):\n    assert filled == 5.0\n"
    more: dict[str, str | None] = {
        "tests/conftest.py": CONFTEST,
        "tests/test_a.py": shared,
        "tests/test_b.py": shared,
        "tests/test_c.py": "from shop.taxes import add_tax\n\nWITH_TAX = add_tax(4)\n\n\n"
        "def test_it():\n    assert WITH_TAX == 5.0\n",
        "tests/test_d.py": "def test_it():\n    assert 1 + 1 == 2\n",
    }
    repository = open_tested_repository(given(more))
    taxed = next(f for f in repository.candidates if f.name == "add_tax")
    files = {test.partition("::")[0] for test in repository.coverage.covering[taxed.key]}
    assert files == {"tests/test_a.py", "tests/test_prices.py"}  # which decide, as ever
    for again in (repository, open_tested_repository(given(more))):
        held = HeldOutRepository.of(again)
        ref = held.hide(taxed)[0]
        assert not [name for name in "abc" if read_at(held.folder, ref, f"tests/test_{name}.py")]
        assert read_at(held.folder, ref, "tests/test_d.py")


def test_tests_with_names_of_their_own_are_hidden_with_their_data(
    given: Callable[..., TaskInput], files: dict[str, str]
) -> None:
    """Nor is one of them asked for."""
    more: dict[str, str | None] = {
        "pytest.ini": "[pytest]\npython_files = *_checks.py\n",
        "tests/test_prices.py": None,
        "unit/prices_checks.py": files["tests/test_prices.py"],
        "unit/data/totals.json": '{"pear": 3.57}',
        "shop/rates.json": '{"tax": 0.19}',
    }
    repository = open_tested_repository(given(more))
    assert {function.path for function in repository.candidates} == {"shop/prices.py", "shop/taxes.py"}
    assert not repository.is_own_code("unit/prices_checks.py") and repository.is_own_code("shop/prices.py")
    held = HeldOutRepository.of(repository)
    ref = held.hide(next(f for f in repository.candidates if f.name == "cheapest"))[0]
    assert not read_at(held.folder, ref, "unit/prices_checks.py")
    assert not read_at(held.folder, ref, "unit/data/totals.json")
    assert read_at(held.folder, ref, "shop/rates.json")


def test_a_near_copy_goes_whole(chunks: dict[str, str]) -> None:
    """Its head with nothing below would mislead; with other names throughout it would be the answer."""
    assert "def total" not in chunks["examples/twin.py"]
    assert "def weight" not in chunks["examples/renamed.py"] and "lighter" not in chunks["examples/renamed.py"]
    assert "kept beside it" in chunks["examples/renamed.py"]


SHORT = """def find(key, shelf):
    if key in shelf:
        return shelf[key]
    return None
"""


def test_a_short_body_is_hidden_where_it_stands_again_under_its_name() -> None:
    """Such are too short to be told by their tokens alone: under another name much code has them."""
    crate = f"X = 1\n\n\n{SHORT}\n\n{SHORT.replace('find', 'look_up')}"
    texts = {"shop/shelf.py": SHORT, "shop/crate.py": crate.replace("in shelf", "in  shelf")}
    hidden = [f for f in find_functions(texts) if f.path == "shop/shelf.py"]
    tree, counts = Corpus(texts).without(hidden, set())
    assert counts["near-copies of functions"] == 1
    assert "def find" not in tree["shop/crate.py"] and "def look_up" in tree["shop/crate.py"]


def test_an_old_version_that_is_commented_out_is_hidden(texts: dict[str, str], hidden: list[Function]) -> None:
    """Above the function that it was; the remark beside it stays."""
    old = "".join(f"# {line}\n" for line in TOTAL.splitlines())
    changed = {**texts, PRICES: f"{texts[PRICES]}\n# as it was:\n#\n#\n#\n{old}"}
    tree, _ = Corpus(changed).without(hidden, set())
    assert "add_tax(price) for" not in tree[PRICES] and "# as it was:" in tree[PRICES]


def test_no_data_of_tests_can_be_found(given: Callable[..., TaskInput]) -> None:
    """It may hold what the function returns, and who reads it is not known."""
    more = {"tests/fixtures/totals.json": '{"pear": 3.57}', "shop/rates.json": '{"tax": 0.19}'}
    repository = open_tested_repository(given(more))
    held = HeldOutRepository.of(repository)
    ref = held.hide(next(f for f in repository.candidates if f.name == "cheapest"))[0]
    assert not read_at(held.folder, ref, "tests/fixtures/totals.json")
    assert read_at(held.folder, ref, "shop/rates.json")


def test_what_is_not_asked_for_stays(chunks: dict[str, str], tree: dict[str, str]) -> None:
    """Other functions, what stands beside a near-copy, other lines of a document; of the function itself nothing."""
    assert "The sum of all prices with tax, less the discount." not in chunks[PRICES]
    assert "def total(self):" not in chunks[PRICES] and "first = items[0]" in chunks[PRICES]
    assert "kept as it is" in chunks["examples/twin.py"] and "The rest of the page stays." in chunks["docs/how.md"]
    assert "tax = price * rate" in chunks["shop/taxes.py"]


def test_a_git_folder_that_the_caller_is_set_to_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As within a hook: refs are written where they belong, not into the user's own repository."""
    own = git.Repo.init(tmp_path / "own")
    with monkeypatch.context() as hook:
        hook.setenv("GIT_DIR", str(own.git_dir))
        history = GitHistory(tmp_path / "held", {"a.py": "X = 1\n", "b.py": "Y = 1\n"})
        history.add("case-1", {"a.py": None})
    assert not own.heads
    assert {head.name for head in git.Repo(history.folder).heads} == {"base", "case-1"}
