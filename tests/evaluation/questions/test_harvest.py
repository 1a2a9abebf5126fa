"""Harvested questions: each kind is right, what is ambiguous is left out, and the order is fixed by the seed."""

from __future__ import annotations

import pytest

from eval.tasks.questions.harvest import find_questions
from eval.tasks.questions.records import Kind, Question
from eval.tasks.questions.syntax import is_own_source, read_codebase

GATE = '''"""Gates of a garden."""

from .errors import LockedError as Locked

MAX_HINGES = 7
_GREETING = "hallo"


class Gate(Barrier):
    """A gate."""

    width: float = 2.5
    SPEED = 12

    def open(self, key, *, slowly=False, sound="creak"):
        """Open it."""
        if key is None:
            raise Locked("no key")
        return self._swing(sound)

    def _swing(self, sound):
        return sound
'''


def find(*sources: str, path: str = "garden/gate.py") -> dict[tuple[Kind, str, str], Question]:
    """The questions of one or more files by kind, symbol and detail."""
    files = [(path if n == 0 else f"garden/other{n}.py", source) for n, source in enumerate(sources)]
    return {(q.kind, q.symbol, q.detail): q for q in find_questions(read_codebase(files))}


def answers_of(*sources: str, kind: Kind) -> dict[str, str]:
    """The answers of one kind by symbol."""
    return {symbol: question.answer for (found, symbol, _), question in find(*sources).items() if found == kind}


@pytest.mark.parametrize(
    ("kind", "symbol", "detail", "answer", "line"),
    [
        ("default", "Gate.open", "slowly", "False", 15),
        ("default", "Gate.open", "sound", "'creak'", 15),
        ("default", "Gate.width", "width", "2.5", 12),
        ("constant", "MAX_HINGES", "", "7", 5),
        ("constant", "_GREETING", "", "'hallo'", 6),
        ("constant", "Gate.SPEED", "", "12", 13),
        ("raises", "Gate.open", "", "Locked", 18),
        ("base", "Gate", "", "Barrier", 9),
        ("caller", "Gate._swing", "", "Gate.open", 19),
    ],
)
def test_each_kind_is_harvested_with_the_line_of_its_answer(
    kind: Kind, symbol: str, detail: str, answer: str, line: int
) -> None:
    """Every kind names its symbol, its answer, and the line of the file where the answer stands."""
    question = find(GATE)[kind, symbol, detail]
    assert (question.answer, question.start_line, question.path) == (answer, line, "garden/gate.py")
    assert f"`{detail or symbol}`" in question.text


def test_nothing_else_is_made_of_the_sample() -> None:
    """The sample gives the nine questions above and no tenth one."""
    assert len(find(GATE)) == 9


