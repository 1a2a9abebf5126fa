"""The task ``repair``: a function has a planted bug, a test fails, and the repository's own tests decide.

What the model sees is the function with the bug and pytest's account of the first test that fails; after an answer
that fails, the new account.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, replace

from eval.cases import Case, Score, Span
from eval.errors import HarvestError, SandboxError
from eval.tasks.base import Harvest, Scorer, Task, TaskInput
from eval.tasks.excerpts import describe_function, find_function, show_function
from eval.tasks.python_source import parse_python
from eval.tasks.repository.answers import TestedAnswerScorer
from eval.tasks.repository.heldout import HeldOutRepository
from eval.tasks.repository.records import Function
from eval.tasks.repository.tested import TestedRepository, open_tested_repository
from eval.tasks.repository.trial import Trials

from .messages import clean_message
from .mutation import Mutation
from .planting import PlantedBug, can_hold_bug, plant_bugs

_DEFAULT_LIMIT = 60


@dataclass(frozen=True, slots=True)
class RepairTask:
    """See the module."""

    name: str = "repair"
    version: int = 7
    description: str = "corrects functions with a planted bug; the repository's own tests decide (Python)"
    needs_repository: bool = True
    runs_code: bool = True
    max_tokens: int = 1024
    default_limit: int = _DEFAULT_LIMIT

    def harvest(self, given: TaskInput) -> Harvest:
        """Plant bugs until enough are noticed by tests. Raises HarvestError where none is."""
        repository = open_tested_repository(given)
        own = [function for function in repository.functions if repository.is_own_code(function.path)]
        functions = [function for function in own if can_hold_bug(repository, function)]
        if not functions:
            raise HarvestError(
                f"{given.repo}: none of its functions ({len(own)}) is executed by a passing test and of a size that an "
                "answer can hold, so no bug can be planted: give another --repo, or another task."
            )
        with Trials(repository) as trials:
            bugs, notes = plant_bugs(
                repository,
                trials,
                functions,
                given.seed,
                given.limit or self.default_limit,
                given.folder / f"trials-{repository.checkout.content}-{repository.conditions}.jsonl",
                given.on_progress,
            )
        if not bugs:
            raise HarvestError(
                f"{given.repo}: its tests notice none of the bugs that were planted ({notes[0]}): give another --repo, "
                "or another task."
            )
        held_out = HeldOutRepository.of(repository)
        hidden = {function: held_out.hide(function) for function in dict.fromkeys(bug.function for bug in bugs)}
        cases = [make_case(repository, bug, *hidden[bug.function]) for bug in bugs]
        few = f"{len(own) - len(functions)} of {len(own)} functions were left out: no passing test executes them, or"
        return Harvest(
            cases,
            held_out.folder,
            [*repository.notes, f"{few} they are too short or too long", *notes, *held_out.notes],
            repository.environment,
            repository,
            repository.decides,
        )

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Judges by the tests that noticed the bug, and the others that execute the function."""
        return RepairScorer(harvest)


class RepairScorer(TestedAnswerScorer):
    """Tells the bug given back from other wrong answers: ``unchanged`` is 1 then."""

    def run(self, case: Case, function: Function, code: str, placed: str) -> Score:
        """See ``PlacedAnswerScorer``."""
        if _same_program(placed, _mutation_of(case).apply(self.repository.text_of(function.path))):
            return Score("wrong", "the function as it was given, with its bug", code, {"unchanged": 1.0})
        score = super().run(case, function, code, placed)
        return replace(score, measures={"unchanged": 0.0, **score.measures})

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        """What the tests say of the answer, or why nothing could be tested. Raises SandboxError."""
        wanted = _wish(case.data["name"])
        if score.verdict == "unanswered":
            return f"Your answer holds no code. {wanted}"
        if score.measures.get("unchanged"):
            return f"That is the same function as before, and the test still fails. {wanted}"
        if "unchanged" not in score.measures:
            return f"That cannot be used: {score.explanation}. {wanted}"
        again = self.score(case, text)  # known, unless an earlier run scored it
        if again.verdict == "error":
            raise SandboxError(again.explanation)
        trial = self.trials.get((case.id, again.normalised))
        failed_test, message = (trial.failed_test, trial.message) if trial is not None else ("", "")
        account = clean_message(message or score.explanation, self.repository.checkout.texts)
        failure = f"the test `{failed_test}` fails" if failed_test else "the tests cannot be run"
        return f"With your function {failure}:\n\n```\n{account}\n```\n\n{wanted}"


def _mutation_of(case: Case) -> Mutation:
    data = case.data
    return Mutation(case.kind, data["line"], data["start"], data["before"], data["after"])


def make_case(repository: TestedRepository, bug: PlantedBug, ref: str, sources: list[Span]) -> Case:
    """The case of a bug. ``ref`` is the tree that is searched for it, ``sources`` what its function uses there."""
    function, mutation = bug.function, bug.mutation
    mutated = mutation.apply(repository.text_of(function.path))
    tree = parse_python(mutated)
    found = find_function(tree, function.def_line) if tree is not None else None
    assert found is not None  # a mutation parses, and leaves the signature where it is
    account = clean_message(bug.trial.message, repository.checkout.texts)
    prompt = (
        f"The test `{bug.trial.failed_test}` fails:\n\n```\n{account}\n```\n\n"
        f"The reason is a bug in this function of `{function.path}`:\n\n"
        f"```python\n{show_function(mutated, found)}\n```\n\n{_wish(found.node.name)}"
    )
    identity = f"{function.key}\0{mutation.kind}\0{mutation.start}\0{mutation.before}\0{mutation.after}"
    return Case(
        id=hashlib.sha256(identity.encode()).hexdigest()[:12],
        task="repair",
        kind=mutation.kind,
        path=function.path,
        prompt=prompt,
        query=f"{describe_function(found)}\n{bug.trial.error}".strip(),
        sources=sources,
        ref=ref,
        language="python",
        data={
            "function": function.key,
            "name": found.node.name,
            "line": mutation.line,
            "start": mutation.start,
            "before": mutation.before,
            "after": mutation.after,
            "failed_test": bug.trial.failed_test,
            "tests": [test.id for test in repository.deciding_tests(function)],
        },
    )


def _wish(name: str) -> str:
    """What the model is to do. No reason is asked for, after which small models write no code any more."""
    return f"Fix the bug in `{name}`: write the whole corrected function in one fenced block of Python."


def _same_program(one: str, other: str) -> bool:
    trees = parse_python(one), parse_python(other)
    return trees[0] is not None and trees[1] is not None and _dump(trees[0]) == _dump(trees[1])


def _dump(tree: ast.Module) -> str:
    """The tree without docstrings: an answer's are dropped where it is put in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


TASK: Task = RepairTask()
