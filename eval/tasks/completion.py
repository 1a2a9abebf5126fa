"""Completion: a function's body is missing, the model writes it, the repository's own tests decide.

The model is shown the head of the file, the head of the class, signature and docstring, in every arm alike. Whether
code of the repository helps beyond that is what the arms differ in.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.records import Answer
from eval.cases import N_KILLED, N_MUTANTS, NOT_DECISIVE, Case
from eval.errors import HarvestError
from eval.tables import count_noun
from eval.tasks.base import Harvest, Scorer, Task, TaskInput

from .python_source import find_class, first_line, parse_python, split_lines
from .repair.strength import Strength, describe_strength, measure_strength
from .repository.answers import TestedAnswerScorer
from .repository.deciding import Decided, confirm
from .repository.functions import spread
from .repository.heldout import HeldOutRepository
from .repository.records import Function
from .repository.tested import TestedRepository, open_tested_repository

_MAX_HEAD_CHARS = 1600  # some 400 tokens of imports and constants
_MAX_CONSTANT_LINES = 4
_MAX_DOCSTRING_LINES = 3  # of the module and the class: what they are, not how they are used
_MAX_QUERY_CHARS = 1000
_BLANK = "..."
_TRIPLE_QUOTE = re.compile(r"[rRuU]?(?:\"\"\"|''')")


class CompletionTask:
    """Writes bodies of a repository's functions."""

    name = "completion"
    version = 6
    description = "write a function's body from signature and docstring; the repository's own tests decide"
    needs_repository = True
    runs_code = True
    max_tokens = 768
    default_limit = 60

    def harvest(self, given: TaskInput) -> Harvest:
        """Functions whose tests pass as they are and fail without the body. Raises HarvestError, EnvironmentFailed."""
        repository = open_tested_repository(given)
        limit = given.limit or self.default_limit
        decided, reasons = confirm(repository, spread(repository.candidates, given.seed), limit, given.on_progress)
        if not decided:
            raise HarvestError(
                f"No function of {given.repo} can be asked for: {_counted(repository.left_out + reasons)}. Give a "
                "repository with more tested functions."
            )
        held = HeldOutRepository.of(repository)
        strengths = measure_strength(repository, decided, given.seed, given.on_progress)
        cases = [_make_case(repository, held, each, strengths[each.function.key]) for each in decided]
        notes = [*repository.notes, *held.notes, f"Functions left out: {_counted(repository.left_out + reasons)}."]
        notes += [line] if (line := describe_strength(strengths)) else []
        if len(decided) < limit:
            notes.append(f"Only {count_noun(len(decided), 'function')} can be asked for, of {limit} that were wanted.")
        return Harvest(cases, held.folder, notes, repository.environment, repository, repository.decides)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs the tests that decide."""
        return CompletionScorer(harvest)


class CompletionScorer(TestedAnswerScorer):
    """Says of each answer how well the tests decide, too."""

    def extras(self, case: Case, answer: Answer) -> Mapping[str, Any]:
        """How well the tests decide, for the report's split."""
        return {name: case.data[name] for name in NOT_DECISIVE if name in case.data}


def _make_case(repository: TestedRepository, held: HeldOutRepository, decided: Decided, strength: Strength) -> Case:
    function = decided.function
    text = repository.text_of(function.path)
    shown, _ = _find_head(text, function)
    ref, sources = held.hide(function, {line for lines in shown for line in lines})
    return Case(
        id=hashlib.sha256(f"completion\0{function.key}".encode()).hexdigest()[:12],
        task="completion",
        kind="uses the repository" if sources else "stands alone",
        path=function.path,
        prompt=make_prompt(text, function),
        query=make_query(text, function),
        sources=sources,
        language="python",
        purpose="code",
        data={
            "function": function.key,
            "tests": [test.id for test in decided.tests],
            "has_docstring": bool(function.docstring),
            "n_body_lines": function.n_body_lines,
            N_MUTANTS: strength.n_mutants,
            N_KILLED: strength.n_killed,
        },
        ref=ref,
    )


