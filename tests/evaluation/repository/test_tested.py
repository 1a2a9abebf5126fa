"""What is wrong with a repository's tests is said in a line, and what is right is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import filelock
import pytest

from eval.cases import Case
from eval.errors import EnvironmentFailed, HarvestError
from eval.tasks.base import TaskInput
from eval.tasks.repository import coverage_map, tested
from eval.tasks.repository.coverage_map import map_coverage, map_file
from eval.tasks.repository.records import TestRecord, TestReport
from eval.tasks.repository.running import Collection
from eval.tasks.repository.tested import open_tested_repository

TROUBLE = """import os
import socket
import time


def test_hangs():
    while True:
        time.sleep(1)


def test_ends_the_process():
    os._exit(0)


def test_is_interrupted():
    raise KeyboardInterrupt


def test_fails():
    assert 1 == 2


def test_needs_the_network():
    socket.create_connection(("example.org", 80), timeout=5)


def test_needs_a_package_later():
    import another_missing_package
"""


def test_tests_that_hang_fail_or_lack_something_are_left_out_and_named(
    given: Callable[..., TaskInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those after a hanging one run all the same, and a file that cannot be imported costs only itself."""
    monkeypatch.setattr(coverage_map, "_TEST_SECONDS", 3.0)
    monkeypatch.setattr(coverage_map, "_IMPORT_SECONDS", 3.0)
    files: dict[str, str | None] = {
        "tests/test_a_trouble.py": TROUBLE,
        "tests/test_b.py": "import missing_package\n",
        "tests/test_c.py": "while True:\n    pass\n",
    }
    repository = open_tested_repository(given(files))
    outcomes = {test.id.rpartition("::")[2]: test.outcome for test in repository.coverage.tests.values()}
    assert outcomes["test_total_has_tax_and_discount"] == "passed" and outcomes["test_fails"] == "failed"
    assert repository.deciding_tests(next(f for f in repository.functions if f.name == "Basket.total"))
    notes = "\n".join(repository.notes)
    assert "test_b.py is left out: it needs the package missing_package" in notes
    assert "test_c.py is left out: importing it takes too long" in notes
    assert "1 test left out: the sandbox has no network" in notes and "not installed: another_missing_package" in notes
    assert "2 tests left out that failed before any change" in notes and "test_fails" in notes
    assert (
        "3 tests left out that hung or ended the process" in notes
        and "test_hangs" in notes
        and "test_ends_the_process" in notes
        and "test_is_interrupted" in notes
    )


@pytest.mark.parametrize(
    ("files", "error", "why"),
    [
        ({"tests/test_prices.py": None}, HarvestError, "no tests that pytest finds"),
        (
            {"tests/test_prices.py": "def f(n):\n    return n\n\n\ndef test_x():\n    assert f(1) == 2\n"},
            HarvestError,
            r"of 1 test that ran: give .*--python, or another --repo\. The first: .*::test_x: assert 1 == 2$",
        ),
        ({"tests/test_prices.py": "import missing_package\n"}, EnvironmentFailed, "need missing_package"),
        ({"conftest.py": "import missing_package\n"}, EnvironmentFailed, "need missing_package"),
        ({"tests/test_prices.py": "def test_x(:\n"}, EnvironmentFailed, "tests/test_prices.py: SyntaxError"),
    ],
    ids=["no tests", "all fail", "a package is missing", "in conftest", "no Python"],
)
def test_a_repository_whose_tests_decide_nothing_is_refused_with_the_reason(
    given: Callable[..., TaskInput], files: dict[str, str | None], error: type[Exception], why: str
) -> None:
    """One line, which names the package where one is missing."""
    with pytest.raises(error, match=why) as raised:
        open_tested_repository(given(files))
    assert "\n" not in str(raised.value)


