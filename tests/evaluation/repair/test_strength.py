"""How well tests decide, with tests that are only said to fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eval.errors import TestsNotFound
from eval.tasks.repair.mutation import find_mutations
from eval.tasks.repair.strength import MAX_MUTANTS, Strength, describe_strength, measure_strength
from eval.tasks.repository.deciding import Decided
from eval.tasks.repository.functions import find_functions
from eval.tasks.repository.records import TestRecord as Record  # pytest takes Test* for tests
from eval.tasks.repository.records import Trial

BODY = """\
    total = start
    for row in rows:
        if row < limit and row != start:
            total += max(row, 1)
    return total
"""
TEXTS = {"a.py": f"def f(rows, start, limit):\n{BODY}", "b.py": "def g(rows):\n    rows.sort()\n"}
KEY = "a.py::f"
TESTS = [Record("test_f", "test_m.py", "passed", 0.1)]


class Judge:
    """What stands in the place of the copies in which tests run: ``verdict`` says of a changed file what they say."""

    def __init__(self, verdict: Callable[[str], Trial]) -> None:
        self.verdict, self.tried = verdict, list[str]()

    def try_text(self, path: str, text: str, tests: list[Record]) -> Trial:
        self.tried.append(text)
        return self.verdict(text)

    def close(self) -> None:
        pass


def failed(text: str) -> Trial:
    """Every change is noticed."""
    return Trial(False, "test_f", "E  assert 1 == 2", False, 1, 0.1)


def passed(text: str) -> Trial:
    """None is."""
    return Trial(True, "", "", False, 1, 0.1)


def measure(folder: Path, judge: Judge, seed: int = 0, said: list[str] | None = None) -> dict[str, Strength]:
    """The strength of the tests of both functions."""
    shelf: Any = SimpleNamespace(folder=folder, conditions="e", text_of=lambda path: TEXTS[path])
    opened: Any = lambda repository: judge  # noqa: E731
    decided = [Decided(function, TESTS) for function in find_functions(TEXTS)]
    return measure_strength(shelf, decided, seed, (said if said is not None else []).append, opened)


def test_a_few_changes_of_several_kinds_are_tried(tmp_path: Path) -> None:
    """No more than five of a function, each another program, and the user sees how far it is."""
    judge, said = Judge(failed), list[str]()
    assert measure(tmp_path, judge, said=said)[KEY] == Strength(MAX_MUTANTS, MAX_MUTANTS)
    function = find_functions(TEXTS)[0]
    chosen = [
        m for m in find_mutations(TEXTS["a.py"], function.def_line, f"0/{KEY}") if m.apply(TEXTS["a.py"]) in judge.tried
    ]
    assert len({mutation.kind for mutation in chosen}) == len(chosen) == MAX_MUTANTS
    assert f"planted {len(judge.tried)} of {len(judge.tried)} changes" in said[-1]


@pytest.mark.parametrize(
    ("verdict", "n_killed"),
    [
        (failed, MAX_MUTANTS),
        (passed, 0),
        (lambda text: Trial(False, "test_f", "timed out after 5 s", True, 1, 5.0), MAX_MUTANTS),
    ],
)
def test_what_does_not_pass_is_noticed(tmp_path: Path, verdict: Callable[[str], Trial], n_killed: int) -> None:
    """Also a change that makes tests hang."""
    assert measure(tmp_path, Judge(verdict))[KEY] == Strength(MAX_MUTANTS, n_killed)


def test_the_same_seed_plants_the_same_and_nothing_twice(tmp_path: Path) -> None:
    """Verdicts are kept beside the repository; another seed has other changes."""
    first, again, other = Judge(passed), Judge(failed), Judge(failed)
    strengths = measure(tmp_path, first)
    assert measure(tmp_path, again) == strengths
    assert again.tried == []
    measure(tmp_path, other, seed=1)
    assert other.tried and not set(other.tried) & set(first.tried)


def test_a_time_out_is_tried_again(tmp_path: Path) -> None:
    """It counts as noticed now; a busy machine's is put right by the next harvest."""
    late = Judge(lambda text: Trial(False, "test_f", "timed out after 5 s", True, 1, 5.0))
    assert measure(tmp_path, late)[KEY].n_killed == MAX_MUTANTS
    assert measure(tmp_path, Judge(passed))[KEY].n_killed == 0


def test_a_torn_line_costs_one_trial(tmp_path: Path) -> None:
    """An interrupted harvest goes on, and what it adds is found by the next one."""
    first, again = Judge(failed), Judge(failed)
    strengths = measure(tmp_path, first)
    [kept] = tmp_path.glob("mutants-*.jsonl")
    kept.write_text(kept.read_text()[:-9])
    assert measure(tmp_path, again) == strengths
    assert len(again.tried) == 1
    assert measure(tmp_path, again) == strengths
    assert len(again.tried) == 1


def test_tests_that_have_other_names_in_each_run_say_nothing(tmp_path: Path) -> None:
    """They are not found again: the harvest goes on, and nothing is kept of them."""

    def lost(text: str) -> Trial:
        raise TestsNotFound("none of the 1 tests")

    assert measure(tmp_path, Judge(lost))[KEY] == Strength(0, 0)
    assert measure(tmp_path, Judge(failed))[KEY] == Strength(MAX_MUTANTS, MAX_MUTANTS)


def test_the_note_says_how_much_is_caught(tmp_path: Path) -> None:
    """Over all cases, and in how many fewer than half were; a function without changes counts for neither."""
    said = describe_strength({"a": Strength(5, 4), "b": Strength(5, 2), "c": Strength(2, 1), "d": Strength(0, 0)})
    assert said == ("The deciding tests caught 7 of 12 planted changes; in 1 of 3 cases they caught fewer than half.")
    assert describe_strength({"d": Strength(0, 0)}) == ""