def test_an_imported_name_is_accepted_under_both_of_its_names() -> None:
    """An exception raised under an alias is accepted under its own name too."""
    assert find(GATE)["raises", "Gate.open", ""].accepted == ("LockedError",)


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("default", "def f(a=compute()): ..."),
        ("default", "def f(a='" + "x" * 60 + "'): ..."),
        ("default", "def _f(a=3): ..."),
        ("default", "def outer():\n    def f(a=3): ..."),
        ("default", "if X:\n    def f(a=3): ...\nelse:\n    def f(a=4): ..."),
        ("default", "class A:\n    def f(self): ...\ndef f(a=3): ..."),
        ("constant", "SIZE = 3\nSIZE = 4"),
        ("constant", "SIZE = 3\nSIZE += 4"),
        ("constant", "SIZE = 3\ndef f():\n    global SIZE"),
        ("constant", "SIZE = other()"),
        ("constant", "size = 3"),
        ("constant", "__all__ = ('a',)"),
        ("raises", "def f():\n    raise A\n    raise B"),
        ("raises", "def f():\n    raise A\n    raise"),
        ("raises", "def f(e):\n    raise e"),
        ("raises", "def f():\n    raise make_error()"),
        ("raises", "def f():\n    raise NotImplementedError"),
        ("raises", "def f():\n    def g():\n        raise A\n    return g"),
        ("base", "class A(object): ..."),
        ("base", "class A(B, C): ..."),
        ("base", "class A(Generic[T]): ..."),
        ("base", "class _A(B): ..."),
        ("caller", "def f(): ...\ndef g(): f()\ndef h(): f()"),
        ("caller", "def f(): ...\ndef g(): f()\nf()"),
        ("caller", "def f(): ...\ndef g(): f()\nhandlers = [f]"),
        ("caller", "def f(): f()"),
        ("caller", "def f(): ...\ndef g():\n    def h(): f()"),
        ("caller", "def f(): ...\ndef g(f): f()"),
        ("caller", "@route\ndef f(): ...\ndef g(): f()"),
        ("caller", "class A:\n    def f(self): ...\n    def g(self, x): x.f()"),
        ("caller", "class A:\n    def f(self): ...\nclass B:\n    def f(self): ...\n    def g(self): self.f()"),
        ("caller", "class A:\n    def f(self): ...\n    def __init__(self): self.f()"),
    ],
)
def test_what_is_ambiguous_is_not_asked(kind: Kind, source: str) -> None:
    """Two definitions, two answers, an unknown value, or a name that may mean something else: no question."""
    assert answers_of(source, kind=kind) == {}


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("default", "class A:\n    def __init__(self, size=3): ...", {"A.__init__": "3"}),
        ("default", "def f(a, /, b, c=-4): ...", {"f": "-4"}),
        ("raises", "def f():\n    raise web.Gone()\n    raise web.Gone", {"f": "web.Gone"}),
        ("caller", "def f(): ...\ndef g(): return [f() for _ in x]", {"f": "g"}),
        ("caller", "def f(): ...\ndef g():\n    f()\n    f()", {"f": "g"}),
        ("caller", "class A:\n    @classmethod\n    def f(cls): ...\n    def g(self): self.f()", {"A.f": "A.g"}),
    ],
)
def test_what_is_certain_is_asked(kind: Kind, source: str, expected: dict[str, str]) -> None:
    """The rules that leave things out do not leave out their certain neighbours."""
    assert answers_of(source, kind=kind) == expected


def test_a_second_file_with_the_name_makes_it_ambiguous_even_in_a_test() -> None:
    """Uniqueness is judged over all files of the repository, tests too."""
    codebase = read_codebase([("a.py", "def f(size=3): ..."), ("tests/test_a.py", "def f(): ...")])
    assert list(find_questions(codebase)) == []


@pytest.mark.parametrize(
    "source",
    [
        'FORMAT_JSON = "json"',
        "class HTTPError(Error): ...",
        "def run_all(): ...\ndef run(): run_all()",
        "DARK_RED = 'red'",
    ],
)
def test_a_question_does_not_give_its_answer_away(source: str) -> None:
    """An answer that stands in the asked name as a word is no test of knowledge."""
    assert find(source) == {}


def test_an_answer_that_is_part_of_a_word_is_still_asked() -> None:
    """Only whole words give an answer away: `class Terror(Err)` does not."""
    assert answers_of("class Terror(Err): ...", kind="base") == {"Terror": "Err"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/garden/gate.py", True),
        ("garden/testing_tools.py", True),
        ("tests/gate.py", False),
        ("garden/test_gate.py", False),
        ("garden/gate_test.py", False),
        ("docs/conf.py", False),
        ("examples/a.py", False),
        ("garden/_vendor/x.py", False),
        ("setup.py", False),
    ],
)
def test_only_own_source_is_asked_about(path: str, expected: bool) -> None:
    """Tests, examples, documentation, vendored code and packaging are left out by their path."""
    assert is_own_source(path) is expected
    assert bool(find("SIZE = 3", path=path)) is expected


def test_a_file_that_does_not_parse_is_passed_over() -> None:
    """One broken file does not stop the harvest of the others."""
    codebase = read_codebase([("a.py", "def broken(:"), ("b.py", "SIZE = 3")])
    assert codebase.n_files == 1
    assert [question.symbol for question in find_questions(codebase)] == ["SIZE"]


def test_line_numbers_do_not_change_a_question_id() -> None:
    """A question keeps its id when its file grows above it."""
    before, after = find("SIZE = 3"), find("import os\n\nSIZE = 3")
    key: tuple[Kind, str, str] = ("constant", "SIZE", "")
    assert before[key].id == after[key].id
    assert before[key].start_line != after[key].start_line
