"""The problems themselves: references are right by hand and by brute force, wrong answers do not pass."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.errors import EvaluationError
from eval.tasks.generation.catalogue import (
    GENERATED,
    LIBRARY,
    Check,
    Problem,
    library_files,
    load_problems,
    read_check,
    write_check,
)
from eval.tasks.generation.generated import generate, load_function, outcome_of, random_arguments
from eval.tasks.generation.page_checks import CHECKS
from eval.tasks.generation.task import find_helpers, make_case
from eval.tasks.generation.web import load_pages

PROBLEMS = load_problems()
every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=[problem.id for problem in PROBLEMS])
_MOST_TICKS = 20_000  # rounds of a loop before a mutant is taken for endless


def passes(function: Callable[..., Any], problem: Problem) -> bool:
    """Whether it passes all hidden checks."""
    return all(outcome_of(function, list(check.arguments)) == as_outcome(check) for check in problem.deciding)


def as_outcome(check: Check) -> Check:
    """A check as ``outcome_of`` writes it."""
    return Check(list(check.arguments), check.expected, check.raises)


def test_there_are_as_many_as_promised() -> None:
    """Forty problems and more, the review's two with variants, half with the library, ten in other languages."""
    kinds = Counter(problem.kind for problem in PROBLEMS)
    assert sum(kinds.values()) >= 40
    assert kinds["review"] == kinds["variant"] == 2
    assert kinds["library"] >= 20 and kinds["plain"] >= 10
    for language in ("javascript", "java", "go", "rust", "cpp"):
        assert sum(language in problem.languages for problem in PROBLEMS) >= 10
    assert len({problem.id for problem in PROBLEMS}) == len(PROBLEMS)
    assert load_pages().keys() == CHECKS.keys() - {"probe"} and len(load_pages()) >= 5


@pytest.mark.parametrize("text", [None, "{", "{}", json.dumps({PROBLEMS[0].id: ["[1] => 1"]})])
def test_without_its_generated_checks_no_problem_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """A file that is missing, damaged or of other problems is an error, and not a task with fewer checks."""
    file = tmp_path / "generated.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr("eval.tasks.generation.catalogue.GENERATED", file)
    with pytest.raises(EvaluationError, match=r"generated\.json is missing, damaged, or has no checks of .*install"):
        load_problems.__wrapped__()


@every_problem
def test_reference_passes_what_was_written_by_hand(problem: Problem, library: None) -> None:
    """The expected results in the problem's file were worked out by hand; the reference comes to the same."""
    function = load_function(problem.reference, problem.name)
    for check in problem.checks:
        assert outcome_of(function, list(check.arguments)) == as_outcome(check)


@every_problem
def test_reference_and_brute_force_agree(problem: Problem, library: None) -> None:
    """Another way to the same result is tried on random calls; the generated checks are up to date."""
    assert json.loads(GENERATED.read_text())[problem.id] == generate(problem)
    if problem.brute:
        one, other = (load_function(source, problem.name) for source in (problem.reference, problem.brute))
        for number in range(100, 250):
            arguments = random_arguments(problem, number)
            assert outcome_of(one, arguments) == outcome_of(other, arguments), arguments


@every_problem
def test_stubs_fail(problem: Problem) -> None:
    """Neither nothing nor any one constant passes."""
    for value in (None, 0, 1, -1, True, False, "", "-", "?", [], [0, 0], {}):
        assert not passes(lambda *_, value=value: value, problem), value


