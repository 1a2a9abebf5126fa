"""Near-copies of code are recognised, and what merely looks alike is not."""

from __future__ import annotations

import pytest

from eval.tasks.repository.copies import PrintIndex, ShapeMatcher, make_print, shape_of, shingles_of

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


def test_a_twin_with_other_names_throughout_is_told_by_its_shape() -> None:
    """`floor` of `ceil`: no run of tokens is shared, and the answer stands there all the same."""
    names = ["total", "pear", "basket", "weight", "factor", "limit", "HeavyPear", "own_", "name"]
    twin = BODY
    for name in names:
        twin = twin.replace(name, f"other_{name[::-1]}")
    assert INDEX.copied_by(shingles_of(twin)) is None
    assert ShapeMatcher(BODY).matches(shape_of(twin))
    assert ShapeMatcher(BODY).matches(shape_of(twin.replace("> ", "< ")))


def test_other_code_and_short_code_has_no_telling_shape() -> None:
    """Another order of statements is other code; `return self.x.y` is everywhere."""
    lines = BODY.splitlines()
    assert not ShapeMatcher(BODY).matches(shape_of("\n".join([*lines[5:], *lines[:5]])))
    assert not ShapeMatcher("    return self._x.y").matches(shape_of("    return self._a.b"))


def test_another_function_of_similar_syntax_is_none() -> None:
    """A loop, a condition, a return, with other names."""
    other = "    names = []\n    for plum in shelf.plums:\n        name = plum.name\n        if name in known:\n"
    other += "            continue\n        names.append(name)\n    return sorted(names)\n"
    assert INDEX.copied_by(shingles_of(other)) is None and not ShapeMatcher(BODY).matches(shape_of(other))


def test_a_passage_of_prose_that_quotes_the_body_is_found_with_its_lines() -> None:
    """Quoted with prompts and at another depth, between other lines."""
    quoted = [">>> " + line.strip() for line in BODY.splitlines()]
    lines = ["How it is done:", "", *quoted, "", "That was it."]
    assert INDEX.passages_in(lines) == [(4, 9, "weigh")]


@pytest.mark.parametrize("mark", ["# ", "#", "    # ", "// ", " * ", "> ", "# >>> "])
def test_code_that_is_commented_out_is_still_that_code(mark: str) -> None:
    """An old version above the function is the answer, whatever its lines begin with."""
    lines = ["x = 1", *(mark + line for line in BODY.splitlines()), "# that was it"]
    assert INDEX.passages_in(lines) == [(3, 8, "weigh")]


def test_what_a_body_s_own_comments_say_tells_nothing() -> None:
    """Prose may say the same elsewhere."""
    assert make_print("weigh", f"    # each pear is weighed by its own factor\n{BODY}") == INDEX.prints[0]


def test_two_common_lines_are_no_passage() -> None:
    """`total = 0` and one other line."""
    assert INDEX.passages_in(["total = 0", "weight = pear.weight * factor"]) == []
