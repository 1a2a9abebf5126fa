"""Queues take turns, files do, and no answer exceeds its share of any head."""

from __future__ import annotations

from collections import Counter

import pytest

from eval.tasks.ordering import Shares, cap, spread, take_turns


def test_queues_take_turns_and_one_that_runs_out_leaves_its_turns_to_the_others() -> None:
    """In any head two queues differ by one, as long as both have some left."""
    assert "".join(take_turns(["aaa", "b", "", "cc"])) == "abcaca"
    assert list(take_turns([])) == []


def test_a_crowded_file_gives_its_second_only_after_every_file_gave_its_first() -> None:
    """Whatever the seed, which decides the rest of the order."""
    items = [("big", n) for n in range(20)] + [(f"small{n}", n) for n in range(5)]
    orders = [spread(items, str(seed), lambda item: item[0]) for seed in range(4)]
    assert all(Counter(file for file, _ in order[:6])["big"] == 1 for order in orders)
    assert all(sorted(order) == sorted(items) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert spread(items, "1", lambda item: item[0]) == orders[1]


@pytest.mark.parametrize("n_others", [1, 5, 20])
def test_no_answer_takes_more_than_a_quarter_of_a_head(n_others: int) -> None:
    """Rounded up. The rest keeps its order, and what has no place is left out."""
    items = ["same"] * 40 + [f"other{n}" for n in range(n_others)]
    taken = cap(items, lambda item: item)
    assert all(taken[:n].count("same") <= -(-n // 4) for n in range(1, len(taken) + 1))
    assert [item for item in taken if item != "same"] == items[40:]
    assert taken.count("same") == -(-len(taken) // 4)


def test_what_is_capped_is_what_shares_allow() -> None:
    """Taking at each step the first that is allowed gives the same order."""
    items = [("ab" * 9 + "abcdefgh" * 3 + "a" * 20)[n * 7 % 62] + str(n) for n in range(62)]
    waiting, greedy, shares = list(items), [], Shares()
    while (chosen := next((item for item in waiting if shares.allow(item[0])), None)) is not None:
        waiting.remove(chosen)
        shares.take(chosen[0])
        greedy.append(chosen)
    assert cap(items, lambda item: item[0]) == greedy
    assert 0 < len(waiting) < len(items)
