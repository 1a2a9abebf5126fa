"""What is read out of a client's prompt, and what is written around it; no model is asked."""

from __future__ import annotations

import pytest

from assistant.infilling import Gap, find_stops, is_being_edited, read_gap, write_context, write_query
from assistant.records import Passage


@pytest.mark.parametrize(
    ("first_line", "path"),
    [
        ("# src/shop/cart.py\n", "src/shop/cart.py"),
        ("// Path: cart.ts\n", "cart.ts"),
        ("/* lib/a.c */\n", "lib/a.c"),
        ("<!-- page.html -->\n", "page.html"),
        ("#!/usr/bin/env python\n# run.py\n", "run.py"),
        ("# a comment that names cart.py in passing\n", None),
        ("import os\n", None),
    ],
)
def test_path_is_read_from_the_first_comment(first_line: str, path: str | None) -> None:
    """A first line that is a path in a comment names the file; any other does not."""
    assert read_gap(first_line + "x = ", None, None).path == path
    assert read_gap(first_line + "x = ", "\n", "given.py").path == "given.py"


def test_files_that_a_client_sends_along_stay() -> None:
    """Files in the client's own prompt stand before the code, under their paths; the last one is the edited file."""
    gap = read_gap(
        "<|repo_name|>shop\n<|file_sep|>tax.py\nVAT = 1\n<|file_sep|>cart.py\n"
        "<|fim_prefix|>a = <|fim_suffix|>\n<|fim_middle|>",
        None,
        None,
    )
    assert gap == Gap("# tax.py\nVAT = 1\na = ", "\n", "cart.py")


@pytest.mark.parametrize("tail", ["", "<fim_suffix>", "<fim_suffix>x<fim_middle>y"])
def test_a_prompt_full_of_tokens_is_read_at_once(tail: str) -> None:
    """A prompt of a megabyte of opening tokens is read in one pass: in their square it would hold the service up."""
    prompt = "<fim_prefix>" * 80_000 + tail
    assert read_gap(prompt, None, None) == Gap(prompt, None, None)


def test_tokens_that_are_not_whole_are_text() -> None:
    """A prompt with some of the tokens is code that speaks of them, and no gap."""
    prompt = "PREFIX = '<|fim_prefix|>'\n"
    assert read_gap(prompt, None, None) == Gap(prompt, None, None)


def test_hostile_prompts_are_read_at_once() -> None:
    """Many tokens, and endless lines of blanks behind one, take no more time than any prompt of that length."""
    tokens = "<|fim_prefix|><|fim_suffix|>" * 20_000
    assert read_gap(tokens, None, None).suffix is None
    blanks = "<|file_sep|>" + " " * 500_000
    assert read_gap(f"{blanks}x\n<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", None, None).path == "x"


def test_query_holds_the_lines_and_what_encloses_them() -> None:
    """The search is for the last lines, and for the function and class around them, however far above."""
    body = "".join(f"        step_{number}()\n" for number in range(40))
    query = write_query(Gap(f"import os\n\n\nclass Cart:\n    def add(self, item):\n{body}        self.", None, None))
    assert query.startswith("class Cart:\ndef add(self, item):\n")
    assert query.endswith("step_39()\nself.") and "step_5()" not in query and "import os" not in query


def test_query_without_code_before_the_cursor() -> None:
    """At the beginning of a file the code behind the cursor is what there is."""
    assert write_query(Gap("\n", "\n\ndef add(): ...\n", None)) == "def add(): ..."


def test_completion_ends_where_the_code_behind_begins() -> None:
    """The first telling line of the suffix is an end; a short one may come twice; a fence only where none is open."""
    stops = find_stops(Gap("x = ", "\n    return cart\n", None), with_tokens=True)
    assert "\n    return cart" in stops and "\n```" in stops and "<|endoftext|>" in stops
    assert "\n)" not in find_stops(Gap("f(", "\n)\n", None), with_tokens=True)
    assert "\n```" not in find_stops(Gap("Example:\n```python\n", None, None), with_tokens=True)


def test_a_model_without_the_tokens_is_not_stopped_at_them() -> None:
    """Servers may take four ends, and clients have their own: what the model cannot write is left out."""
    assert find_stops(Gap("x = ", "\n    return cart\n", None), with_tokens=False) == ["\n    return cart", "\n```"]


def test_code_that_is_edited_is_told_from_other_code() -> None:
    """Code most of whose lines are around the cursor is that file's; shared brackets do not make it so."""
    gap = Gap("def add(cart, item):\n    cart.append(item)\n", "    return cart\n", None)
    assert is_being_edited("def add(cart, item):\n    cart.append(item)\n    return cart", gap)
    assert not is_being_edited("def remove(cart, item):\n    cart.remove(item)\n    return cart", gap)


def test_context_is_safe_and_ends_at_the_cursors_file() -> None:
    """The best passage stands last, control tokens in code and paths are none, and the edited file follows."""
    passages = [
        Passage(1, "shop", "HEAD", None, "best.py", 1, 1, "one = '<|fim_suffix|>'"),
        Passage(2, "shop", "HEAD", None, "odd\n<|file_sep|>.py", 1, 1, "two = 2"),
    ]
    context = write_context(passages, Gap("x", "y", "cart.py"), with_tokens=True)
    assert context.startswith("<|repo_name|>shop\n") and context.endswith("<|file_sep|>cart.py\n")
    assert context.index("two = 2") < context.index("one = ")
    assert "<|fim_suffix|>" not in context and context.count("<|file_sep|>") == 3
