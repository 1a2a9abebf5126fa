"""Near-copies of code are recognised, and what merely looks alike is not."""

from __future__ import annotations

from eval.tasks.repository.copies import PrintIndex, make_print, shingles_of

BODY = """    total = 0
    for pear in basket.pears:
        weight = pear.weight * factor
        if weight > limit:
            raise HeavyPear(pear.name)
        total += weight
    return total + basket.own_weight
"""
INDEX = PrintIndex([make_print("weigh", BODY)])


def test_an_async_twin_and_a_renamed_loop_variable_are_near_copies() -> None:
    """Few tokens differ."""
    assert INDEX.copied_by(shingles_of(BODY.replace("raise", "await log()\n            raise"))) == "weigh"
    assert INDEX.copied_by(shingles_of(BODY.replace("total = 0", "total = start"))) == "weigh"


def test_another_function_of_the_same_shape_is_none() -> None:
    """The same syntax with other names."""
    other = "    names = []\n    for plum in shelf.plums:\n        name = plum.name\n        if name in known:\n"
    other += "            continue\n        names.append(name)\n    return sorted(names)\n"
    assert INDEX.copied_by(shingles_of(other)) is None


def test_a_passage_of_prose_that_quotes_the_body_is_found_with_its_lines() -> None:
    """Quoted with prompts and at another depth, between other lines."""
    quoted = [">>> " + line.strip() for line in BODY.splitlines()]
    lines = ["How it is done:", "", *quoted, "", "That was it."]
    assert INDEX.passages_in(lines) == [(4, 9, "weigh")]


def test_two_common_lines_are_no_passage() -> None:
    """`total = 0` and one other line."""
    assert INDEX.passages_in(["total = 0", "weight = pear.weight * factor"]) == []
