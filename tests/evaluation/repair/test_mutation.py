"""Planted bugs: what is changed, and what never is."""

from __future__ import annotations

import ast
import difflib

import pytest

from eval.tasks.repair.mutation import Mutation, find_mutations
from eval.tasks.repair.operators import KINDS

# One function that gives every kind of bug a place, with comments and odd spacing that must survive.
SOURCE = '''\
"""A till."""

RATE = 3


class Till:
    """Takes money."""

    def __init__(self):
        self.lines = []
        self.names = {}
        self.closed = False

    def total( self, rows, start, skip = None ):
        """What is owed, in  cents – no rounding."""
        # ünïcode before the code moves bytes, not characters: "é"
        found = [ ]   # odd spacing
        if self.closed or not rows:
            raise ValueError("closed")
        for row in rows:
            if row is None and skip:
                continue
            found.append(row.strip( ))
        owed = 0
        for i in range(start, len(found)):
            try:
                owed += int(found[i]) * 2 - self.names.get(found[i], start)
            except KeyError:
                break
        self.lines.append((owed, start))
        text = f"{owed + 1} < {start}"
        if owed <= 0:
            return None
        return owed, found[1:]

    def other(self):
        return 1 + 1
'''
LINE = 14


@pytest.fixture(scope="module")
def mutations() -> list[Mutation]:
    """Those of the method."""
    return find_mutations(SOURCE, LINE, "0")


def test_there_is_a_bug_of_every_kind(mutations: list[Mutation]) -> None:
    """Each kind finds its place in a function that has one for it."""
    assert {mutation.kind for mutation in mutations} == set(KINDS)
    assert len(KINDS) >= 10


def test_kinds_take_turns(mutations: list[Mutation]) -> None:
    """The first of the list are all of different kinds."""
    n_kinds = len({mutation.kind for mutation in mutations})
    assert len({mutation.kind for mutation in mutations[:n_kinds]}) == n_kinds


def test_every_bug_is_another_program_that_parses(mutations: list[Mutation]) -> None:
    """No syntax error, nothing that means the same, nothing twice."""
    original = ast.dump(ast.parse(SOURCE))
    dumps = [ast.dump(ast.parse(mutation.apply(SOURCE))) for mutation in mutations]
    assert original not in dumps
    assert len({mutation.apply(SOURCE) for mutation in mutations}) == len(mutations)


def test_all_else_stays_as_it_was_written(mutations: list[Mutation]) -> None:
    """One place differs; comments, spacing and letters of two bytes are untouched."""
    for mutation in mutations:
        matcher = difflib.SequenceMatcher(
            None, SOURCE.splitlines(), mutation.apply(SOURCE).splitlines(), autojunk=False
        )
        changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
        assert len(changes) == 1, mutation
        first = changes[0][1] + 1
        assert LINE < first <= 34, mutation
        assert first == mutation.line or mutation.before.startswith("\n"), mutation


def test_the_signature_and_f_strings_are_left_alone(mutations: list[Mutation]) -> None:
    """What the signature says stays in the indexed tree, and nodes in an f-string have no positions everywhere."""
    for mutation in mutations:
        assert "def total( self, rows, start, skip = None ):" in mutation.apply(SOURCE)
        assert 'f"{owed + 1} < {start}"' in mutation.apply(SOURCE)


def test_the_same_seed_gives_the_same_bugs(mutations: list[Mutation]) -> None:
    """The order is a function of source and seed."""
    assert find_mutations(SOURCE, LINE, "0") == mutations
    assert find_mutations(SOURCE, LINE, "1") != mutations


def test_a_variable_is_mistaken_for_one_that_has_a_value_by_then(mutations: list[Mutation]) -> None:
    """Names of comprehensions and of later lines are no candidates."""
    later = {"text": 31, "owed": 24, "i": 25, "row": 20}
    mistaken = [mutation for mutation in mutations if mutation.kind == "wrong variable"]
    assert mistaken
    assert all(mutation.line > later.get(mutation.after, 0) for mutation in mistaken)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("return not (a or b)", "not removed", "return (a or b)"),
        ("return a not  in b", "comparison", "return a in b"),
        ("return f(a, g(b))", "arguments swapped", "return f(g(b), a)"),
        ("return sorted(x for x in a)", "call forgotten", "return (x for x in a)"),
        ("return a.lower().startswith(b)", "wrong call", "return a.lower().endswith(b)"),
        ("return a[:-1]", "slice bound", "return a[:]"),
        ("return a if b else None", "condition negated", "return a if not b else None"),
        ("if a: return 1\n    return 2", "early return", "return 2"),
    ],
)
def test_a_bug_reads_as_a_person_would_have_written_it(body: str, kind: str, expected: str) -> None:
    """Brackets stay where they are needed, and a dropped statement takes its line along."""
    text = f"def h(a, b):\n    {body}\n"
    found = [mutation.apply(text) for mutation in find_mutations(text, 1, "0") if mutation.kind == kind]
    assert f"def h(a, b):\n    {expected}\n" in found


def test_no_function_no_bug() -> None:
    """A file that does not parse, and a line where no function starts, give nothing."""
    assert find_mutations("def broken(:\n    pass\n", 1, "0") == []
    assert find_mutations(SOURCE, 3, "0") == []
