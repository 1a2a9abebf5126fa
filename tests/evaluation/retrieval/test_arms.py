"""The arms that can be asked for."""

from __future__ import annotations

import pytest

from assistant.search import SearchOptions
from eval.retrieval import arms
from eval.retrieval.arms import choose_arms
from indexer.errors import InputError


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Two ranking signals, whatever there are."""
    names = ("tests", "definitions")
    monkeypatch.setattr(arms, "ranking_signals", lambda: names)
    return names


def test_ranked_comes_first_and_always() -> None:
    """What users get is measured whether it is named or not, and once."""
    assert [arm.name for arm in choose_arms(["dense", " ranked", "", "dense"])] == ["ranked", "dense"]
    assert [arm.name for arm in choose_arms([""])] == ["ranked"]


def test_an_arm_is_its_options(signals: tuple[str, ...]) -> None:
    """Each name stands for the way to search that it says."""
    chosen = {arm.name: arm for arm in choose_arms(["lexical", "without:tests", "path-masked", "path-masked:dense"])}
    assert chosen["lexical"].options == SearchOptions(method="lexical")
    assert chosen["without:tests"].options == SearchOptions(without=frozenset({"tests"}))
    assert chosen["path-masked"].options == SearchOptions()
    assert chosen["path-masked:dense"].options == SearchOptions(method="dense")
    assert [name for name, arm in chosen.items() if arm.is_masked] == ["path-masked", "path-masked:dense"]


def test_signals_stands_for_each_of_them(signals: tuple[str, ...]) -> None:
    """One word asks for all arms that leave one signal out."""
    assert [arm.name for arm in choose_arms(["signals"])] == ["ranked", "without:tests", "without:definitions"]


@pytest.mark.parametrize("name", ["magic", "without:magic", "without:", "path-maskeddense", "path-masked:magic"])
def test_an_unknown_arm_is_told_the_known_ones(signals: tuple[str, ...], name: str) -> None:
    """The error lists methods and signals, in one line."""
    with pytest.raises(InputError, match=r"lexical.*path-masked.*tests, definitions") as caught:
        choose_arms([name])
    assert "\n" not in str(caught.value)


def test_the_signals_are_those_of_the_ranking() -> None:
    """Every signal that the search knows makes an arm of its own."""
    names = arms.ranking_signals()
    assert [arm.name for arm in choose_arms(["signals"])] == ["ranked", *(f"without:{name}" for name in names)]
