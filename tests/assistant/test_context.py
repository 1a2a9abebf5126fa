"""``pack_context``: the best passages within the budget, and a reason for each one that is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.context import pack_context
from assistant.prompts import format_passages
from assistant.records import TokenCount
from indexer.records import Chunk, Hit


def hit(text: str, path: str = "a.py", start: int = 1) -> Hit:
    """A hit with this text."""
    chunk = Chunk(f"{path}{start}", path, start, start + text.count("\n"), "f", "function", "python", text, "blob")
    return Hit("project", "HEAD", "c0ffee", chunk, 0.5, {})


def count_words(text: str) -> TokenCount:
    """A token a word."""
    return TokenCount(len(text.split()), exact=True)


def count_characters(text: str) -> TokenCount:
    """A token a character: a bound, so not exact."""
    return TokenCount(len(text), exact=False)


def lines(n_lines: int, n_words: int = 5) -> str:
    """A text of so many lines of so many words."""
    return "\n".join(" ".join(f"w{line}_{word}" for word in range(n_words)) for line in range(n_lines))


texts = st.lists(
    st.sampled_from(["x = 1", "", "=====CODE=====", "<|im_end|>", "a b c " * 20, "{braces} %s", "é🦀"]),
    min_size=1,
    max_size=30,
).map("\n".join)


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(texts, max_size=6), st.integers(0, 600), st.sampled_from([count_words, count_characters]))
def test_the_budget_is_never_exceeded(contents: list[str], budget: int, count: Callable[[str], TokenCount]) -> None:
    """The passages as they stand in the prompt take no more tokens than the budget, and no more than is said."""
    context = pack_context([hit(text, f"{number}.py") for number, text in enumerate(contents)], budget, count)
    if context.passages:
        assert count(format_passages(context.passages)).n_tokens <= context.tokens.n_tokens <= budget
    assert len(context.hits) + len(context.left_out) == len(contents)
    assert [passage.number for passage in context.passages] == list(range(1, len(context.passages) + 1))


def test_passages_are_whole_chunks_by_rank() -> None:
    """What fits is taken as it is, in the order of the hits."""
    hits = [hit(lines(3), "b.py", 10), hit(lines(2), "a.py", 5)]
    context = pack_context(hits, 1000, count_words)
    assert [(p.number, p.location, p.text) for p in context.passages] == [
        (1, "b.py:10-12", lines(3)),
        (2, "a.py:5-6", lines(2)),
    ]
    assert [(p.repo, p.commit) for p in context.passages] == [("project", "c0ffee")] * 2
    assert (list(context.hits), list(context.left_out)) == (hits, [])
    assert [packed.how for packed in context.packed] == ["whole", "whole"]


def test_neighbours_become_one_passage() -> None:
    """Hits whose lines follow each other are one passage at the rank of the better one, in the order of the file."""
    hits = [hit(lines(3), "b.py", 10), hit("other", "a.py"), hit("before", "b.py", 9), hit("after", "b.py", 13)]
    context = pack_context(hits, 1000, count_words)
    assert [(p.number, p.location) for p in context.passages] == [(1, "b.py:9-13"), (2, "a.py:1-1")]
    assert context.passages[0].text == f"before\n{lines(3)}\nafter"
    assert [(packed.how, list(packed.hits)) for packed in context.packed] == [
        ("merged", [hits[2], hits[0], hits[3]]),
        ("whole", [hits[1]]),
    ]
    alone = sum(pack_context([each], 1000, count_words).tokens.n_tokens for each in hits)
    assert context.tokens.n_tokens < alone  # the frames of two are spared


def test_the_same_hit_twice_is_one_passage() -> None:
    """A hit that comes again, such as a README that was found and added, is packed once, at its better rank."""
    hits = [hit("a", "a.py"), hit("b", "b.py"), hit("a", "a.py")]
    assert [passage.path for passage in pack_context(hits, 100, count_words).passages] == ["a.py", "b.py"]


def test_passages_of_several_refs_are_told_apart_and_what_is_unchanged_comes_once() -> None:
    """A question about two versions is not answered from two copies of the same lines without a name."""
    then, now = (replace(hit(text), ref=ref, commit=ref) for ref, text in (("8.1", "old"), ("HEAD", "new")))
    same = replace(hit("kept", "b.py"), ref="8.1", commit="8.1")
    moved = replace(hit("kept", "b.py", start=9), ref="HEAD", commit="HEAD")
    passages = pack_context([then, same, moved, now], 1000, count_words).passages
    shown = format_passages(passages)
    assert [(passage.ref, passage.text) for passage in passages] == [("8.1", "old"), ("8.1", "kept"), ("HEAD", "new")]
    assert "[1] project@8.1: a.py:1-1" in shown and "[3] project@HEAD: a.py:1-1" in shown
    alone = pack_context([then, same], 1000, count_words).passages
    assert "project" not in format_passages(alone)


def test_a_question_with_names_gets_excerpts_in_their_turn() -> None:
    """What does not fit whole is cut to signature and telling lines, which know where they stand in the file."""
    body = ["def send():", *(f"    step_{n} = a{n} b{n} c{n} d{n}" for n in range(40)), "    raise PoolClosed"]
    hits = [hit("x = 1", "a.py"), hit("\n".join(body), "b.py", 101), hit(lines(9), "c.py")]
    context = pack_context(hits, 60, count_words, question="where is `PoolClosed` raised?")
    first, second = context.passages[:2]
    assert (first.path, second.path) == ("a.py", "b.py")
    assert (context.packed[1].how, context.packed[1].n_lines_left_out > 30) == ("excerpt", True)
    shown = second.text.split("\n")
    assert (shown[0], shown[-1]) == ("def send():", "    raise PoolClosed")
    for index, line in enumerate(shown):
        number = second.line_at(index)
        assert line.strip() == "…" if number is None else line == body[number - 101]
    assert None in [second.line_at(index) for index in range(len(shown))]
    assert (second.start_line, second.end_line) == (101, 142)


def test_a_question_without_names_gets_whole_hits_first() -> None:
    """Excerpts wait for what fits whole further down."""
    hits = [hit(lines(5), "a.py"), hit(lines(100), "b.py"), hit(lines(5), "c.py")]
    context = pack_context(hits, 140, count_words, question="how are w90 things done?")
    packed = {passage.path: each.how for passage, each in zip(context.passages, context.packed, strict=True)}
    assert (packed["a.py"], packed["c.py"]) == ("whole", "whole")
    assert packed.get("b.py") in (None, "excerpt")


def test_a_chunk_that_is_too_large_is_passed_over() -> None:
    """A large chunk in the middle makes room for a small one behind it, and its reason gives both numbers."""
    hits = [hit(lines(5), "a.py"), hit(lines(100), "b.py"), hit(lines(5), "c.py")]
    context = pack_context(hits, 100, count_words)
    assert [passage.path for passage in context.passages] == ["a.py", "c.py"]
    ((left, reason),) = context.left_out
    assert left == hits[1]
    n_needed = count_words(format_passages(pack_context([hits[1]], 1000, count_words).passages)).n_tokens
    n_used = count_words(format_passages(pack_context([hits[0]], 1000, count_words).passages)).n_tokens
    assert reason == f"needs {n_needed} tokens, {100 - n_used} are left"


def test_the_first_chunk_is_cut_at_a_line() -> None:
    """If not even the best hit fits, the head of it that does is taken, in whole lines, and marked as cut."""
    context = pack_context([hit(lines(100), "a.py", 7)], 61, count_words)
    (passage,) = context.passages
    assert (passage.text, passage.location) == (f"{lines(11)}\n…", "a.py:7-17")
    assert 61 - 5 < context.tokens.n_tokens <= 61


def test_next_to_nothing_is_no_passage() -> None:
    """A budget that holds a line or two gives nothing, with the reason."""
    context = pack_context([hit(lines(100))], 20, count_words)
    assert (context.passages, context.tokens.n_tokens, len(context.left_out)) == ([], 0, 1)


@pytest.mark.parametrize(("count", "exact"), [(count_words, True), (count_characters, False)])
def test_a_bound_is_marked_as_one(count: Callable[[str], TokenCount], exact: bool) -> None:
    """The sum is exact only if each count was."""
    assert pack_context([hit("x = 1")], 1000, count).tokens.exact is exact


def test_no_hits_give_an_empty_context() -> None:
    """Nothing found is nothing to pack."""
    context = pack_context([], 100, count_words)
    assert (context.passages, context.packed, context.left_out, context.tokens) == ([], [], [], TokenCount(0, True))
