"""RepoExec and RepoEval: functions of a repository that the set names, decided by the set's tests or its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.errors import HarvestError
from eval.sandbox import Sandbox
from eval.tasks.base import Harvest, Task, TaskInput
from eval.tasks.published import repoeval, repoexec
from eval.tasks.repository.functions import find_functions_in
from indexer.repository import Source, open_source

_PRICES = '''"""Prices."""

from orchard.taxes import RATE, add_tax


def total(prices):
    """The sum of all prices, with tax."""
    summed = sum(add_tax(price) for price in prices)
    rounded = round(summed, 2)
    return rounded


def twice(price):
    """Two of them."""
    first = price
    second = price
    return first + second
'''
_TAXES = '''RATE = 0.25


def add_tax(price):
    """The price with tax."""
    return price * (1 + RATE)
'''
_TESTS = "from orchard.prices import total\n\n\ndef test_total():\n    assert total([4, 4]) == 10\n"
_FILES = {
    "orchard/__init__.py": "",
    "orchard/prices.py": _PRICES,
    "orchard/taxes.py": _TAXES,
    "tests/test_prices.py": _TESTS,
}
_SOLUTION = _PRICES[_PRICES.index("def total") : _PRICES.index("\n\n\ndef twice")]
_BODY = _SOLUTION.partition('"""\n')[2]
_RIGHT = "```python\nfrom math import fsum\n\ndef total(prices):\n    return fsum(map(add_tax, prices))\n```"
_WRONG = "```python\ndef total(prices):\n    return sum(prices)\n```"


@pytest.fixture(scope="module")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A small repository with one test."""
    folder = tmp_path_factory.mktemp("source")
    for path, text in _FILES.items():
        (folder / "orchard" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "orchard" / path).write_text(text)
    return open_source(str(folder / "orchard"), clones=folder / "clones")


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, orchard: Source, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Task, TaskInput, Harvest]:
    """A task with what was harvested: the function that is tested, and for RepoEval two that cannot be asked for."""
    task = repoexec.TASK if request.param == "repoexec" else repoeval.TASK
    twice = _PRICES.rpartition('"""\n')[2]
    more = [_eval_item(), _eval_item(truth=twice), _eval_item(truth="    return 7\n")]
    folder = tmp_path_factory.mktemp("tasks")
    data = folder / "set.jsonl"
    data.write_text("".join(json.dumps(item) + "\n" for item in ([_exec_item()] if task is repoexec.TASK else more)))
    python = Path(sys.executable)
    given = TaskInput(orchard, "garden", folder / "one", 0, None, 10**6, python, sandbox, lambda line: None, data)
    given.folder.mkdir()
    return task, given, task.harvest(given)


def _exec_item(**changes: Any) -> dict[str, Any]:
    test = "@timeout_decorator.timeout(LOCAL_TIMEOUT)\ndef test_{}():\n    assert total({}) == {}"
    return {
        "id": 7, "project": "test-apps/orchard", "module": "orchard.prices", "entry_point": "total",
        "focal_function": _SOLUTION, "gold_context": _SOLUTION,
        "tests": [test.format(0, [4], 5), test.format(3, [], 0)],
        **changes,
    }  # fmt: skip


def _eval_item(path: str = "orchard/prices.py", truth: str = _BODY) -> dict[str, Any]:
    metadata = {"task_id": "orchard/idx", "ground_truth": truth, "fpath_tuple": ["garden_orchard", *path.split("/")]}
    return {"prompt": "...", "metadata": {**metadata, "lineno": 8, "context_start_lineno": 0}}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


both = pytest.mark.parametrize("opened", ["repoexec", "repoeval"], indirect=True)


@both
def test_answers_are_decided_in_the_repository(opened: tuple[Task, TaskInput, Harvest]) -> None:
    """By tests that use what the repository defines."""
    task, given, harvest = opened
    scorer = task.scorer(given, harvest)
    answers = {"right": _RIGHT, "wrong": _WRONG, "other": "```python\ndef sum_up():\n    pass\n```", "none": "Well."}
    verdicts = {name: scorer.score(harvest.cases[0], text).verdict for name, text in answers.items()}
    assert verdicts == {"right": "correct", "wrong": "wrong", "other": "wrong", "none": "unanswered"}


@both
def test_the_solution_cannot_be_found_and_what_it_uses_can(opened: tuple[Task, TaskInput, Harvest]) -> None:
    """Neither prompt nor tree holds the body or a test; the sources are the definitions that the body uses."""
    harvest = opened[2]
    (case,) = harvest.cases
    assert harvest.tree is not None
    names = _git(harvest.tree, "ls-tree", "-r", "--name-only", case.ref).split()
    texts = {name: _git(harvest.tree, "show", f"{case.ref}:{name}") for name in names}
    held = "\n".join(texts.values())
    assert "rounded" not in held + case.prompt + case.query and "[4, 4]" not in held and "def twice" in held
    assert "The sum of all prices" in case.prompt
    (source,) = case.sources
    assert texts[source.path].splitlines()[source.start_line - 1] == "def add_tax(price):"


