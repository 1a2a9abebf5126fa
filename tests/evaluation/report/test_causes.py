"""Why retrieval helped or not: what is concluded is what the split and the oracle show, and no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eval.report.causes import list_causes
from eval.report.figures import NONE, ORACLE, RETRIEVAL
from eval.report.records import Group
from eval.report.wording import judge_gain


@pytest.fixture(name="group_of")
def group_of_fixture(make_result: Any, report_of: Any) -> Any:
    """Makes a group by how many cases are gained of how many, where the right code was found and where not."""

    def make(found: tuple[int, int], missed: tuple[int, int], oracle: int = -1) -> Group:
        results = []
        for is_found, (n_gained, n), first in ((True, found, 0), (False, missed, found[1])):
            for number in range(n):
                case_id = f"c{first + number}"
                results.append(make_result(NONE, case_id, found_sources=False))
                results.append(make_result(RETRIEVAL, case_id, correct=number < n_gained, found_sources=is_found))
                if oracle >= 0:
                    is_right = first + number < oracle
                    results.append(make_result(ORACLE, case_id, correct=is_right, found_sources=True))
        group: Group = report_of(*results).groups[0]
        return group

    return make


def test_a_gain_without_the_right_code_is_no_reason_for_a_better_search(group_of: Any) -> None:
    """Nothing gained where the right code was found: what helped was other code, and the sentence says so."""
    group = group_of(found=(0, 12), missed=(12, 28))
    assert judge_gain(group.gain(RETRIEVAL, NONE)) == "better"
    for text in (group.why, group.cause):
        assert "the gain was not larger where it found the right code" in text
        assert "(0.000 over 12 pairs, against +0.429 over 28 elsewhere): perhaps what helped was other code" in text
        assert "better search" not in text


def test_a_better_search_may_bring_more_where_the_right_code_did(group_of: Any) -> None:
    """The gain is larger where the right code was found, and that was seldom."""
    assert "a better search may bring more" in group_of(found=(11, 12), missed=(4, 28)).cause


def test_a_gain_with_the_right_code_mostly_found_is_said_with_both_parts(group_of: Any) -> None:
    """Where it was found and where it was not, one beside the other."""
    cause = group_of(found=(20, 28), missed=(1, 8)).cause
    assert "perhaps more where it found the right code (+0.714 over 28 pairs, against +0.125 over 8" in cause


def test_a_handful_on_one_side_concludes_nothing(group_of: Any) -> None:
    """Four cases without the right code do not say that it was the right code that helped."""
    assert "too few cases lacked the right code" in group_of(found=(16, 28), missed=(0, 4)).cause


def test_the_model_is_named_too_where_the_right_code_brought_no_more(group_of: Any) -> None:
    """The oracle helps, the right code was seldom found, and where it was it brought nothing: not the search alone."""
    cause = group_of(found=(0, 10), missed=(2, 30), oracle=25).cause
    assert "perhaps both the search and the model are the reason" in cause


def test_cases_that_no_arm_has_right_blame_neither_search_nor_model(group_of: Any) -> None:
    """At the floor no difference can be seen: the sentence says that, and not that retrieval brings nothing."""
    assert group_of(found=(0, 10), missed=(0, 10)).cause.startswith("No answer was right, with or without code")
    assert "No answer was right" not in group_of(found=(0, 10), missed=(0, 10), oracle=3).cause


def test_without_a_pair_there_is_no_cause(make_result: Any, report_of: Any) -> None:
    """One arm alone explains nothing."""
    assert report_of(make_result(NONE, "c1")).groups[0].cause == ""


def test_a_cause_that_several_share_is_said_once(group_of: Any) -> None:
    """With all that it is of, by task."""
    group = group_of((8, 10), (0, 5))
    more = [replace(group, repo="other"), replace(group, task="repair"), replace(group, repo="far", cause="Else.")]
    causes = list_causes([group, *more])
    assert causes == [
        (f"{group.task} on {group.repo}, other; repair on {group.repo}", group.model, group.cause),
        (f"{group.task} on far", group.model, "Else."),
    ]
