"""The task repair on a small repository whose tests are run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict

import pytest

from eval.cases import Case, Score
from eval.errors import SandboxError
from eval.tasks.base import Harvest, TaskInput
from eval.tasks.repair.mutation import find_mutations
from eval.tasks.repair.planting import PlantedBug
from eval.tasks.repair.task import RepairScorer, RepairTask, make_case
from eval.tasks.repository.records import Trial
from eval.tasks.repository.tested import open_tested_repository
from eval.tasks.repository.trial import Trials

# What stands in each body alone, and what in its place lets the test say 7777.
OF_BODY = {
    "with_tax": "return cents + cents * tax // 100",
    "__init__": "self.names = []",
    "add": "self.names.append(name.strip())",
    "total": "return owed",
}
WITH_A_BUG = {
    "return cents + cents * tax // 100": "return 7777",
    "self.names = []": "self.names = ['7777']",
    "self.names.append(name.strip())": "self.names.append('7777')",
    "return owed": "return 7777",
}


def git(harvest: Harvest, *arguments: str) -> str:
    """What git says of the trees that are indexed."""
    command = ["git", "-C", str(harvest.tree), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def shown_in(case: Case) -> str:
    """The function with its bug, as the prompt shows it."""
    return case.prompt.partition("```python\n")[2].partition("\n```")[0]


@pytest.fixture(scope="module")
def scorer(harvest: Harvest) -> RepairScorer:
    """What judges."""
    return RepairScorer(harvest)


def test_as_many_cases_as_were_asked_for_of_different_kinds(harvest: Harvest) -> None:
    """No kind comes twice before the others."""
    assert len({case.kind for case in harvest.cases}) == len(harvest.cases) == 3


def test_the_prompt_shows_the_bug_and_the_failing_test(harvest: Harvest, given: TaskInput) -> None:
    """The function with its class, pytest's account, and no path of the machine."""
    for case in harvest.cases:
        assert f"def {case.data['name']}(" in case.prompt
        assert ("class Basket:" in case.prompt) == ("Basket." in case.data["function"])
        assert f"The test `{case.data['failed_test']}` fails" in case.prompt
        assert "\nE  " in case.prompt
        assert "shop-of-somebody" not in json.dumps(asdict(case))


def test_neither_body_nor_tests_are_indexed(harvest: Harvest) -> None:
    """A case's tree has the bodies of other functions, nothing of its own, and no test."""
    for case in harvest.cases:
        name = case.data["name"]
        text = git(harvest, "show", f"{case.ref}:shop/prices.py")
        assert f"def {name}(" not in text and "def " in text
        assert {other for other, part in OF_BODY.items() if part in text} == OF_BODY.keys() - {name}
        assert git(harvest, "ls-tree", "-r", "--name-only", case.ref).split() == ["shop/prices.py"]


def test_the_definitions_that_a_function_uses_are_its_sources(harvest: Harvest) -> None:
    """``add`` calls ``with_tax`` and reads ``LIMIT``; both are found in the tree."""
    case = next(case for case in harvest.cases if case.data["name"] == "add")
    lines = git(harvest, "show", f"{case.ref}:shop/prices.py").splitlines()
    shown = [lines[source.start_line - 1] for source in case.sources]
    assert "def with_tax(cents, tax=TAX):" in shown
    assert "LIMIT = 3" in shown


def test_the_original_is_correct(harvest: Harvest, scorer: RepairScorer, answer_with: Callable[[str], str]) -> None:
    """The tests pass with it, and there is nothing to follow up in what they say."""
    case = harvest.cases[0]
    score = scorer.score(case, answer_with(case.data["name"]))
    assert score.verdict == "correct"
    assert score.measures == {"unchanged": 0.0, "n_tests": len(case.data["tests"])}


def test_the_unchanged_bug_is_wrong_without_a_run(harvest: Harvest, scorer: RepairScorer) -> None:
    """It is told from another wrong answer, also where its layout differs."""
    case = harvest.cases[0]
    score = scorer.score(case, f"```python\n{shown_in(case)}\n\n# that is it\n```")
    assert score.verdict == "wrong"
    assert score.measures == {"unchanged": 1.0}
    assert "same function as before" in (scorer.follow_up(case, "", score) or "")