@every_problem
def test_most_mutants_of_the_reference_fail(problem: Problem, library: None) -> None:
    """A reference with one comparison, number or call changed does not pass, but for the few that change nothing."""
    survivors = [name for name, function in mutants(problem) if passes(function, problem)]
    n_mutants = sum(1 for _ in mutants(problem))
    assert len(survivors) <= max(1, n_mutants // 4), survivors


def test_shown_examples_are_the_fewer_part() -> None:
    """What stands in the prompt is at most two of a dozen checks, and nothing where the library decides."""
    for problem in PROBLEMS:
        assert len(problem.examples) == (0 if problem.uses_library else 2)
        assert len(problem.deciding) >= 10


@every_problem
def test_library_problems_name_the_library_only(problem: Problem) -> None:
    """The prompt says which library, never what it offers; self-contained problems do not mention it."""
    prompt = make_case(problem, "python").prompt
    helpers = find_helpers(problem.reference)
    assert bool(helpers) == problem.uses_library == (LIBRARY in prompt)
    texts = library_files()
    for helper in helpers:
        lines = texts[helper.path].splitlines()[helper.start_line - 1 : helper.end_line]
        name = re.search(r"(?:def|class) (\w+)", "\n".join(lines))
        assert name is not None and (not name[1].islower() or "_" not in name[1] or name[1] not in prompt)


def test_library_does_not_hold_what_is_asked_for() -> None:
    """No problem's function is in the library, nor a line of a reference that is longer than an import."""
    text = "\n".join(library_files().values())
    for problem in PROBLEMS:
        assert f"def {problem.name}(" not in text
        body = [
            line.strip() for line in problem.reference.splitlines() if not line.startswith(("def ", "from ", " " * 8))
        ]
        assert not any(len(line) > 40 and line in text for line in body)


def test_values_of_several_languages_are_plain() -> None:
    """Texts are ASCII and numbers fit 32 bits, so that all languages mean the same by them."""
    for problem in PROBLEMS:
        for check in problem.deciding if problem.languages else ():
            text = write_check(check)
            assert text.isascii() and "\\" not in text and not check.raises
            assert all(abs(int(number)) < 2**31 for number in re.findall(r"-?\d+", text))


def test_check_lines_are_read_as_they_are_written() -> None:
    """Results and errors both."""
    for line in ('["a => b", 1] => {"x": [true]}', "[] => !Rejected"):
        assert write_check(read_check(line)) == line


def mutants(problem: Problem) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The reference with one place changed each time, and every loop counted so that none is endless."""
    n_places = _Change(-1).count(problem.reference)
    for place in range(n_places):
        change = _Change(place)
        tree = _Counted().visit(change.visit(ast.parse(problem.reference)))
        namespace: dict[str, Any] = {"_tick": _make_tick()}
        exec(compile(ast.fix_missing_locations(tree), "mutant", "exec"), namespace)
        yield change.said, namespace[problem.name]


def _make_tick() -> Callable[[], None]:
    n_ticks = 0

    def tick() -> None:
        nonlocal n_ticks
        n_ticks += 1
        if n_ticks > _MOST_TICKS:
            raise TimeoutError

    return tick


class _Counted(ast.NodeTransformer):
    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.parse("_tick()").body[0])
        return node


class _Change(ast.NodeTransformer):
    """Changes the place of that number: a comparison, an operator, a number or a condition."""

    _COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq} | {
        ast.NotEq: ast.Eq,
        ast.In: ast.NotIn,
        ast.NotIn: ast.In,
    }
    _COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mod: ast.Add, ast.Mult: ast.Add, ast.BitOr: ast.BitAnd}

    def __init__(self, place: int) -> None:
        self._place, self._seen, self.said = place, -1, ""

    def count(self, source: str) -> int:
        self.visit(ast.parse(source))
        return self._seen + 1

    def _is_it(self, node: ast.AST) -> bool:
        self._seen += 1
        if self._seen == self._place:
            self.said = ast.unparse(node)
        return self._seen == self._place

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if type(node.ops[0]) in self._COMPARED and self._is_it(node):
            node.ops[0] = self._COMPARED[type(node.ops[0])]()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if type(node.op) in self._COMPUTED and self._is_it(node):
            node.op = self._COMPUTED[type(node.op)]()
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str | int) and self._is_it(node):
            changed = not node.value if isinstance(node.value, bool) else node.value + type(node.value)("1")
            return ast.Constant(changed)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if self._is_it(node):
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.args and self._is_it(node):
            return node.args[0].value if isinstance(node.args[0], ast.Starred) else node.args[0]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(statement) for statement in node.body]
        return node
