"""The figures against values computed by hand from the definition."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.retrieval.metrics import measure


def test_one_place_at_rank_three() -> None:
    """nDCG is 1/log2(4), the reciprocal rank 1/3."""
    (figures,) = measure([[3]], [10], 10)
    assert figures == pytest.approx(
        {"ndcg@10": 1 / log2(4), "recall@1": 0, "recall@5": 1, "recall@10": 1, "mrr@10": 1 / 3}
    )


def test_three_places_of_which_two_are_found() -> None:
    """Each place has gain 1 at its rank, and the ideal has as many ones as there are places, found or not."""
    (figures,) = measure([[7, None, 2]], [10], 10)
    ideal = 1 + 1 / log2(3) + 1 / log2(4)
    assert figures["ndcg@10"] == pytest.approx((1 / log2(3) + 1 / log2(8)) / ideal)
    assert figures["recall@1"] == 0
    assert figures["recall@5"] == pytest.approx(1 / 3)
    assert figures["recall@10"] == pytest.approx(2 / 3)
    assert figures["mrr@10"] == pytest.approx(1 / 2)


def test_the_ideal_has_ten_ones_at_most() -> None:
    """With twelve places, ten at the first ten ranks are perfect."""
    (figures,) = measure([[*range(1, 13)]], [12], 10)
    assert figures["ndcg@10"] == pytest.approx(1)
    assert figures["recall@10"] == pytest.approx(10 / 12)


def test_what_comes_after_the_cut_counts_nothing() -> None:
    """Rank 11 is not among the first ten, for any figure; with k = 20 it is."""
    (cut,), (longer,) = measure([[11]], [20], 10), measure([[11]], [20], 20)
    assert set(cut.values()) == {0.0}
    assert longer["ndcg@20"] == pytest.approx(1 / log2(12))
    assert longer["mrr@20"] == pytest.approx(1 / 11)


def test_nothing_found_is_zero_and_not_left_out() -> None:
    """A question without hits, or without a right one, counts in the mean."""
    assert [figures["ndcg@10"] for figures in measure([[None], [None], [1]], [0, 10, 1], 10)] == [0, 0, 1]


def test_one_hit_for_two_places_is_no_more_than_perfect() -> None:
    """Where one chunk is the first of both, the second place takes the next rank."""
    assert measure([[1, 1]], [10], 10)[0]["ndcg@10"] == pytest.approx(1)
    assert measure([[1, 1, 2]], [10], 10)[0]["ndcg@10"] == pytest.approx(1)


@given(
    st.lists(st.lists(st.integers(1, 14), max_size=6, unique=True), min_size=1, max_size=5),
    st.integers(0, 3),
)
def test_ndcg_is_its_definition(rankings: list[list[int]], n_missing: int) -> None:
    """Whatever the ranks, the figure is the sum of discounts over the ideal's, as it is defined."""
    padded = [[*ranks, *[None] * (n_missing if ranks else n_missing + 1)] for ranks in rankings]
    figures = measure(padded, [14] * len(padded), 10)
    for ranks, found in zip(padded, figures, strict=True):
        gained = sum(1 / log2(rank + 1) for rank in ranks if rank is not None and rank <= 10)
        ideal = sum(1 / log2(rank + 1) for rank in range(1, min(10, len(ranks)) + 1))
        assert found["ndcg@10"] == pytest.approx(gained / ideal)
