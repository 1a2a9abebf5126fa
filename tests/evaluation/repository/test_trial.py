"""A changed file is tried by the tests, and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from eval.errors import TestsNotFound
from eval.tasks.base import TaskInput
from eval.tasks.repository import trial
from eval.tasks.repository.records import Function, Trial
from eval.tasks.repository.tested import TestedRepository, open_tested_repository
from eval.tasks.repository.trial import Trials

PRICES = "shop/prices.py"
LINE = "return round(reduced, ROUNDING)"
CODES = "shop/codes.py"
CODE = "def to_code(number):\n    digits = str(number)\n    filled = digits.zfill(4)\n    return filled\n"
CODE_TESTS = """\
import pytest
from shop.codes import to_code


@pytest.mark.parametrize("code", [to_code(7)])
def test_code(code):
    assert to_code(7) == code
"""


@pytest.fixture(scope="module")
def repository(make_given: Callable[..., TaskInput]) -> TestedRepository:
    """The small repository with tests that are named by what a function gives, run once."""
    return open_tested_repository(make_given({CODES: CODE, "tests/test_codes.py": CODE_TESTS}))


@pytest.fixture(scope="module")
def trials(repository: TestedRepository) -> Iterator[Trials]:
    """A copy to try in."""
    with Trials(repository) as opened:
        yield opened


def find(repository: TestedRepository, name: str) -> Function:
    """The function of that name."""
    return next(f for f in repository.functions if f.name == name)


def test_a_function_is_decided_by_the_tests_that_execute_it(repository: TestedRepository) -> None:
    """And one that no test executes by none."""
    deciding = {f.name: [test.id for test in repository.deciding_tests(f)] for f in repository.candidates}
    assert deciding["Basket.total"] == ["tests/test_prices.py::test_total_has_tax_and_discount"]
    assert len(deciding["cheapest"]) == 2 and deciding["unused"] == []
    assert repository.covered_lines(find(repository, "add_tax")) == {8, 9, 10}


def test_the_original_passes_and_a_wrong_one_fails_with_the_test_s_own_message(
    repository: TestedRepository, trials: Trials
) -> None:
    """The message names the values that differ."""
    tests = repository.deciding_tests(find(repository, "Basket.total"))
    text = repository.text_of(PRICES)
    assert trials.try_text(PRICES, text, tests).passed
    wrong = trials.try_text(PRICES, text.replace(LINE, "return reduced + 1"), tests)
    assert not wrong.passed and wrong.failed_test == tests[0].id
    assert "assert 6.0 == 5.0" in wrong.message and "6.0 == 5.0" in wrong.reason


CHAINED = """\
shop/prices.py:20: in total
    return self.known[name]
E   KeyError: 'apple'

The above exception was the direct cause of the following exception:
tests/test_prices.py:9: in test_total
    assert total() == 5
shop/prices.py:22: in total
    raise ValueError(
E   ValueError: no price of apple
E   
E   known: pears"""
LONG = """\
tests/test_a.py:3: in test_a
    assert a == b
E   assert [1, 2] == [1, 3]
E     - 1
[...]
  - 99
E     + 98"""


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (CHAINED, "ValueError: no price of apple"),
        (LONG, "assert [1, 2] == [1, 3]"),
        ("E   assert 1 == 2\nE    +  where 1 = f()\n", "assert 1 == 2"),
        ("E   assert <Till object at 0x7fa32a493750>", "assert <Till object at 0x...>"),
        ("timed out after 5 s", "timed out after 5 s"),
        ("", "no message"),
    ],
)
def test_the_reason_is_what_ended_the_test(message: str, error: str) -> None:
    """Not the exception that was being handled when it was raised; of several lines the first."""
    failed = Trial(False, "tests/test_a.py::test_a", message, False, 1, 0.1)
    assert (failed.error, failed.reason) == (error, f"tests/test_a.py::test_a: {error}")


def test_a_change_that_keeps_size_and_second_is_seen(repository: TestedRepository, trials: Trials) -> None:
    """What Python compiled of the original is not run in its place."""
    tests = repository.deciding_tests(find(repository, "add_tax"))
    text = repository.text_of("shop/taxes.py")
    assert trials.run(tests).passed
    assert trials.try_text("shop/taxes.py", text, tests).passed
    assert not trials.try_text("shop/taxes.py", text.replace("price + tax", "price - tax"), tests).passed


@pytest.mark.parametrize(
    "line",
    [
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        "import pytest; pytest.skip()",
        "import pytest; pytest.exit('enough', 0)",
        "raise KeyboardInterrupt",
        "import nothing_of_that_name",
        "def",
    ],
)
def test_ending_the_process_or_skipping_the_test_is_not_passing_it(
    repository: TestedRepository, trials: Trials, line: str
) -> None:
    """Only a test that ran to its end and passed counts; what is said instead is the reason."""
    tests = repository.deciding_tests(find(repository, "Basket.total"))
    tried = trials.try_text(PRICES, repository.text_of(PRICES).replace(LINE, line), tests)
    assert not tried.passed and tried.reason


def test_tests_that_the_function_itself_names_are_failed_where_it_names_others(
    repository: TestedRepository, trials: Trials
) -> None:
    """None of them is there then, which is the change's doing; what is not there anyway decides nothing."""
    tests = repository.deciding_tests(find(repository, "to_code"))
    assert [test.id for test in tests] == ["tests/test_codes.py::test_code[0007]"]
    assert trials.try_text(CODES, CODE, tests).passed
    tried = trials.try_text(CODES, CODE.replace("4", "5"), tests)
    assert not tried.passed and tried.reason == "a test that passed before did not run to its end"
    with pytest.raises(TestsNotFound):
        trials.try_text(CODES, CODE, [replace(tests[0], id="tests/test_codes.py::test_of_another_run")])


def test_an_endless_loop_is_ended_and_called_so(
    repository: TestedRepository, trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a time-out of the test that ran, said with its limit: what was measured differs from run to run."""
    monkeypatch.setattr(trial, "_MIN_TEST_SECONDS", 0.5)
    tests = repository.deciding_tests(find(repository, "Basket.total"))
    text = repository.text_of(PRICES).replace(LINE, "while True: pass")
    tried = trials.try_text(PRICES, text, tests)
    assert tried.timed_out and not tried.passed and tried.failed_test == tests[0].id and "timed out" in tried.reason
    assert tried.message == f"timed out after {max(0.5, 5 * tests[0].seconds):.0f} s"


def test_what_an_answer_writes_or_removes_does_not_reach_the_next_trial(
    repository: TestedRepository, trials: Trials
) -> None:
    """It overwrites another file, adds one, removes the tests; then the original passes again."""
    tests = repository.deciding_tests(find(repository, "Basket.total"))
    text = repository.text_of(PRICES)
    harm = "import pathlib, shutil; pathlib.Path('shop/taxes.py').write_text('RATE = 9'); "
    harm += "pathlib.Path('conftest.py').write_text('1/0'); shutil.rmtree('tests'); return 5.0"
    assert trials.try_text(PRICES, text.replace(LINE, harm), tests).passed
    assert trials.try_text(PRICES, text, tests).passed