def test_a_repository_without_tests_is_refused_before_anything_is_installed(
    given: Callable[..., TaskInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may take long, and runs its set-up code. Where settings say which files hold tests, these are looked for."""
    monkeypatch.setattr(tested, "open_environment", Mock(side_effect=EnvironmentFailed("it was made")))
    nothing: dict[str, str | None] = {"tests/test_prices.py": None}
    with pytest.raises(HarvestError, match="no tests that pytest finds"):
        open_tested_repository(given(nothing))
    with pytest.raises(EnvironmentFailed, match="it was made"):
        open_tested_repository(given({**nothing, "setup.cfg": "[tool:pytest]\npython_files = *_checks.py\n"}))


def test_a_repository_without_python_is_refused(given: Callable[..., TaskInput]) -> None:
    """Only a page of text."""
    nothing: dict[str, str | None] = dict.fromkeys(
        ("shop/__init__.py", "shop/prices.py", "shop/taxes.py", "tests/test_prices.py")
    )
    with pytest.raises(HarvestError, match="no Python files"):
        open_tested_repository(given({**nothing, "README.md": "# A page\n"}))


@pytest.mark.parametrize(
    ("python", "why"), [("/nowhere/python", "is no program"), ("/bin/false", "is no Python that works")]
)
def test_an_interpreter_that_does_not_work_is_refused(given: Callable[..., TaskInput], python: str, why: str) -> None:
    """A path that is not there, a program that is no Python."""
    with pytest.raises(EnvironmentFailed, match=why):
        open_tested_repository(replace(given(), python=Path(python)))


def test_the_tests_are_run_once_for_the_same_content(
    given: Callable[..., TaskInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second opening reads what the first kept; after a change they are run again."""
    progress: list[str] = []
    first = open_tested_repository(replace(given(), on_progress=progress.append))
    n_lines = len(progress)
    second = open_tested_repository(replace(given(), on_progress=progress.append))
    assert n_lines and len(progress) == n_lines
    assert second.coverage == first.coverage
    changed = open_tested_repository(replace(given({"shop/new.py": "X = 1\n"}), on_progress=progress.append))
    assert len(progress) > n_lines and changed.checkout.content != first.checkout.content


def test_what_tests_said_in_another_sandbox_is_not_taken_over(given: Callable[..., TaskInput]) -> None:
    """One that has the network lets other tests pass. What was kept by bubblewrap's runs stays where it is."""
    progress: list[str] = []
    asked_for = replace(given(), on_progress=progress.append)
    first = open_tested_repository(asked_for)
    n_lines = len(progress)
    assert asked_for.sandbox is not None
    elsewhere: Any = SimpleNamespace(name="container debian:12", run=asked_for.sandbox.run)
    second = open_tested_repository(replace(asked_for, sandbox=elsewhere))
    assert len(progress) > n_lines and first.conditions == first.environment.fingerprint
    elsewhere.name = "container debian:13"
    third = open_tested_repository(replace(asked_for, sandbox=elsewhere))
    assert len({each.conditions for each in (first, second, third)}) == 3
    assert open_tested_repository(asked_for).conditions == first.conditions


SETTINGS = """[pytest]
filterwarnings = error
strict_markers = true
cache_dir = .cache
reruns = 2
addopts = -n 4 -p no:cacheprovider -pno:cacheprovider
    --ignore=tests/test_ends.py --ignore-glob=**/test_old_*.py --deselect tests/test_plain.py::test_slow
markers = own
"""
PLAIN = """import pytest

pytestmark = [pytest.mark.flaky(reruns=2), pytest.mark.random_order(disabled=True)]


def test_cache(cache):
    cache.set("shop/key", 1)
    assert cache.get("shop/key", 0) == 1


def test_slow():
    raise AssertionError("deselected")
"""


def test_what_a_project_s_settings_leave_out_is_left_out_and_what_they_name_is_known(
    given: Callable[..., TaskInput],
) -> None:
    """Files and tests that its options exclude; the cache's folder, markers and settings of plugins that are off."""
    ends = "raise SystemExit\n"
    files = {"pytest.ini": SETTINGS, "tests/test_plain.py": PLAIN, "tests/test_ends.py": ends}
    repository = open_tested_repository(given({**files, "tests/old/test_old_a.py": ends}))
    outcomes = {test.id.partition("/")[2]: test.outcome for test in repository.coverage.tests.values()}
    assert outcomes.pop("test_plain.py::test_cache") == "passed"
    assert set(outcomes.values()) == {"passed"} and all(name.startswith("test_prices.py::") for name in outcomes)


def test_a_case_is_decided_where_its_function_is_there_and_all_its_tests_pass(given: Callable[..., TaskInput]) -> None:
    """One that fails today decides nothing, nor does one that is gone."""
    repository = open_tested_repository(given({"tests/test_a.py": "def test_fails():\n    assert 1 == 2\n"}))
    passes, fails = "tests/test_prices.py::test_negative_prices_are_refused", "tests/test_a.py::test_fails"
    assert repository.coverage.tests[fails].outcome == "failed"

    def is_decided(function: str, *tests: str) -> bool:
        data = {"function": f"shop/prices.py::{function}", "tests": list(tests)}
        return repository.decides(Case("c", "completion", "", "shop/prices.py", "", "", data=data))

    assert is_decided("Basket.put", passes)
    assert not is_decided("Basket.put", passes, fails)
    assert not is_decided("Basket.put", "tests/test_prices.py::test_gone")
    assert not is_decided("Basket.take", passes)


def test_code_below_a_folder_called_test_is_measured(
    given: Callable[..., TaskInput], files: dict[str, str], tmp_path: Path
) -> None:
    """What is kept may lie in the home of a user of that name. So are packages in src without ``__init__.py``."""
    moved = {f"src/{path}": files[path] for path in ("shop/prices.py", "shop/taxes.py")}
    gone = dict.fromkeys(path for path in files if path.startswith("shop/"))
    asked_for = replace(given({**gone, **moved}), folder=tmp_path / "test" / "completion")
    assert "src/shop/taxes.py::add_tax" in open_tested_repository(asked_for).coverage.covering


def _hang(starts: list[object]) -> Callable[..., tuple[TestReport, Collection]]:
    """Each start ends with the next of 20 tests, and none is over before."""
    names = [f"test_a.py::test_{number}" for number in range(20)]

    def run(sandbox: object, environment: object, copy: object, wishes: Any) -> tuple[TestReport, Collection]:
        starts.append(wishes)
        left = [name for name in names if name not in {*wishes.skip, "test_a.py::test_0"}]
        tests = [TestRecord("test_a.py::test_0", "test_a.py", "passed", 0.1)]
        return TestReport(tests, "timed out", left[0], 1.0, "", timed_out=True), Collection(left, [])

    return run


def test_a_map_that_was_cut_short_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """How many tests never ran, since those before them ended one start after the other."""
    starts: list[object] = []
    monkeypatch.setattr(coverage_map, "run_tests", _hang(starts))
    copy: Any = SimpleNamespace(out=tmp_path, restore=lambda: None)
    nothing: Any = None
    found = map_coverage(nothing, nothing, copy, [], tmp_path / "coverage.json", lambda line: None)
    assert len(starts) == 12
    assert "The tests were stopped after 12 starts, each ended by a test" in found.notes[-1]
    assert "7 tests never ran and decide nothing" in found.notes[-1]


@pytest.mark.parametrize(
    ("notes", "files", "is_kept"),
    [
        (["Before any change 9 of 9 tests of the repository passed."], {"src/shop/__init__.py": ""}, True),
        (["12 tests left out that hung or ended the process: a, b, c and 9 more."], {}, False),
        (["tests/test_a.py is left out: _pytest.warning_types.PytestUnknownMarkWarning: no_cover"], {}, False),
        ([], {"pytest.ini": "[pytest]\naddopts = -q --ignore=docs\n"}, False),
        ([], {"pytest.ini": "[pytest]\naddopts = -q -n 4\n"}, True),
        ([], {"src/shop/prices.py": ""}, False),
    ],
)
def test_a_former_map_stays_where_it_would_be_no_other(
    tmp_path: Path, notes: list[str], files: dict[str, str], is_kept: bool
) -> None:
    """Runs stand on it: its times decide which tests are chosen."""
    for path, text in files.items():
        (tmp_path / "checkout" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "checkout" / path).write_text(text)
    former = tmp_path / "coverage-0-1.json"
    former.write_text(json.dumps({"tests": [], "covering": {}, "lines": {}, "notes": notes}))
    assert (map_file(tmp_path, "0", tmp_path / "checkout") == former) == is_kept


def test_another_start_that_is_waited_for_is_said(given: Callable[..., TaskInput]) -> None:
    """It may take half an hour."""
    said: list[str] = []
    asked_for = given()
    lock = filelock.FileLock(asked_for.folder.parent / "tested" / "lock")
    Path(lock.lock_file).parent.mkdir(parents=True)
    lock.acquire()

    def say(line: str) -> None:
        said.append(line)
        lock.release()

    open_tested_repository(replace(asked_for, on_progress=say))
    assert "another start" in said[0] and "waiting" in said[0]


def test_copies_of_processes_that_are_gone_are_removed(given: Callable[..., TaskInput]) -> None:
    """A killed run leaves a copy; the next one takes it away."""
    repository = open_tested_repository(given())
    left = repository.folder / "work" / "trials-0-999999999"
    left.mkdir(parents=True)
    open_tested_repository(given())
    assert not left.exists()
