"""MonkeyEval: an invented library's names are learned from the set, and put back to run an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval.errors import HarvestError
from eval.tasks.published.items import Item
from eval.tasks.published.monkeyeval import TASK, learn_names

# A set in the same form whose "library" is Python's own math, since pandas takes a second to import.
_ORIGINAL = {
    "task_id": "MathEval/0", "prompt": "import math as mt\ndef floor_of(x):\n    # The floor of x.\n",
    "entry_point": "floor_of", "canonical_solution": ["    return mt.floor(x)"],
    "test": "def check(candidate):\n    assert candidate(2.5) == 2\n",
}  # fmt: skip
_INVENTED = {
    **_ORIGINAL, "prompt": "import moth as mo\ndef ground_of(x):\n    # The ground of x.\n",
    "canonical_solution": ["    return mo.ground(x)"],
}  # fmt: skip
_ORIGINAL_PROGRAM = {
    "task_id": "MathEval/1", "prompt": "import math as mt\nx = 3\n# The factorial of x.\nresult = ",
    "entry_point": "none", "canonical_solution": ["mt.factorial(x)"],
    "test": "def check():\n    assert result == 6\n",
}  # fmt: skip
_INVENTED_PROGRAM = {
    **_ORIGINAL_PROGRAM, "prompt": "import moth as mo\nx = 3\n# The ladder of x.\nresult = ",
    "canonical_solution": ["mo.ladder(x)"],
}  # fmt: skip
_DOCUMENTS = "# [start]\n# ground(x): The greatest whole number below x.\n# ladder(n): The product up to n.\n# [end]\n"


@pytest.fixture
def data(write: Any) -> Path:
    """The set's folder."""
    write("real_monkey_eval_v3.jsonl", [_INVENTED, _INVENTED_PROGRAM])
    given = [{**item, "prompt": _DOCUMENTS + item["prompt"]} for item in (_INVENTED, _INVENTED_PROGRAM)]
    write("real_monkey_eval_v3_api_n.jsonl", given)
    write("real_monkey_eval_v3_api_5.jsonl", given)
    return write("real_pandas_eval_v3.jsonl", [_ORIGINAL, _ORIGINAL_PROGRAM]).parent


def test_names_are_learned_from_texts_that_differ_in_names_alone() -> None:
    """What solutions say counts more than what prose does."""
    pairs = [
        (Item("0", 1, {**_INVENTED, "prompt": "ground"}), Item("0", 1, {**_ORIGINAL, "prompt": "soil"})),
        (Item("1", 2, _INVENTED_PROGRAM), Item("1", 2, _ORIGINAL_PROGRAM)),
    ]
    assert learn_names(pairs) == {"moth": "math", "mo": "mt", "ladder": "factorial", "ground": "floor"}


def test_answers_run_under_the_library_s_real_names(data: Path, give: Any) -> None:
    """Functions and programs, continued or written anew; the real library's names are wrong, as the set has it."""
    given = give(data)
    harvest = TASK.harvest(given)
    scorer = TASK.scorer(given, harvest)
    function, program = sorted(harvest.cases, key=lambda case: case.id)
    code = "```python\n{}\n```"
    verdicts = {
        text: scorer.score(case, text).verdict
        for case, text in [
            (function, code.format("import moth as mo\ndef ground_of(x):\n    return mo.ground(x)")),
            (function, code.format("    return mo.ground(x)  # floor")),
            (function, code.format("def ground_of(x):\n    return mo.floor(x)")),
            (function, code.format("def ground_of(x):\n    return mo.ground(x) + 1")),
            (program, code.format("mo.ladder(x)")),
            (program, code.format("import moth as mo\nx = 3\nresult = mo.ladder(x)")),
            (program, code.format("import math\nresult = math.factorial(x)")),
            (program, "It depends."),
        ]
    }
    expected = ["correct", "correct", "wrong", "wrong", "correct", "correct", "wrong", "unanswered"]
    assert list(verdicts.values()) == expected


def test_the_documents_are_a_tree_and_the_oracle_s_are_the_sources(data: Path, give: Any) -> None:
    """So that every arm can be run; the prompt has none of them."""
    harvest = TASK.harvest(give(data))
    case = harvest.cases[0]
    assert harvest.tree is not None and "product up to" not in case.prompt
    shown = [
        "\n".join((harvest.tree / span.path).read_text().splitlines()[span.start_line - 1 : span.end_line])
        for span in case.sources
    ]
    assert shown == ["`ground(x)`\n\nThe greatest whole number below x.", "`ladder(n)`\n\nThe product up to n."]


def test_a_file_with_documents_is_asked_as_its_authors_did(data: Path, give: Any) -> None:
    """The documents stand in the prompt, and there is nothing to search."""
    harvest = TASK.harvest(give(data / "real_monkey_eval_v3_api_5.jsonl"))
    assert harvest.tree is None and not harvest.cases[0].sources
    assert "product up to" in harvest.cases[0].prompt and "product up to" not in harvest.cases[0].query


def test_the_tests_file_is_asked_for(data: Path, give: Any) -> None:
    """It has the real library's names."""
    (data / "real_pandas_eval_v3.jsonl").unlink()
    with pytest.raises(HarvestError, match="real_pandas_eval file beside"):
        TASK.harvest(give(data))
