"""CRUXEval: what does a call return (kind `output`), or which call returns this (kind `input`)? Running it decides."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from eval.cases import Case, Score
from eval.sandbox import Limits, Sandbox
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.extraction import extract_code

from .items import Item, find_file, read_items
from .programs import Candidate, choose, fingerprint, judge, python_of, python_program

_FIELDS = {"id": str, "code": str, "input": str, "output": str}
_LIMITS = Limits(seconds=10.0)
_ASK_OUTPUT = (
    "What does this call return? Answer with the assertion completed by a literal, and nothing else.\n\n"
    "```python\n{code}\n\nassert f({input}) == ??\n```"
)
_ASK_INPUT = (
    "Find arguments for which this assertion holds; any will do. Answer with the completed assertion, and nothing "
    "else.\n\n```python\n{code}\n\nassert f(??) == {output}\n```"
)


class CruxEval:
    """The 800 functions of CRUXEval, each asked for its output and for an input; pass@1 of each by kind."""

    name = "cruxeval"
    version = 3
    description = "CRUXEval, from your copy (--data): predict what a call returns, or a call that returns it"
    needs_repository = False
    runs_code = True
    max_tokens = 256
    default_limit = 200

    def harvest(self, given: TaskInput) -> Harvest:
        """Every function twice, with its output and its input missing. Raises HarvestError, SandboxMissing."""
        path = find_file(given, self.name, ["cruxeval*.jsonl*", "*.jsonl.gz", "*.jsonl"], "cruxeval.jsonl")
        items = read_items(path, _FIELDS, "id")
        scorer = PredictionScorer(sandbox_of(given), python_of(given))
        key = f"{self.name} {self.version} {fingerprint(path)} {python_of(given)}"
        limit = given.limit or self.default_limit
        outputs, notes = choose(given, [_output_candidate(item) for item in items], scorer.score, (limit + 1) // 2, key)
        known = {case.path: case for case in outputs}
        inputs = [_input_case(item, known[item.id]) for item in items if item.id in known]
        by_path = {case.path: case for case in inputs}
        cases = [case for output in outputs for case in (output, by_path[output.path])]
        return Harvest(cases[:limit], notes=notes)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs the function with what was predicted. Raises SandboxMissing."""
        return PredictionScorer(sandbox_of(given), python_of(given))


class PredictionScorer(Scorer):
    """Evaluates the completed assertion."""

    def __init__(self, sandbox: Sandbox, python: Path) -> None:
        self._sandbox, self._python = sandbox, python

    def score(self, case: Case, text: str) -> Score:
        """``correct`` if the assertion holds; ``unanswered`` if the answer completes none."""
        found = _completed(text, case.kind)
        if found is None:
            return Score("unanswered", "the answer completes no assertion" if text.strip() else "the answer is empty")
        tree = ast.parse(found, mode="eval")
        calls = [node for node in ast.walk(tree) if _calls_f(node)]
        if case.kind == "output" and calls:
            return Score("wrong", "the answer calls the function instead of telling what it returns", found)
        if case.kind == "input" and not (len(calls) == 1 and calls[0] is tree.body):
            return Score("wrong", "the answer is no single call of the function", found)
        expected = f"f({case.data['input']})" if case.kind == "output" else str(case.data["output"])
        program = f"{case.data['code']}\n\nassert ({found}) == ({expected}), 'the prediction is wrong'\n"
        return judge(self._sandbox, python_program(self._python, program, limits=_LIMITS), found)


def _completed(text: str, kind: str) -> str | None:
    """The expression that an answer puts into the assertion: the right side, or the call on the left; else None."""
    block = extract_code(text, "python")
    for source in (block, text):
        for line in reversed(_statements(source or "")):
            test = line.test if isinstance(line, ast.Assert) else line.value if isinstance(line, ast.Expr) else None
            if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
                left, right = test.left, test.comparators[0]
                if _calls_f(right) and not _calls_f(left):  # the sides in the other order
                    left, right = right, left
                return ast.unparse(right if kind == "output" else left)
    for last in _statements(block or "")[-1:]:
        if isinstance(last, ast.Expr):
            return ast.unparse(last.value)
    bare = re.sub(r"^```\w*\n|\n?```$", "", text.strip()).strip()
    if kind == "output":
        bare = bare.rpartition("==")[2].strip() if "==" in bare else bare
    for candidate in (bare, bare.splitlines()[-1].strip() if bare else ""):
        try:
            return ast.unparse(ast.parse(candidate, mode="eval"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _statements(source: str) -> list[ast.stmt]:
    """The top-level statements of code; of text that is none, those of its lines that are."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    found: list[ast.stmt] = []
    for line in source.splitlines():
        bare = line.strip().strip("`*")
        for text in (bare, bare.rstrip(".`*")):  # the end of a sentence; or of a number
            if text.startswith("assert "):
                try:
                    found += ast.parse(text).body
                    break
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue
    return found


def _calls_f(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "f"


def _output_candidate(item: Item) -> Candidate:
    code, given, output = str(item["code"]), str(item["input"]), str(item["output"])
    data = {"code": code, "input": given, "output": output}
    prompt = _ASK_OUTPUT.format(code=code.strip(), input=given)
    case = Case(f"{item.id}/output", "cruxeval", "output", item.id, prompt, code.strip(), (), "python", data=data)
    return Candidate(case, f"assert f({given}) == {output}", "assert f() == ...")


def _input_case(item: Item, output: Case) -> Case:
    prompt = _ASK_INPUT.format(code=str(item["code"]).strip(), output=str(item["output"]))
    return Case(f"{item.id}/input", "cruxeval", "input", item.id, prompt, output.query, (), "python", data=output.data)


TASK = CruxEval()