def make_prompt(text: str, function: Function) -> str:
    """What the model is asked: the file's head, and what of the function is there."""
    what = "method" if function.owner else "function"
    head = file_head(text, function)
    before = f"The head of the file:\n\n{_fenced(head)}\n\n" if head else ""
    return (
        f"Write the {what} `{function.name}` of the file `{function.path}`. {before}The {what}, whose body is missing:"
        f"\n\n{_fenced(function_head(text, function))}\n\nAnswer with the whole {what} `{function.last_name}` in one "
        f"Python block: its signature as it is, without the docstring. Write no example and no test."
    )


def _fenced(code: str) -> str:
    """A block of Python. Docstrings may hold fences of their own."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}python\n{code}\n{fence}"


def make_query(text: str, function: Function) -> str:
    """What retrieval searches for: path, name, signature and docstring.

    The path brings its neighbours up: on development repositories it found a definition that the body uses among the
    first five hits for 57 of 100 functions, against 49 without it.
    """
    head = "".join(split_lines(text)[function.def_line - 1 : function.head_end_line])
    signature = " ".join(_TRIPLE_QUOTE.split(head)[0].split())
    return f"{function.path} {function.name} {signature} {' '.join(function.docstring.split())}"[
        :_MAX_QUERY_CHARS
    ].strip()


def file_head(text: str, function: Function) -> str:
    """The file's imports and small constants, in order, with a mark where they were capped."""
    lines = split_lines(text)
    shown, is_capped = _find_head(text, function)
    parts = ["".join(lines[each.start - 1 : each.stop - 1]).rstrip() for each in shown]
    return "\n".join([*parts, "# [...]"] if is_capped else parts)


def _find_head(text: str, function: Function) -> tuple[list[range], bool]:
    """The lines of the head's statements, but for the one that holds the function, and whether they were capped."""
    tree = parse_python(text)
    lines = split_lines(text)
    shown: list[range] = []
    n_chars = 0
    for statement in tree.body if tree is not None else []:
        each = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        if function.def_line in each or not _belongs_to_head(statement):  # below `except ImportError`
            continue
        n_chars += len("".join(lines[each.start - 1 : each.stop - 1]).rstrip()) + 1
        if n_chars > _MAX_HEAD_CHARS:
            return shown, True
        shown.append(each)
    return shown, False


def _belongs_to_head(statement: ast.stmt) -> bool:
    n_lines = (statement.end_lineno or statement.lineno) - statement.lineno + 1
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.If | ast.Try):  # imports that depend on something
        return all(
            isinstance(inner, ast.Import | ast.ImportFrom | ast.Pass | ast.Assign)
            for inner in [*statement.body, *statement.orelse]
        )
    return isinstance(statement, ast.Assign | ast.AnnAssign) and n_lines <= _MAX_CONSTANT_LINES


def function_head(text: str, function: Function) -> str:
    """The heads of the classes around the function, its decorators, signature and docstring, and a mark below."""
    lines = split_lines(text)
    parts: list[str] = []
    owner = ""
    for name in function.owner.split(".") if function.owner else []:
        owner = f"{owner}.{name}" if owner else name
        node = find_class(text, owner)
        if node is None:
            continue
        first, begin = first_line(node), node.body[0]
        parts += lines[first - 1 : first_line(begin) - 1] or lines[first - 1 : first]
        if ast.get_docstring(node) is not None:
            docstring = lines[begin.lineno - 1 : begin.end_lineno]
            parts += docstring if len(docstring) <= _MAX_DOCSTRING_LINES else []
    parts += lines[function.start_line - 1 : function.head_end_line]
    definition = lines[function.def_line - 1]
    indent = definition[: len(definition) - len(definition.lstrip())]
    return "\n".join([*(part.rstrip() for part in parts), f"{indent}    {_BLANK}"])


def _counted(reasons: Mapping[str, int]) -> str:
    most = Counter(reasons).most_common()
    return ", ".join(f"{n} {reason}" for reason, n in most) or "none"


TASK: Task = CompletionTask()

__all__: Sequence[str] = ("TASK", "CompletionScorer", "CompletionTask", "file_head", "make_prompt", "make_query")
