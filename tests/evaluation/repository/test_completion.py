"""The completion task on a small repository: what is asked, and what answers are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import git
import pytest

from eval.cases import Case, Score
from eval.errors import HarvestError
from eval.tasks.base import Harvest, Scorer, TaskInput
from eval.tasks.completion import TASK, make_prompt
from eval.tasks.repository.functions import find_functions_in
from eval.tasks.repository.records import TestReport, Trial
from eval.tasks.repository.trial import Trials

RIGHT = """Here it is:

```python
def total(self):
    return round(sum(add_tax(price) for _, price in self.items) * (1 - self.discount), ROUNDING)
```
"""


@pytest.fixture(scope="module")
def asked(make_given: Callable[..., TaskInput]) -> tuple[Harvest, Scorer]:
    """The cases of the small repository, with an untested and an unneeded function in it, and their scorer.

    A file is changed between the two: answers are decided by what the cases were made from.
    """
    given = make_given(
        {
            "shop/logs.py": "def note(text):\n    line = text.strip()\n    line = line + '.'\n    print(line)\n",
            "tests/test_logs.py": "from shop.logs import note\n\n\ndef test_note_does_not_fail():\n    note('x')\n",
        }
    )
    harvest = TASK.harvest(given)
    assert given.source is not None
    Path(given.source.origin, "shop", "prices.py").write_text("ROUNDING = 3\n")
    return harvest, TASK.scorer(given, harvest)


def case_of(harvest: Harvest, name: str) -> Case:
    """The case that asks for the function of that name."""
    return next(case for case in harvest.cases if str(case.data["function"]).endswith(f"::{name}"))


def test_only_functions_that_their_tests_decide_are_asked_for(asked: tuple[Harvest, Scorer]) -> None:
    """Neither one that no test executes nor one whose test passes without its body; both are counted in the notes."""
    harvest, _ = asked
    names = {str(case.data["function"]).rpartition("::")[2] for case in harvest.cases}
    assert names == {"Basket.put", "Basket.total", "cheapest", "add_tax"}
    notes = "\n".join(harvest.notes)
    assert "1 its tests pass without its body" in notes and "1 executed by no test that passes" in notes


def test_a_case_says_how_many_planted_changes_its_tests_catch(asked: tuple[Harvest, Scorer]) -> None:
    """In its data and in the notes; it decides nothing, so what is kept of a case without it stays."""
    harvest, scorer = asked
    for case in harvest.cases:
        assert 0 <= case.data["n_killed"] <= case.data["n_mutants"] <= 5
        bare = replace(case, data={k: v for k, v in case.data.items() if not k.startswith("n_m") and k != "n_killed"})
        assert case.decisive() == bare.decisive() == asdict(bare)
    answer: Any = None
    extras = scorer.extras(harvest.cases[0], answer)
    assert extras == {name: harvest.cases[0].data[name] for name in ("n_mutants", "n_killed")}
    assert case_of(harvest, "add_tax").data["n_killed"] > 0
    assert any(note.startswith("The deciding tests caught ") for note in harvest.notes)


def test_a_case_shows_what_is_there_and_not_the_body(asked: tuple[Harvest, Scorer]) -> None:
    """Imports, constants, the class's head, signature and docstring; sources are what it uses beyond these."""
    harvest, _ = asked
    case = case_of(harvest, "Basket.total")
    for part in (
        "from shop.taxes import add_tax",
        "ROUNDING = 2",
        "class Basket:",
        "def total(self):",
        "less the disc",
    ):
        assert part in case.prompt
    assert "gross" not in case.prompt and "gross" not in case.query and "shop/prices.py" in case.query
    assert case.kind == "uses the repository" and case.purpose == "code"
    assert harvest.tree is not None and case.ref is not None
    tree = git.Repo(harvest.tree).commit(case.ref).tree
    shown = [
        tree[span.path].data_stream.read().decode().splitlines()[span.start_line - 1 : span.end_line]
        for span in case.sources
    ]
    assert ["ROUNDING = 2"] not in shown and any("def add_tax" in lines[0] for lines in shown)
    assert case_of(harvest, "cheapest").kind == "stands alone"


