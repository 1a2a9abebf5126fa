"""Which answers are one guess: together they keep the share of one."""

from __future__ import annotations

import pytest

from eval.tasks.questions.records import Kind, Question
from eval.tasks.questions.sampling import cap, is_trivial_answer, spread


def make(kind: Kind, n: int, *, answer: str, path: str | None = None) -> Question:
    """The n-th question of a kind; without ``path``, no other has its own."""
    return Question(f"{kind}{n}", kind, f"text {n}", answer, (), path or f"f{n}.py", n, n, f"symbol{n}")


@pytest.mark.parametrize("guess", ["None", "'same'"])
def test_no_answer_takes_more_than_a_quarter_of_a_head(guess: str) -> None:
    """Whoever always gives the commonest answer gets a quarter of a kind at most (rounded up)."""
    common = [make("default", n, answer=guess) for n in range(40)]
    rest = [make("default", n, answer=str(n + 100)) for n in range(40, 60)]
    ordered = cap(spread(common + rest, "0"))
    for n in range(1, len(ordered) + 1):
        assert sum(question.answer == guess for question in ordered[:n]) <= -(-n // 4)
    assert sum(question.answer != guess for question in ordered) == 20


def test_trivial_values_share_one_quarter() -> None:
    """None, True and 0 are one group: together they take no more than a quarter."""
    trivial = [make("default", n, answer=("None", "True", "0")[n % 3]) for n in range(30)]
    ordered = cap(trivial + [make("default", n, answer=str(n + 100)) for n in range(30, 42)])
    assert sum(is_trivial_answer(question) for question in ordered) <= -(-len(ordered) // 4)


def test_two_spellings_of_a_name_are_one_answer() -> None:
    """`errors.Gone` and `Gone` count as the same guess."""
    questions = [make("raises", n, answer="Gone" if n % 2 else "errors.Gone") for n in range(8)]
    assert len(cap(questions)) == 1


def test_questions_come_in_one_order_however_they_are_listed() -> None:
    """Files take turns, and the seed decides the rest."""
    questions = [make("constant", n, answer=str(n), path=f"f{n % 3}.py") for n in range(12)]
    ordered = spread(questions, "3")
    assert ordered == spread(questions[::-1], "3") != spread(questions, "4")
    assert all(len({question.path for question in ordered[n : n + 3]}) == 3 for n in (0, 3, 6, 9))
