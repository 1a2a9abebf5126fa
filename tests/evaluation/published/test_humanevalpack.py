"""HumanEvalPack: planted bugs in several languages, mended or not."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from eval.errors import HarvestError
from eval.tasks.published.humanevalpack import TASK

# task id, declaration, correct and buggy body, tests
_ITEMS = {
    "Python": (
        "def add_tax(price):\n", "    return price + 2\n", "    return price - 2\n",
        "def check(add_tax):\n    assert add_tax(3) == 5\n\ncheck(add_tax)\n",
    ),
    "JavaScript": (
        "const addTax = (price) => {\n", "  return price + 2;\n}\n", "  return price - 2;\n}\n",
        "const testAddTax = () => {\n  console.assert(addTax(3) === 5)\n}\n\ntestAddTax()\n",
    ),
    "Java": (
        "import java.util.*;\n\nclass Solution {\n    public int addTax(int price) {\n",
        "        return price + 2;\n    }\n}\n", "        return price - 2;\n    }\n}\n",
        "public class Main {\n    public static void main(String[] args) {\n"
        "        if (new Solution().addTax(3) != 5) throw new AssertionError();\n    }\n}\n",
    ),
    "CPP": (
        "#include <vector>\nusing namespace std;\nint add_tax(int price){\n", "    return price + 2;\n}\n",
        "    return price - 2;\n}\n", "#undef NDEBUG\n#include <assert.h>\nint main(){ assert(add_tax(3) == 5); }\n",
    ),
    "Rust": (
        "fn main(){}\n\nuse std::collections::HashMap;\nfn add_tax(price: i32) -> i32 {\n", "    price + 2\n}\n",
        "    price - 2\n}\n",
        "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn test_add_tax() {\n"
        "        assert_eq!(add_tax(3), 5);\n    }\n}\n",
    ),
}  # fmt: skip
_NAMES = {"JavaScript": "addTax", "Java": "addTax"}


def _item(kind: str) -> dict[str, Any]:
    declaration, solution, buggy, test = _ITEMS[kind]
    return {
        "task_id": f"{kind}/0", "declaration": declaration, "canonical_solution": solution, "buggy_solution": buggy,
        "test": test, "entry_point": _NAMES.get(kind, "add_tax"), "bug_type": "operator misuse", "prompt": declaration,
    }  # fmt: skip


# As in the set: the head holds a helper, may go on into the body, and its function's name may not be that of the item.
# Per language: declaration; the rest, which is a right answer too; the function alone; all that an answer may repeat.
_HELPED = {
    "Python": (
        "def rate(price):\n    return 2\n\n\ndef add_tax(price):\n    first = price\n",
        "    return first + rate(price)\n",
        "def add_tax(price):\n    return math.floor(price + rate(price))\n",
        "def rate(price): return 2\n\ndef add_tax(price):\n    return price + rate(price)\n\n"
        "def check(add_tax):\n    assert add_tax(3) == 6\n\ncheck(add_tax)\nassert add_tax(0) == 0\n",
    ),
    "JavaScript": (
        "const rate = (price) => {\n  return 2\n}\n\nconst addTaxes = (price) => {\n",
        "  return price + rate(price)\n}\n",
        "function addTaxes(price) {\n  return price + rate(price)\n}\n",
        "const rate = (price) => 2\nconst addTaxes = (price) => {\n  return price + rate(price)\n}\n"
        "// Tests\nconst testAddTax = () => {\n  console.assert(addTaxes(3) === 5)\n}\n\ntestAddTax()\n"
        "console.assert(addTaxes(0) === 0)\n",
    ),
    "Java": (
        "import java.util.*;\n\nclass Solution {\n    public int rate(int price) {\n        return 2;\n    }\n\n"
        "    public int addTaxes(int price) {\n", "        return price + rate(price);\n    }\n}\n",
        "public int addTaxes(int price) {\n    return price + rate(price);\n}\n",
        "import java.util.*;\n\npublic class Main {\n    public static void main(String[] args) { }\n}\n\n"
        "public class Solution {\n    public int addTaxes(int price) {\n        return price + rate(price);\n    }\n"
        "}\n",
    ),
    "CPP": (
        "#include <vector>\nusing namespace std;\nint rate(int price){\n    return 2;\n}\nint add_taxes(int price){\n"
        "    int sum = price;\n", "    return sum + rate(price);\n}\n",
        "int add_taxes(int price) {\n    return price + rate(price);\n}\n",
        "#include <string>\nint rate(int price) { return 2; }\n"
        "int add_taxes(int price) { return max(0, price + rate(price)); }\n"
        "#include <assert.h>\nint main() { assert(add_taxes(3) == 6); }\n",
    ),
    "Rust": (
        "use std::{collections::{HashMap, HashSet}, cmp::max};\nuse no_such_crate::Trade;\n\n"
        "fn rate(price: i32) -> i32 {\n    return 2;\n}\n\nfn add_taxes(price: i32) -> i32 {\n",
        "    price + rate(price)\n}\n",
        "fn add_taxes(price: i32) -> i32 {\n    max(0, price + rate(price))\n}\n",
        "use std::collections::HashMap;\nuse no_such_crate::Trade;\n\nfn rate(price: i32) -> i32 { 2 }\n\n"
        "fn add_taxes(price: i32) -> i32 {\n    let known: HashMap<i32, i32> = HashMap::new();\n"
        "    known.get(&price).unwrap_or(&(price + rate(price))).clone()\n}\n\n"
        "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n\nfn main() {\n    println!(\"{}\", add_taxes(1));\n}\n",
    ),
}  # fmt: skip
_TOOLS = [("Python", "sh"), ("JavaScript", "node"), ("Java", "javac"), ("CPP", "g++"), ("Rust", "rustc")]


@pytest.mark.parametrize(("kind", "tool"), _TOOLS)
def test_what_an_answer_repeats_or_leaves_out_does_not_decide(
    write: Any, give: Any, scores: Any, kind: str, tool: str
) -> None:
    """Helpers, imports, the tests, an example with a mistake: all of them are in what models give."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    declaration, rest, alone, repeating = _HELPED[kind]
    names = {"add_tax": "add_taxes", "addTax": "addTaxes"} if kind != "Python" else {}
    test = _ITEMS[kind][3]
    for name, other in names.items():
        test = re.sub(rf"\b{name}\b(?=\()", other, test)
    item = {
        **_item(kind), "declaration": declaration, "canonical_solution": rest,
        "buggy_solution": rest.replace(" + ", " - "), "test": test,
    }  # fmt: skip
    tag = kind.lower()
    parts = {"alone": alone, "repeating": repeating, "body": rest}
    answers = {name: f"```{tag}\n{part}```" for name, part in parts.items()}
    wrong = {f"{name} wrong": text.replace(" + rate", " * rate") for name, text in answers.items()}
    assert scores(TASK, give(write("humanevalpack.jsonl", [item])), {**answers, **wrong}) == {
        **dict.fromkeys(answers, "correct"), **dict.fromkeys(wrong, "wrong"),
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "tool"), _TOOLS)
def test_a_mended_function_passes_and_an_unmended_one_fails(
    write: Any, give: Any, scores: Any, kind: str, tool: str
) -> None:
    """In each language whose tools are here; the harvest itself tries the set's own solution and its bug."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    declaration, solution, buggy, _ = _ITEMS[kind]
    tag = {"CPP": "cpp"}.get(kind, kind.lower())
    bare = declaration.rpartition("\n\n")[2] if kind != "CPP" else "int add_tax(int price){\n"
    answers = {
        "mended": f"The sign was wrong.\n\n```{tag}\n{declaration}{solution}\n```",
        "alone": f"```{tag}\n{bare}{solution}\n```",
        "unmended": f"```{tag}\n{declaration}{buggy}\n```",
        "broken": f"```{tag}\n{declaration}    return ((\n```",
    }
    assert scores(TASK, give(write("humanevalpack.jsonl", [_item(kind)])), answers) == {
        "mended": "correct", "alone": "correct", "unmended": "wrong", "broken": "wrong",
    }  # fmt: skip


def test_the_prompt_shows_the_bug_and_the_tests(write: Any, give: Any) -> None:
    """As the set's setting with tests does; not the solution."""
    case = TASK.harvest(give(write("humanevalpack.jsonl", [_item("Python")]))).cases[0]
    assert "price - 2" in case.prompt and "add_tax(3) == 5" in case.prompt and "price + 2" not in case.prompt
    assert case.kind == "Python" and case.language == "python"


def test_languages_that_are_not_run_are_named(write: Any, give: Any) -> None:
    """Go's tests need a package beside its library."""
    go = {**_item("CPP"), "task_id": "Go/0"}
    harvest = TASK.harvest(give(write("humanevalpack.jsonl", [go, _item("Python")])))
    assert list(harvest.notes) == ["1 item left out: Go is not run here."]
    with pytest.raises(HarvestError, match="Go is not run here"):
        TASK.harvest(give(write("humanevalpack.jsonl", [go])))
