"""The task reasoning on a small repository whose tests are run."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace

import pytest

from eval.tasks.base import Harvest, TaskInput
from eval.tasks.reasoning.task import ReasoningTask

EXPECTED = {
    "join_words(['red', 'tea'], sep='~')": "'Red~Tea'",  # a default that is a name has no value to compare with
    "join_words(('ox', 'cart'), sep='/')": "'Ox/Cart'",
    "capitalise('cart')": "'Cart'",
    "count_vowels('magnolia tree', twice=True)": "12",
    "count_vowels('rhythm and blues', letters='ryz')": "2",
    "Label.size_of('tag')": "5",
    "Label.size_of('tag', margin=10)": "13",
    "Label.mirrored('stressed')": "'desserts'",
}
NEVER_ASKED = {
    *("same", "draw", "number", "sort_in_place", "numbers", "ending", "sum_of_place", "twice"),
    *("Label.shout", "Label.__init__"),
}


def read(harvest: Harvest, ref: str) -> str:
    """The file as it is indexed for a case."""
    assert harvest.tree is not None
    command = ["git", "-C", str(harvest.tree), "show", f"{ref}:labels/words.py"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def test_calls_are_asked_about_as_a_person_would_write_them(harvest: Harvest) -> None:
    """Defaults are left out, parameters with a default are named, class and static methods stand behind their class."""
    asked = {case.data["call"]: case.data["value"] for case in harvest.cases}
    assert {call: value for call, value in asked.items() if not call.startswith("capitalise")} == {
        call: value for call, value in EXPECTED.items() if not call.startswith("capitalise")
    }
    assert [value for call, value in asked.items() if call.startswith("capitalise")]


def test_what_does_not_follow_from_the_arguments_is_not_asked(harvest: Harvest) -> None:
    """Nothing drawn, counted, changed in place, handed back or generated; no method that needs an object, nothing that
    names a folder of the run or depends on one, and no function that is defined twice."""
    assert not {case.data["name"] for case in harvest.cases} & NEVER_ASKED


def test_what_an_example_shows_is_not_asked(harvest: Harvest) -> None:
    """The docstring of ``count_vowels`` gives one of its values away."""
    assert "count_vowels('banana bread')" not in {case.data["call"] for case in harvest.cases}


def test_cases_with_helpers_come_in_turns_with_others(harvest: Harvest) -> None:
    """The kind tells them apart, and what is used is the source."""
    kinds = [case.kind for case in harvest.cases]
    assert kinds[:4] == ["with helpers", "alone", "with helpers", "alone"]
    for case in harvest.cases:
        assert bool(case.sources) == (case.kind == "with helpers")
    case = next(case for case in harvest.cases if case.data["name"] == "join_words")
    lines = read(harvest, case.ref).splitlines()
    assert "def capitalise(word):" in [lines[source.start_line - 1] for source in case.sources]


def test_neither_tests_nor_the_function_are_indexed_and_all_else_is(harvest: Harvest) -> None:
    """The values stand in the tests, and the function in the prompt; what it calls is found with its body."""
    assert harvest.tree is not None
    for case in harvest.cases:
        listed = subprocess.run(
            ["git", "-C", harvest.tree, "ls-tree", "-r", "--name-only", case.ref], capture_output=True, check=True
        )
        assert listed.stdout.decode().split() == ["labels/words.py"]  # an empty file is never indexed
        is_of_capitalise = case.data["name"] == "capitalise"
        assert ("word[:1].upper()" in read(harvest, case.ref)) is not is_of_capitalise


def test_the_prompt_holds_function_and_call_and_not_the_value(harvest: Harvest) -> None:
    """And no path of the machine."""
    for case in harvest.cases:
        assert f"What does `{case.data['call']}` return?" in case.prompt
        assert f"def {case.data['name'].rpartition('.')[2]}(" in case.prompt
        assert ("class Label:" in case.prompt) == case.data["name"].startswith("Label.")
        assert f"`{case.data['value']}`" not in case.prompt
        assert "labels-of-somebody" not in json.dumps(asdict(case))


@pytest.mark.parametrize(("answer", "verdict"), [("`{}`", "correct"), ("`'other'`", "wrong"), ("", "unanswered")])
def test_answers_are_judged_by_value(given: TaskInput, harvest: Harvest, answer: str, verdict: str) -> None:
    """And wrong ones are not followed up."""
    scorer = ReasoningTask().scorer(given, harvest)
    for case in harvest.cases:
        text = answer.format(case.data["value"])
        score = scorer.score(case, text)
        assert score.verdict == verdict
        assert scorer.follow_up(case, text, score) is None


def test_the_same_seed_gives_the_same_cases(given: TaskInput, harvest: Harvest) -> None:
    """From the same repository, with nothing kept."""
    anew = replace(given, folder=given.folder.with_name("reasoning-anew"))
    assert ReasoningTask().harvest(anew).cases == harvest.cases


def test_fewer_cases_are_the_first_of_more(given: TaskInput, harvest: Harvest) -> None:
    """So that a run with a smaller limit has answered a part of a larger one."""
    for limit in range(1, len(harvest.cases)):
        assert ReasoningTask().harvest(replace(given, limit=limit)).cases == harvest.cases[:limit]


def test_a_second_harvest_runs_no_test_again(
    given: TaskInput, harvest: Harvest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests run differently from time to time, and a run that goes on needs the cases that it has."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("known by now")

    monkeypatch.setattr("eval.tasks.reasoning.task.record_calls", refuse)
    monkeypatch.setattr("eval.tasks.reasoning.task.replay_calls", refuse)
    assert ReasoningTask().harvest(given).cases == harvest.cases
