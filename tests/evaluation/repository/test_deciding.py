"""Which functions count, with tests that are only said to run: what was tried once is not tried again."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eval.tasks.repository import deciding
from eval.tasks.repository.functions import find_functions
from eval.tasks.repository.records import Function, Trial
from eval.tasks.repository.records import TestRecord as Record  # pytest takes Test* for tests
from eval.tasks.repository.records import TestReport as Ran

TEXTS = {f"m{n}.py": f"def f{n}(rows):\n    first = rows[{n}]\n    return first\n" for n in range(8)}
UNNEEDED = "m1.py"  # its tests pass without the body


class Shelf:
    """A repository in which each function is executed by two tests."""

    conditions = "c0ffee"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = SimpleNamespace(folder=folder / "checkout")
        self.functions = find_functions(TEXTS)
        for path, text in TEXTS.items():
            self.checkout.folder.mkdir(parents=True, exist_ok=True)
            (self.checkout.folder / path).write_text(text)

    def text_of(self, path: str) -> str:
        return TEXTS[path]

    def deciding_tests(self, function: Function) -> list[Record]:
        return [Record(f"{function.path}::test_{word}", function.path, "passed", 0.1) for word in ("always", "alone")]


class Judge:
    """Writes down of which files tests are run, and dies with the process at the ``last`` of them."""

    def __init__(self, folder: Path, last: int) -> None:
        self._tried, self._last = folder / "tried.txt", last

    def run(self, tests: Sequence[Record]) -> Ran:
        with self._tried.open("a") as file:
            file.write(f"{tests[0].path}\n")
        if len(self._tried.read_text().splitlines()) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        return Ran([test for test in tests if "always" in test.id], "", "", 0.1, "")  # the other does not run alone

    def try_text(self, path: str, text: str, tests: Sequence[Record]) -> Trial:
        return Trial(path == UNNEEDED, "", "", False, len(tests), 0.1)

    def close(self) -> None:
        pass


def harvest(folder: Path, last: int = 0) -> tuple[list[str], list[str]]:
    """The tests that decide, and the files that were tried in this start."""
    shelf: Any = Shelf(folder)
    tried = folder / "tried.txt"
    tried.write_text("")
    with pytest.MonkeyPatch.context() as patch:  # in the process that dies there is no fixture
        patch.setattr(deciding, "Trials", lambda repository: Judge(folder, last))
        patch.setattr(deciding, "_N_WORKERS", 1)
        found, reasons = deciding.confirm(shelf, shelf.functions, len(TEXTS), lambda line: None)
    assert dict(reasons) == {"its tests pass without its body": 1}
    return [test.id for each in found for test in each.tests], tried.read_text().splitlines()


@pytest.mark.parametrize("torn", ["", '{"key": "x", "rea', "[]\n7\n"])
def test_a_harvest_that_was_killed_goes_on(tmp_path: Path, torn: str) -> None:
    """Without a chance to save anything: the next start tries what was not decided yet, and finds the same."""
    other = tmp_path / "other"
    other.mkdir()
    whole, _ = harvest(other)
    start = multiprocessing.get_context("spawn").Process(target=harvest, args=(tmp_path, 6))
    start.start()
    start.join()
    assert start.exitcode == -signal.SIGKILL
    [journal] = tmp_path.glob("checks-*")
    with journal.open("a") as file:
        file.write(torn)
    assert harvest(tmp_path) == (whole, list(TEXTS)[5:])
    assert harvest(tmp_path) == (whole, [])
    assert whole == [f"{path}::test_always" for path in TEXTS if path != UNNEEDED]
