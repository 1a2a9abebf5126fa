"""Questions in many languages: each kind is right, and what is ambiguous or given away is not asked."""

from __future__ import annotations

import pytest

from eval.tasks.questions.kinds import find_code_questions
from eval.tasks.questions.outline import read_outline
from eval.tasks.questions.records import Question


def ask(kind: str, **files: str) -> dict[str, Question]:
    """The questions of one kind by symbol; ``a_js`` stands for the file `farm/a.js`."""
    named = [(f"farm/{name.replace('_', '.')}", source) for name, source in files.items()]
    return {q.symbol: q for q in find_code_questions(read_outline(named)) if q.kind == kind}


def answers(kind: str, **files: str) -> dict[str, str]:
    """Their answers by symbol."""
    return {symbol: question.answer for symbol, question in ask(kind, **files).items()}


@pytest.mark.parametrize(
    ("kind", "file", "source", "expected"),
    [
        ("default", "a_ts", "function swing(angle: number, speed = 12) {}", {"swing": "12"}),
        ("default", "a_rb", "def swing(angle, speed: 12)\nend", {"swing": "12"}),
        ("constant", "a_go", "package a\nconst hinges = 7", {"hinges": "7"}),
        ("constant", "a_h", "#define HINGES 7\n", {"HINGES": "7"}),
        ("raises", "a_java", "class A { void swing() { throw new Jammed(); } }", {"A.swing": "Jammed"}),
        ("base", "a_php", "<?php class Gate extends Barrier {}", {"Gate": "Barrier"}),
        ("caller", "a_rs", "fn swing() {}\nfn open() { swing(); }", {"swing": "open"}),
        ("caller", "a_c", "int swing(void);\nint swing(void) { return 1; }\nint open_it(void) { return swing(); }",
         {"swing": "open_it"}),
        ("parameter", "a_py", "def swing(angle, angle2): ...", None),
        ("returns", "a_kt", "fun swing(): Arc = arc()", {"swing": "Arc"}),
        ("member", "a_swift", "enum Wood { case oak, elm, ash }", None),
        ("environment", "a_js", "function swing() { return process.env.FARM_HOME; }", {"swing": "FARM_HOME"}),
        ("file", "hut_lua", "local function swing() end", {"swing": "farm/hut.lua"}),
    ],
)  # fmt: skip
def test_each_kind_in_some_language(kind: str, file: str, source: str, expected: dict[str, str] | None) -> None:
    """The answer is what the source says; the nth parameter and the member are drawn by the name."""
    found = answers(kind, **{file: source})
    assert found == expected if expected is not None else len(found) == 1


def test_the_nth_parameter_is_the_one_that_is_asked_for() -> None:
    """The ordinal in the question counts the parameters without the receiver."""
    source = "class A:\n    def swing(self, alpha, beta, gamma): ..."
    question = ask("parameter", a_py=source)["A.swing"]
    names = {"first": "alpha", "second": "beta", "third": "gamma"}
    ordinal = next(word for word in names if word in question.text)
    assert question.answer == names[ordinal] and "not counting `self`" in question.text


def test_the_member_that_follows() -> None:
    """The member that is named in the question stands right before the answer."""
    question = ask("member", a_rs="enum Wood { Oak, Elm, Ash }")["Wood"]
    order = ["Oak", "Elm", "Ash"]
    assert order.index(question.answer) == order.index(question.detail) + 1


def test_the_subclass_that_overrides() -> None:
    """One of two subclasses defines the method; with both of them, or one subclass only, nothing is asked."""
    base = "class Gate:\n    def swing_it(self): ...\nclass Oak(Gate):\n    def swing_it(self): ...\n"
    assert answers("overrides", a_py=base + "class Elm(Gate): ...") == {"Gate": "Oak"}
    assert answers("overrides", a_py=base + "class Elm(Gate):\n    def swing_it(self): ...") == {}
    assert answers("overrides", a_py=base) == {}


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("constant", {"a_c": "#ifdef X\n#define HINGES 7\n#else\n#define HINGES 8\n#endif\n"}),
        ("constant", {"a_js": "const hinges = compute();"}),
        ("constant", {"a_sh": "HINGES=7\nHINGES=8"}),
        ("constant", {"a_rb": 'GREETING = "hi #{name}"'}),
        ("constant", {"a_go": 'package a\nconst jsonFormat = "json"'}),
        ("default", {"a_ts": "function swing(speed = other()) {}"}),
        ("raises", {"a_java": "class A { void swing() { throw new B(); } void swing(int a) { throw new B(); } }"}),
        ("raises", {"a_ts": "function swing() { if (a) throw new Jammed(); throw new Lost(); }"}),
        ("raises", {"a_ts": "function swing() { throw error; }"}),
        ("raises", {"a_ts": "function swing() { throw Jammed.from(error); }"}),
        ("raises", {"a_ts": "function swing() { return () => { throw new Jammed(); }; }"}),
        ("base", {"a_cs": "class Gate : Barrier, IShut {}"}),
        ("caller", {"a_rs": "fn swing() {}\nfn open() { swing(); }\nfn shut() { swing(); }"}),
        ("caller", {"a_js": "function swing() {}\nfunction open() { swing(); }\nregister(swing);"}),
        ("caller", {"a_java": "class A { void swing() {} void open(B other) { other.swing(); } }"}),
        ("caller", {"a_js": "function swing() {}\nfunction open() { swing(); }", "test_open_js": "swing();"}),
        ("caller", {"a_php": "<?php function swing() {} function open() { register(swing(...)); }"}),
        ("parameter", {"a_js": "function swing({angle}, speed) {}"}),
        ("parameter", {"a_py": "def swing(angle): ..."}),
        ("returns", {"a_ts": "class A { swing(): this { return this; } }"}),
        ("returns", {"a_go": "package a\nfunc swing() (arc Arc, err error) { return }"}),
        ("member", {"a_rs": "enum Wood { Oak1, Oak2, Oak3 }"}),
        ("file", {"swing_lua": "local function swing() end"}),
        ("file", {"a_js": "function outer() { function swing() {} }"}),
    ],
)
def test_what_is_ambiguous_or_told_is_not_asked(kind: str, files: dict[str, str]) -> None:
    """Two answers, none that is certain, a name that is the answer, or a definition that nobody can call."""
    assert answers(kind, **files).get("swing") is None
    assert not set(answers(kind, **files)) & {"HINGES", "hinges", "GREETING", "jsonFormat", "A.swing", "Gate", "Wood"}
