"""The whole order: balanced, a third without names, a sixth without an answer, and the same for the same files."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from eval.tasks.questions.collecting import collect_questions
from eval.tasks.questions.records import Question
from eval.tasks.questions.sampling import is_trivial_answer

WOODS = "Oak Elm Ash Fir Yew Box Bay Fig Gum Teak Pine Lime".split()


def make_files() -> list[tuple[str, str]]:
    """A made-up repository in three languages with configuration."""
    files = []
    for n, wood in enumerate(WOODS):
        low = wood.lower()
        python = (
            f"MAX_{wood.upper()}_SIZE = {n + 20}\n\n\nclass {wood}Gate(Barrier{n}):\n"
            f'    """Keeps the {n} goats of the north field in."""\n\n'
            f"    def swing_{low}(self, angle_{n}, speed_{n}={n + 50}, wide=None):\n"
            f'        """Lets the {n} cows out at dawn."""\n        self.unlatch_{low}()\n        raise Jammed{n}\n\n'
            f"    def unlatch_{low}(self): ...\n"
        )
        typed = f"export function paint{wood}(colour{n}: string, coats{n} = {n + 70}): Coat{n} {{ return dip{n}(); }}\n"
        go = f"package farm\n\nfunc Fell{wood}(axe{n} int, saw{n} int) Log{n} {{ return chop{n}(axe{n}) }}\n"
        config = f'[farm]\nrows{n} = {n + 90}\ncrop = "wheat {n}x"\nsoil{n} = "clay {n}y"\n'
        names = (f"farm/m{n}.py", f"web/p{n}.ts", f"tools/t{n}.go", f"conf/c{n}.toml")
        files += list(zip(names, (python, typed, go, config), strict=True))
    return files


@cache
def collected(seed: int = 0) -> list[Question]:
    """The questions of the made-up repository."""
    return list(collect_questions(make_files(), seed).questions)


def answerable(questions: list[Question]) -> list[Question]:
    """Those that have an answer."""
    return [question for question in questions if question.kind != "unanswerable"]


def test_there_are_eight_kinds_in_several_languages() -> None:
    """Kinds that any grammar gives are there for more than one of the languages."""
    languages = {(question.kind, question.language) for question in collected()}
    kinds = Counter(kind for kind, _ in languages)
    assert len(kinds) >= 8
    assert min(kinds[kind] for kind in ("parameter", "returns", "file", "default")) > 1


@pytest.mark.parametrize("n", [6, 12, 30, 60, 90])
def test_a_third_of_any_head_describes_and_a_sixth_has_no_answer(n: int) -> None:
    """However many are asked, the shares hold."""
    head = collected()[:n]
    with_answer = answerable(head)
    assert sum(not question.is_named for question in with_answer) >= len(with_answer) // 3
    assert len(head) - len(with_answer) == n // 6


@pytest.mark.parametrize("n", [20, 60, 120])
def test_no_guess_takes_more_than_a_quarter_of_a_kind(n: int) -> None:
    """Of each kind in a head one answer, or all the trivial ones, make up a quarter at most, rounded up."""
    by_kind: dict[str, list[Question]] = {}
    for question in answerable(collected()[:n]):
        by_kind.setdefault(question.kind, []).append(question)
    for kind, questions in by_kind.items():
        guesses = Counter("trivial" if is_trivial_answer(q) else q.answer for q in questions)
        assert max(guesses.values()) <= -(-len(questions) // 4), kind


def test_no_question_says_its_answer() -> None:
    """The answer stands in no question as a word."""
    for question in answerable(collected()):
        spans = question.text.split("`")[1::2]
        assert question.answer.strip("'\"") not in spans, question.text


def test_the_lines_hold_the_answer() -> None:
    """What is given as the source of an answer says it; a file's answer is its own path."""
    texts = dict(make_files())
    for question in answerable(collected()):
        lines = "\n".join(texts[question.path].split("\n")[question.start_line - 1 : question.end_line])
        said = question.answer.rpartition(".")[2].strip("'\"")
        if question.kind == "file":
            assert question.path == question.answer
        elif question.kind != "caller" and question.kind != "overrides":
            assert said in lines, question.text


def test_the_order_is_that_of_the_seed() -> None:
    """The same files in any order give the same questions; another seed gives another order."""
    again = [q.id for q in collect_questions(reversed(make_files()), 0).questions]
    assert again == [question.id for question in collected()]
    assert again != [question.id for question in collected(1)]
    assert len(set(again)) == len(again)


def test_what_is_unanswerable_is_nowhere() -> None:
    """A made-up name stands in no file; a parameter is not in its function, a key not in its file."""
    texts = dict(make_files())
    for question in collected():
        if question.kind == "unanswerable":
            asked = question.detail or question.symbol
            assert not (question.start_line or question.answer)
            if "parameter" in question.text:
                assert asked not in texts[question.path]
            elif "key" in question.text:
                assert asked.rpartition(".")[2] not in texts[question.path]
            else:
                assert not any(asked in text for text in texts.values())
