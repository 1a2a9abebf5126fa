"""The grammar of arms."""

from __future__ import annotations

import pytest

from assistant.search import FOR_CONTEXT
from eval.arms import BASES, parse_arms
from indexer.errors import InputError


def test_every_arm_has_a_name_and_a_way() -> None:
    """All bases can be named; variants of retrieval say how they search, only the one without code needs no index."""
    arms = {arm.name: arm for arm in parse_arms(",".join(BASES))}
    assert [name for name, arm in arms.items() if not arm.needs_index] == ["none"]
    assert arms["retrieval"].search == FOR_CONTEXT
    assert {arms[name].search.method for name in ("dense", "lexical", "fused")} == {"dense", "lexical", "fused"}


def test_options_are_written_one_way() -> None:
    """Order is kept, repeats are dropped, and options in another order are the same arm."""
    arms = parse_arms("retrieval, none,retrieval:budget=400:k=5,retrieval:k=5:budget=400,retrieval")
    assert [arm.name for arm in arms] == ["retrieval", "none", "retrieval:k=5:budget=400"]
    assert (arms[2].k, arms[2].budget) == (5, 400)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("none,magic", "no arm 'magic'.*none, placebo, retrieval, oracle"),
        ("", "No arm is named.*none, placebo"),
        (" , ", "No arm is named"),
        ("none:k=5", "'none' has no option 'k=5': it has none"),
        ("oracle:k=5", r"'oracle' has no option 'k=5': it takes budget=NUMBER"),
        ("retrieval:k=0", "no option 'k=0'"),
        ("retrieval:k=5:k=6", "no option 'k=6'"),
        ("retrieval:depth=5", "no option 'depth=5'.*budget=NUMBER and k=NUMBER"),
        ("retrieval:budget=10", "budget of 10 tokens.*at least 64"),
        ("retrieval:k=5000", "1000 at most"),
    ],
)
def test_what_is_no_arm_is_refused_with_what_there_is(text: str, said: str) -> None:
    """One line that says what can be written."""
    with pytest.raises(InputError, match=said) as caught:
        parse_arms(text)
    assert "\n" not in str(caught.value)
