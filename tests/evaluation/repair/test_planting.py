"""Which bugs become cases, with tests that are only said to fail."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.errors import TestsNotFound
from eval.tasks.repair.planting import PlantedBug, plant_bugs
from eval.tasks.repository.functions import find_functions
from eval.tasks.repository.records import Function, Trial
from eval.tasks.repository.records import TestRecord as Record  # pytest takes Test* for tests

BODY = """\
    '''Adds up.'''
    total = start
    for row in rows:
        if row < limit and row != start:
            total += max(row, 1)
    return total
"""
TEXTS = {f"m{n}.py": "".join(f"def f{n}{k}(rows, start, limit):\n{BODY}\n\n" for k in "ab") for n in range(3)}


class Shelf:
    """A repository in which every line is executed by one test."""

    @property
    def functions(self) -> list[Function]:
        return find_functions(TEXTS)

    def text_of(self, path: str) -> str:
        return TEXTS[path]

    def covered_lines(self, function: Function) -> set[int]:
        return set(range(function.body_start_line, function.end_line + 1))

    def deciding_tests(self, function: Function) -> list[Record]:
        return [Record("test_f", "test_m.py", "passed", 0.1)]


class Judge:
    """Says of a changed file what it is told to: noticed unless the text holds a mark."""

    def __init__(self, unnoticed: str = "", hangs: str = "") -> None:
        self.unnoticed, self.hangs, self.n_tried = unnoticed, hangs, 0

    def try_text(self, path: str, text: str, tests: list[Record]) -> Trial:
        self.n_tried += 1
        passed = text == TEXTS[path] or bool(self.unnoticed and self.unnoticed in text)
        hung = bool(self.hangs and self.hangs in text)
        return Trial(passed, "" if passed else "test_f", "" if passed else "E  assert 1 == 2", hung, 1, 0.1)


def plant(judge: Any, folder: Path, limit: int, seed: int = 0) -> tuple[list[PlantedBug], list[str]]:
    """The bugs and notes, with six functions of three files to choose from."""
    shelf: Any = Shelf()
    return plant_bugs(shelf, judge, shelf.functions, seed, limit, folder / "kept.jsonl", lambda line: None)


def planted(bug: PlantedBug) -> str:
    """The file with the bug."""
    return bug.mutation.apply(TEXTS[bug.function.path])


def test_any_head_is_balanced(tmp_path: Path) -> None:
    """No kind comes again before all others had their turn; functions and files are used evenly."""
    bugs, _ = plant(Judge(), tmp_path, 12)
    n_kinds = len({bug.mutation.kind for bug in bugs})
    assert len({bug.mutation.kind for bug in bugs[:n_kinds]}) == n_kinds > 5
    assert max(Counter(bug.function.path for bug in bugs[:6]).values()) == 2
    assert len({bug.function.key for bug in bugs[:6]}) == 6


def test_no_function_carries_more_than_three_cases(tmp_path: Path) -> None:
    """However many are wanted."""
    bugs, _ = plant(Judge(), tmp_path, 100)
    assert set(Counter(bug.function.key for bug in bugs).values()) == {3}


def test_the_same_seed_plants_the_same_bugs(tmp_path: Path) -> None:
    """And a smaller limit the first of them; another seed other ones."""
    bugs, _ = plant(Judge(), tmp_path / "a", 8)
    assert plant(Judge(), tmp_path / "b", 4)[0] == bugs[:4]
    assert plant(Judge(), tmp_path / "c", 8, seed=1)[0] != bugs


def test_unnoticed_and_hanging_bugs_are_left_out_and_counted(tmp_path: Path) -> None:
    """What no test notices is no bug that anybody could see; a time-out does not say where it is."""
    bugs, notes = plant(Judge(unnoticed=" or ", hangs="min("), tmp_path, 12)
    assert not any(" or " in planted(bug) or "min(" in planted(bug) for bug in bugs)
    assert "noticed by no test" in notes[0]
    assert "made tests hang" in notes[0]


def test_a_function_whose_tests_fail_anyway_is_left_out(tmp_path: Path) -> None:
    """Nothing can be decided by them, and the user is told."""

    class Broken(Judge):
        def try_text(self, path: str, text: str, tests: list[Record]) -> Trial:
            return Trial(False, "test_f", "E  broken", False, 1, 0.1)

    bugs, notes = plant(Broken(), tmp_path, 5)
    assert bugs == []
    assert "6 functions were left out whose tests fail without any change" in notes


def test_tests_that_have_other_names_in_each_run_decide_nothing(tmp_path: Path) -> None:
    """They are not found again. The harvest goes on without their functions."""

    class Lost(Judge):
        def try_text(self, path: str, text: str, tests: list[Record]) -> Trial:
            if path == "m0.py":
                raise TestsNotFound("none of the 1 tests")
            return super().try_text(path, text, tests)

    bugs, notes = plant(Lost(), tmp_path, 5)
    assert len(bugs) == 5 and not any(bug.function.path == "m0.py" for bug in bugs)
    assert any("whose tests fail without any change" in note for note in notes)


def test_a_name_that_is_defined_twice_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could tell which of the two an answer is for. The user is told how many there are."""
    _, notes = plant(Judge(), tmp_path, 100)
    assert len(notes) == 1
    monkeypatch.setitem(TEXTS, "m0.py", TEXTS["m0.py"] + TEXTS["m0.py"].partition("\n\n")[0])
    bugs, notes = plant(Judge(), tmp_path, 100)
    assert {bug.function.key for bug in bugs} == {function.key for function in find_functions(TEXTS)} - {"m0.py::f0a"}
    assert notes[1] == "1 name of functions left out that their file defines more than once"


@pytest.mark.parametrize("torn", ["", '{"key": "x", "passed"', "[]\n7\n", '{"key": "y", "unknown": 1}\n'])
def test_an_interrupted_harvest_goes_on(tmp_path: Path, torn: str) -> None:
    """Kept trials are not run again, and a torn line does no harm: not to the one behind it either."""
    first = Judge()
    bugs, _ = plant(first, tmp_path, 6)
    with (tmp_path / "kept.jsonl").open("a", encoding="utf-8") as file:
        file.write(torn)
    again = Judge()
    assert plant(again, tmp_path, 6)[0] == bugs
    assert first.n_tried > 0
    assert again.n_tried == 0
    more, last = Judge(), Judge()
    bugs, _ = plant(more, tmp_path, 12)
    assert plant(last, tmp_path, 12)[0] == bugs
    assert more.n_tried > 0
    assert last.n_tried == 0