@pytest.mark.parametrize(
    ("text", "verdict", "why"),
    [
        (RIGHT, "correct", "1 test passed"),
        (RIGHT.replace("(1 - self.discount)", "1"), "wrong", "test_total_has_tax_and_discount: assert 10.0 == 5.0"),
        (RIGHT.replace("add_tax(price)", "tax_of(price)"), "wrong", "NameError: name 'tax_of' is not defined"),
        ("```python\ndef sum_up(self):\n    return 5.0\n```", "wrong", "defines `sum_up`, not `total`"),
        ("```python\ndef total(self:\n```", "wrong", "does not parse"),
        ("", "unanswered", "empty"),
        ("I cannot say how this is done.", "unanswered", "no code"),
    ],
    ids=["right", "wrong", "invented name", "another function", "no Python", "empty", "prose"],
)
def test_the_repository_s_tests_decide_and_the_reason_is_said(
    asked: tuple[Harvest, Scorer], text: str, verdict: str, why: str
) -> None:
    """One line: the first failing test with its message, or what is wrong with the answer itself."""
    harvest, scorer = asked
    score = scorer.score(case_of(harvest, "Basket.total"), text)
    assert score.verdict == verdict and why in score.explanation and "\n" not in score.explanation
    assert scorer.follow_up(case_of(harvest, "Basket.total"), text, score) is None


def test_the_same_answer_is_run_once(asked: tuple[Harvest, Scorer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms often give the same answer: the second time the score is known."""
    harvest, scorer = asked
    case = case_of(harvest, "Basket.total")
    first = scorer.score(case, RIGHT)

    def refuse(*_: object) -> Score:
        raise AssertionError("tried again")

    monkeypatch.setattr(scorer, "run", refuse)
    assert scorer.score(case, RIGHT) == first


def test_a_repository_without_a_function_to_ask_for_is_refused_with_the_counts(
    given: Callable[..., TaskInput],
) -> None:
    """Its only tested function is too short."""
    files = {
        "shop/prices.py": "def double(x):\n    return 2 * x\n",
        "shop/taxes.py": None,
        "tests/test_prices.py": "from shop.prices import double\n\n\ndef test_it():\n    assert double(2) == 4\n",
    }
    with pytest.raises(HarvestError, match="1 shorter than 3 lines"):
        TASK.harvest(given(files))


def test_a_function_whose_tests_ran_out_of_time_is_tried_again(
    given: Callable[..., TaskInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may have caused it."""
    asked_for = given()
    out_of_time = TestReport([], "timed out after 30 s", "", 30.0, "", timed_out=True)
    with monkeypatch.context() as busy, pytest.raises(HarvestError, match="did not end in time"):
        busy.setattr(Trials, "run", lambda *_: out_of_time)
        TASK.harvest(asked_for)
    assert len(TASK.harvest(asked_for).cases) == 4


def test_a_function_whose_tests_fail_by_chance_is_not_asked_for(
    given: Callable[..., TaskInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would decide for one arm against another: here each fails once without the body, and passes then."""
    tried: set[str] = set()

    def waver(trials: Trials, path: str, text: str, tests: object) -> Trial:
        passed = text in tried
        tried.add(text)
        return Trial(passed, "", "", False, 1, 0.1)

    monkeypatch.setattr(Trials, "try_text", waver)
    with pytest.raises(HarvestError, match="4 its tests fail without its body now and then only"):
        TASK.harvest(given())


def test_a_docstring_with_a_fence_does_not_end_the_block() -> None:
    """The block around it has a longer one."""
    text = 'def f(x):\n    """Do.\n\n    ```\n    f(1)\n    ```\n    """\n    y = x\n    z = y\n    return z\n'
    assert "````python\ndef f(x):" in make_prompt(text, find_functions_in("f.py", text)[0])


def test_the_head_of_the_file_does_not_show_the_function_itself() -> None:
    """One that stands in for an import that fails; others see the imports around it."""
    text = (
        "try:\n    from fast import dumps\nexcept ImportError:\n    import json\n\n"
        "    def dumps(x):\n        first = json.dumps(x)\n        second = first\n        return second\n\n\n"
        "def load(x):\n    return x\n"
    )
    functions = {function.name: function for function in find_functions_in("f.py", text)}
    assert "first = " not in make_prompt(text, functions["dumps"])
    assert "from fast import dumps" in make_prompt(text, functions["load"])


def test_no_function_is_asked_for_in_a_file_that_would_be_written_in_another_encoding(
    given: Callable[..., TaskInput], tmp_path: Path
) -> None:
    """Its strings would be others, and no answer could be right."""
    tests = "from shop.words import greet\n\n\ndef test_it():\n    assert len(greet('x')) == 8\n"
    asked_for = given({"shop/prices.py": None, "shop/taxes.py": None, "tests/test_prices.py": tests})
    text = "# coding: latin-1\ndef greet(name):\n    word = 'Grüße'\n    line = f'{word}, {name}'\n    return line\n"
    (tmp_path / "repository" / "shop" / "words.py").write_bytes(text.encode("latin-1"))
    with pytest.raises(HarvestError, match="1 in a file that is not UTF-8"):
        TASK.harvest(asked_for)
