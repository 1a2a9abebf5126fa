"""The order of questions: balanced over kinds and files in any head, and no single guess pays off."""

from __future__ import annotations

from collections import Counter

import pytest

from eval.tasks.questions.records import KINDS, Kind, Question
from eval.tasks.questions.sampling import balance, is_trivial_answer


def make(kind: Kind, n: int, *, answer: str | None = None, path: str | None = None) -> Question:
    """The n-th question of a kind; without ``answer`` and ``path``, no other has its own."""
    name = answer or (f"{n + 100}" if kind in ("default", "constant") else f"Name{n}")
    return Question(f"{kind}{n}", kind, f"text {n}", name, (), path or f"f{n}.py", n, n, f"symbol{n}")


def test_kinds_take_turns_in_any_head() -> None:
    """In any head of the order two kinds differ by one question at most, as long as both have some left."""
    questions = balance([make(kind, n) for kind in KINDS for n in range(10)], seed=3)
    for n in range(1, 51):
        counts = Counter(question.kind for question in questions[:n])
        assert max(counts.values()) - min(counts[kind] for kind in KINDS) <= 1


def test_a_kind_that_runs_out_leaves_its_turns_to_the_others() -> None:
    """Rare kinds do not end the order."""
    questions = balance([make("base", 0), *(make("constant", n) for n in range(8))], seed=0)
    assert Counter(question.kind for question in questions) == {"base": 1, "constant": 8}


def test_files_take_turns_within_a_kind() -> None:
    """A file with many questions gives its second one only after every file gave its first."""
    crowded = [make("constant", n, path="big.py") for n in range(20)]
    spread = [make("constant", n) for n in range(20, 25)]
    head = balance(crowded + spread, seed=0)[:6]
    assert Counter(question.path for question in head)["big.py"] == 1


@pytest.mark.parametrize("guess", ["None", "'same'"])
def test_no_answer_takes_more_than_a_quarter_of_a_head(guess: str) -> None:
    """Whoever always gives the commonest answer gets a quarter of a kind at most (rounded up)."""
    common = [make("default", n, answer=guess) for n in range(40)]
    rest = [make("default", n) for n in range(40, 60)]
    ordered = balance(common + rest, seed=0)
    for n in range(1, len(ordered) + 1):
        assert sum(question.answer == guess for question in ordered[:n]) <= -(-n // 4)
    assert sum(question.answer != guess for question in ordered) == 20


def test_trivial_values_share_one_quarter() -> None:
    """None, True and 0 are one group: together they take no more than a quarter."""
    trivial = [make("default", n, answer=("None", "True", "0")[n % 3]) for n in range(30)]
    ordered = balance(trivial + [make("default", n) for n in range(30, 42)], seed=0)
    assert sum(is_trivial_answer(question) for question in ordered) <= -(-len(ordered) // 4)


def test_two_spellings_of_a_name_are_one_answer() -> None:
    """`errors.Gone` and `Gone` count as the same guess."""
    questions = [make("raises", n, answer="Gone" if n % 2 else "errors.Gone") for n in range(8)]
    assert len(balance(questions, seed=0)) == 1
