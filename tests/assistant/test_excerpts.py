"""What an excerpt keeps of a chunk: the signature, lines that share rare words with the question, their neighbours."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.excerpts import ELISION, count_signature_lines, keep_lines, order_lines, weigh_terms
from indexer.words import index_terms

BODY = [
    "def send(request, timeout=30):",
    "    log(request)",
    "    url = build(request)",
    "    pool = connect(url)",
    "    if pool.is_closed:",
    "        raise PoolClosed(url)",
    "    return pool.read()",
]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["def f(a):", "    pass"], 1),
        (["def f(", "    a,", "    b,", "):", "    pass"], 4),
        (["@cached", "@app.get('/x')", "def f(a):", "    pass"], 3),
        (["# why", "", "class A(B):", "    x = 1"], 3),
        (["call(", *["    x,"] * 20, ")"], 1),
        (["x = 1"], 1),
    ],
)
def test_a_signature_ends_with_its_brackets(lines: list[str], expected: int) -> None:
    """Decorators, comments and a parameter a line belong to it; an open bracket gives the first line alone."""
    assert count_signature_lines(lines) == expected


def test_lines_with_rare_words_of_the_question_come_first() -> None:
    """After the signature comes the line that says most of the question, then others, then the lines beside them."""
    weights = weigh_terms("which exception is raised where the pool is closed?", ["\n".join(BODY)])
    matter, rest = order_lines(BODY, weights)
    assert matter[:3] == [0, 5, 4]  # the signature; raises, pool and closed; pool and closed
    assert set(matter) | set(rest) == set(range(len(BODY)))
    assert not set(matter) & set(rest)
    assert 1 in rest


def test_a_word_that_every_line_says_is_worth_less() -> None:
    """Weights fall with the number of lines that hold a word."""
    weights = weigh_terms("pool socket", ["pool\npool\npool\nsocket"])
    assert weights["socket"] > weights["pool"] > 0


def test_what_is_left_out_is_marked_at_its_indentation() -> None:
    """One mark a gap, none for blank lines, and kept lines keep their numbers."""
    numbered = [(10, "def f():"), (11, ""), (12, "    a()"), (13, "    b()"), (14, "    c()")]
    assert keep_lines(numbered, [0, 2, 4]) == [
        (10, "def f():"),
        (12, "    a()"),
        (None, f"    {ELISION}"),
        (14, "    c()"),
    ]
    assert keep_lines(numbered, [0]) == [(10, "def f():"), (None, f"    {ELISION}")]


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(st.text(alphabet="ab \t", max_size=6), min_size=1, max_size=12), st.sets(st.integers(0, 11)))
def test_no_line_is_lost_without_a_mark(texts: list[str], chosen: set[int]) -> None:
    """Every line that says something is kept, or stands where a mark is."""
    numbered = list(enumerate(texts, 1))
    kept = {index for index in chosen if index < len(texts)}
    excerpt = keep_lines(numbered, kept)
    shown = [number for number, _ in excerpt if number is not None]
    assert shown == sorted(index + 1 for index in kept)
    bounds = [0, *shown, len(texts) + 1]
    for first, last in pairwise(bounds):
        says_something = any(text.strip() for text in texts[first : last - 1])
        place = excerpt.index(numbered[first - 1]) + 1 if first else 0
        is_marked = place < len(excerpt) and excerpt[place][0] is None
        assert is_marked is says_something


def test_the_order_of_a_set_decides_between_no_two_lines() -> None:
    """Sums of the same weights are the same, whatever the order: that of a set differs from process to process."""
    for n in range(60):
        one, two, three = f"alpha{n}x", f"beta{n}x", f"gamma{n}x"
        terms = [index_terms(each)[-1] for each in ("whole", one, two, three)]
        weights = dict(zip(terms, (0.6, 0.1, 0.2, 0.3), strict=True))
        matter, _ = order_lines(["def f():", "    whole", f"    {one}({two}, {three})"], weights)
        assert matter == [0, 1, 2]
