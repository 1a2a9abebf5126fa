"""What of an answer in Python counts: answers as models write them, with quotations, drafts and examples."""

from __future__ import annotations

import pytest

from eval.tasks.python_answers import extract_version, without_examples

SHOWN = '''import time


def total(values):
    """The sum, slowly."""
    result = 0
    for value in values:
        result += value
    return result
'''
FAST = "def total(values):\n    return sum(values)\n"
DRAFT = (
    "from math import fsum\n\n\ndef total(values):\n    # a first try, which is longer\n    return fsum([*values])\n"
)
STUB = "def total(values):\n    '''The sum, by whatever is fast, with the same result whatever it gets.'''\n    ...\n"


def fence(*codes: str) -> str:
    """An answer with these blocks, and words between them."""
    return "\n\nThen:\n".join(f"```python\n{code}```" for code in codes)


@pytest.mark.parametrize(
    "codes",
    [(SHOWN, FAST), (FAST, SHOWN), (DRAFT, FAST), (SHOWN, DRAFT, FAST), (STUB, FAST), (FAST, STUB)],
    ids=["quoted before", "quoted behind", "draft", "both", "stub before", "stub behind"],
)
def test_the_last_version_counts(codes: tuple[str, ...]) -> None:
    """However long another one is: what was shown, a first try, a head without a body."""
    assert (extract_version(fence(*codes), SHOWN, "total") or "").endswith(FAST)


def test_without_the_name_programs_are_told_apart_by_what_they_define() -> None:
    """The quoted program, then a shorter repaired one; a class with fewer methods is a part and not a version."""
    planted = "class Gate:\n    def enter(self):\n        pass\n\n    def leave(self):\n        return self.n\n"
    repaired = "class Gate:\n    def enter(self): pass\n    def leave(self): return 0\n"
    part = "class Gate:\n    def leave(self):\n        return 0\n"
    assert extract_version(fence(planted + "# as it was\n", repaired), planted) == repaired
    assert extract_version(fence(repaired, part), planted) == repaired


def test_a_draft_still_lends_what_its_successor_uses() -> None:
    """Only the definition that is given again goes, not the helper beside it."""
    helper = "def add(a, b):\n    return a + b\n"
    last = "def total(values):\n    return reduce_by(add, values)\n"
    found = extract_version(fence(f"{helper}\n\n{DRAFT}", last), SHOWN, "total") or ""
    assert "def add" in found and "fsum([*values])" not in found and found.endswith(last)


@pytest.mark.parametrize("text", [fence(SHOWN), SHOWN, fence(SHOWN).replace("\n", "\r\n")])
def test_a_quotation_alone_is_what_was_answered(text: str) -> None:
    """It is wrong, and not no answer."""
    assert extract_version(text, SHOWN, "total") == SHOWN
    assert extract_version("I cannot do that.", SHOWN, "total") is None


def test_of_python_only_what_runs_behind_the_function_goes() -> None:
    """Not what the function reads, other definitions, and what stands before it; code that does not parse is kept."""
    kept = (
        "import sys\nsys.setrecursionlimit(9)\n\ndef f(n):\n    return g(n) + N\n\nN = 2\n\ndef g(n):\n    return n\n"
    )
    shown = "n = f(1)\nprint(n)\nif n > 2:\n    f()\n"
    assert without_examples(kept + shown, "f") == kept
    assert without_examples("def f(:\n" + shown, "f") == "def f(:\n" + shown


def test_of_a_program_what_others_may_read_stays() -> None:
    """Behind its first definition: what only runs goes, assignments stay whoever reads them."""
    kept = "import asyncio\n\nclass Store:\n    pass\n\nSTORE = Store()\nStore.size = 3\n\nasync def main(): pass\n\n"
    shown = "# Example usage\nasyncio.run(main())\nassert STORE\nif __name__ == '__main__':\n    main()\n"
    assert without_examples(kept + shown) == kept + "# Example usage\n"
    assert without_examples("print(1)\n") == "print(1)\n"
