"""What is read out of a question, and the lists that candidates come from."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.signals import read_query, search_meaning

READ = 8_000  # characters of a question


@pytest.mark.parametrize("n_chunks", [1, 63, 200, 20_000])
@pytest.mark.parametrize("n", [1, 10, 200])
def test_the_nearest_chunks_are_those_of_a_full_sort(n_chunks: int, n: int) -> None:
    """Looking at blocks first leaves nothing out, whatever the size, and equal cosines stay in their order."""
    cosines = np.random.default_rng(n_chunks).normal(size=n_chunks).round(2).astype(np.float32)
    assert search_meaning(cosines, n).tolist() == np.argsort(-cosines, kind="stable")[:n].tolist()


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Who calls send_mail?", True),
        ("what, if anything, is send_mail used by?", True),
        ("Which call sites of send_mail are there?", True),
        ("list the usages of send_mail", True),
        ("which which which uses send_mail", True),
        ("what\u00a0uses send_mail", True),
        ("send_mail calls what?", False),
        ("what does send_mail do?\nIt is called often.", False),
        ("somewhat send_mail calls", False),
        ("who recalls send_mail?", False),
        ("who calls?", False),
    ],
)
def test_who_asks_for_callers(question: str, asks: bool) -> None:
    """One line asks who, or what, and then says that it calls or uses; and a name is spelled out."""
    assert read_query(question).asks_who_calls is asks


def test_of_a_pasted_file_the_head_is_read() -> None:
    """What stands within the first characters counts, however far apart on its line; what stands beyond does not."""
    padding = "what " * ((READ - 100) // 5)
    within = read_query(f"{padding}calls send_mail?")
    assert within.asks_who_calls and within.names == ("send_mail",)
    beyond = read_query(f"send_mail? {padding}{'what ' * 40}calls beta_thing?")
    assert not beyond.asks_who_calls and beyond.names == ("send_mail",)
    assert "mail" in beyond.terms and "beta" not in beyond.terms


@pytest.mark.parametrize("question", ["What does `->` mean here?", "What is `()`?", "Where is `::` read?"])
def test_an_operator_spells_out_no_name(question: str) -> None:
    """What separates names, or calls one, is none: it would be found nowhere, and the question seem hopeless."""
    assert read_query(question).names == ()