def test_the_unchanged_bug_is_wrong_where_names_are_defined_twice(twice_given: TaskInput) -> None:
    """A getter has its setter's name, and ``if`` and ``else`` define one name: an answer would go to the wrong one."""
    harvest = RepairTask().harvest(twice_given)
    scorer = RepairTask().scorer(twice_given, harvest)
    scores = [scorer.score(case, f"```python\n{shown_in(case)}\n```") for case in harvest.cases]
    assert {(score.verdict, score.measures["unchanged"]) for score in scores} == {("wrong", 1.0)}
    assert {case.data["function"] for case in harvest.cases} == {"till.py::twice"}
    assert "2 names of functions left out that their file defines more than once" in harvest.notes


def test_another_bug_is_followed_up_with_the_new_message(
    harvest: Harvest, given: TaskInput, answer_with: Callable[[str], str]
) -> None:
    """The second account is of the answer, not of the planted bug; a new scorer runs the tests again for it."""
    case = harvest.cases[0]
    part = OF_BODY[case.data["name"]]
    answer = answer_with(case.data["name"]).replace(part, WITH_A_BUG[part])
    scorer = RepairTask().scorer(given, harvest)
    score = scorer.score(case, answer)
    assert score.verdict == "wrong"
    assert "test_basket" in score.explanation
    resumed = RepairTask().scorer(given, harvest)
    more = resumed.follow_up(case, answer, score) or ""
    assert "7777" in more
    assert "shop-of-somebody" not in more


def test_what_the_sandbox_could_not_run_is_tried_again_and_not_followed_up(
    harvest: Harvest, given: TaskInput, answer_with: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing of the answer, so the model is told nothing, and another arm's same answer is run."""
    case = harvest.cases[0]
    part = OF_BODY[case.data["name"]]
    answer = answer_with(case.data["name"]).replace(part, WITH_A_BUG[part])
    scorer = RepairTask().scorer(given, harvest)

    def fail(*_: object) -> Trial:
        raise SandboxError("no memory left")

    with monkeypatch.context() as failing:
        failing.setattr(Trials, "try_text", fail)
        assert scorer.score(case, answer).verdict == "error"
        with pytest.raises(SandboxError, match="no memory left"):
            scorer.follow_up(case, answer, Score("wrong", "as kept", "", {"unchanged": 0.0}))
    assert scorer.score(case, answer).verdict == "wrong"


@pytest.mark.parametrize(
    ("answer", "verdict", "more"),
    [
        ("", "unanswered", "holds no code"),
        ("The comparison is wrong.", "unanswered", "holds no code"),
        ("```python\ndef other():\n    return 1\n```", "wrong", "cannot be used: the answer defines `other`"),
        ("```python\ndef {name}(:\n```", "wrong", "cannot be used: "),
    ],
)
def test_what_cannot_be_run_is_no_crash(
    harvest: Harvest, scorer: RepairScorer, answer: str, verdict: str, more: str
) -> None:
    """Prose, another function, broken code: a verdict with its reason, and a second chance."""
    case = harvest.cases[0]
    text = answer.replace("{name}", case.data["name"])
    score = scorer.score(case, text)
    assert score.verdict == verdict
    assert more in (scorer.follow_up(case, text, score) or "")


def test_a_second_harvest_is_the_same_and_tries_nothing_anew(given: TaskInput, harvest: Harvest) -> None:
    """Outcomes of trials are kept beside the task."""
    (kept,) = given.folder.glob("trials-*.jsonl")
    n_lines = len(kept.read_text(encoding="utf-8").splitlines())
    again = RepairTask().harvest(given)
    assert again.cases == harvest.cases
    assert len(kept.read_text(encoding="utf-8").splitlines()) == n_lines


def test_two_bugs_of_one_kind_in_one_line_are_two_cases(given: TaskInput) -> None:
    """``cents + cents * tax``: the wrong variable in the first place, and in the second."""
    repository = open_tested_repository(given)
    function = next(f for f in repository.functions if f.name == "with_tax")
    found = find_mutations(repository.text_of(function.path), function.def_line, "seed")
    alike = [m for m in found if (m.kind, m.before, m.after) == ("wrong variable", "cents", "tax")]
    of_one_line = [m for m in alike if m.line == function.end_line]
    assert len(of_one_line) == 2
    trial = Trial(False, "tests/test_prices.py::test_tax", "E  assert 1 == 2", False, 1, 0.1)
    cases = [make_case(repository, PlantedBug(function, mutation, trial), "", []) for mutation in of_one_line]
    assert cases[0].id != cases[1].id