@pytest.mark.parametrize("opened", ["repoeval"], indirect=True)
def test_functions_without_tests_of_their_own_are_left_out(opened: tuple[Task, TaskInput, Harvest]) -> None:
    """RepoEval names functions that no test of the repository executes, and bodies that a release no longer has."""
    harvest = opened[2]
    assert [case.id for case in harvest.cases] == ["orchard/prices.py::total"]
    assert any("1 of the set's functions are left out: executed by no test" in note for note in harvest.notes)
    assert any("within another function (line 3" in note for note in harvest.notes)


def test_a_body_is_found_as_the_set_has_it() -> None:
    """Behind the comments that it begins with; of two equal ones the one at its line; none within a function."""
    text = (
        "class Plum:\n    def weigh(self):\n        # in grams\n        return self.n\n\n\n"
        "class Pear:\n    def weigh(self):\n        def inner():\n            return 1\n\n        return inner()\n\n"
        "    def count(self):\n        # of a crate\n        return self.n\n"
    )
    functions = find_functions_in("fruit.py", text)

    def found(truth: str, line: int | None) -> str | None:
        function = repoeval.find_function(functions, text, repoeval.Place("fruit.py", truth, line))
        return function.name if function is not None else None

    same = "        return self.n\n"
    assert [found(same, line) for line in (4, 16, None)] == ["Plum.weigh", "Pear.count", "Plum.weigh"]
    assert found("            return 1\n", 10) is None


def test_a_repository_that_the_set_does_not_have_is_named(
    write: Any, give: Callable[..., Any], orchard: Source
) -> None:
    """With those that it has; without a repository, one is asked for."""
    with pytest.raises(HarvestError, match="no item about garden: it is about vineyard"):
        repoexec.TASK.harvest(give(write("repoexec.jsonl", [_exec_item(module="vineyard.wine")]), orchard))
    with pytest.raises(HarvestError, match="--repo"):
        repoexec.TASK.harvest(give(write("repoexec.jsonl", [_exec_item()])))


def test_repoexec_is_read_as_its_repository_has_it(write: Any, give: Callable[..., TaskInput], orchard: Source) -> None:
    """One text of tests behind their imports, some of which are not here; helpers among them; names of the module."""
    imports = "from .fruit import Nothing\nimport math, sys\nimport timeout_decorator\nfrom nowhere_at_all import *\n"
    tests = f"{imports}LOCAL_TIMEOUT = 5\n\ndef four():\n    return math.floor(4.5)\n\n"
    tests += "\n\n".join(_exec_item()["tests"]).replace("[4]", "[four()]")
    item = {name: value for name, value in _exec_item().items() if name not in ("id", "tests", "gold_context")}
    data = write("pass_data.jsonl", [{**item, "problem_ids": 7, "code": _SOLUTION, "test": tests}])
    given = give(data, orchard)
    harvest = repoexec.TASK.harvest(given)
    assert [case.id for case in harvest.cases] == ["7"]
    scorer = repoexec.TASK.scorer(given, harvest)
    assert [scorer.score(harvest.cases[0], text).verdict for text in (_RIGHT, _WRONG)] == ["correct", "wrong"]


def test_another_form_of_repoexec_is_refused(write: Any, give: Any, orchard: Source, tmp_path: Path) -> None:
    """With the file that is wanted."""
    other = {**_exec_item(), "tests": "def test(): pass"}
    with pytest.raises(HarvestError, match=r"line 1: no item with `problem_ids` and `test`\. Give pass_data\.jsonl"):
        repoexec.TASK.harvest(give(write("other.jsonl", [other]), orchard))
    with pytest.raises(HarvestError, match="line 2: item 7 is that of line 1 too"):
        repoexec.TASK.harvest(give(write("twice.jsonl", [_exec_item(), _exec_item()]), orchard))
    (tmp_path / "full_context.parquet").write_bytes(b"PAR1")
    with pytest.raises(HarvestError, match=r"Hugging Face, which is not read: give pass_data\.jsonl"):
        repoexec.TASK.harvest(give(tmp_path / "full_context.parquet", orchard))


def test_a_damaged_item_is_named_by_its_line(write: Any, give: Any, orchard: Source) -> None:
    """Also where the fault lies within its metadata."""
    damaged = {"prompt": "", "metadata": {"fpath_tuple": ["one"], "ground_truth": "x"}}
    with pytest.raises(HarvestError, match="line 2: `metadata` has no `fpath_tuple`"):
        repoeval.TASK.harvest(give(write("repoeval.jsonl", [_eval_item(), damaged]), orchard))
