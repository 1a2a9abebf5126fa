"""What is wrong with a repository's tests is said in a line, and what is right is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval.errors import EnvironmentFailed, HarvestError
from eval.tasks.base import TaskInput
from eval.tasks.repository import coverage_map
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


def test_copies_of_processes_that_are_gone_are_removed(given: Callable[..., TaskInput]) -> None:
    """A killed run leaves a copy; the next one takes it away."""
    repository = open_tested_repository(given())
    left = repository.folder / "work" / "trials-0-999999999"
    left.mkdir(parents=True)
    open_tested_repository(given())
    assert not left.exists()
