"""The task ``generation``: problems of our own in Python and other languages, with and without a house library; pages.

What is indexed is the house library, which half of the Python problems need and the others have no use for.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from eval.cases import Case, Score, Span
from eval.errors import HarvestError
from eval.sandbox import Sandbox
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.extraction import answered_language, extract_code
from eval.tasks.ordering import take_turns
from eval.tasks.python_source import first_line

from .catalogue import LIBRARY, Check, Problem, library_files, load_problems
from .dialects import DIALECTS, name_in, signature, uses_regex
from .probing import why_missing
from .programs import write_program
from .running import RunReport, run_program
from .web import load_pages, look_at_page


class GenerationTask:
    """Asks for functions and pages, and runs what comes."""

    name = "generation"
    version = 3
    description = "functions and web pages from a text of our own, with and without a house library; decided by running"
    needs_repository = False
    runs_code = True
    max_tokens = 768  # a small page takes 600

    @property
    def default_limit(self) -> int:
        """All there are."""
        return len(make_cases())

    def harvest(self, given: TaskInput) -> Harvest:
        """All problems whose tools are here, balanced over their kinds, and the library as the tree to index."""
        sandbox = sandbox_of(given)
        ordered = balance(make_cases(), given.seed)
        missing: dict[str, str] = {}
        found: set[str] = set()
        while True:  # only what would be asked is tried out; in place of what is missing comes the next
            head = [case for case in ordered if case.language not in missing][: given.limit]
            untried = sorted({case.language for case in head} - found)
            if not untried:
                break
            for language in untried:
                given.on_progress(f"trying out {title_of(language)}")
                reason = why_missing(language, sandbox)
                if reason is None:
                    found.add(language)
                else:
                    missing[language] = reason
        if not head:
            raise HarvestError(f"generation: nothing can be run here. {'; '.join(missing.values())}")
        n_cases = Counter(case.language for case in ordered)
        notes = [
            f"{title_of(language)}: {reason}; {n_cases[language]} problems are left out"
            for language, reason in missing.items()
        ]
        return Harvest(head, _copy_library(given.folder / "library"), notes)

    def scorer(self, given: TaskInput, harvest: Harvest) -> GenerationScorer:
        """What runs the answers."""
        return GenerationScorer(sandbox_of(given))


class GenerationScorer(Scorer):
    """Runs an answer's code against the hidden checks; a page is looked at in a browser."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._problems = {problem.id: problem for problem in load_problems()}

    def score(self, case: Case, text: str) -> Score:
        """Correct if every check passes. Measures: ``asked_language`` 0 or 1, ``passed_share`` of the checks."""
        asked = float(answered_language(text) == case.language)
        problem = self._problems.get(case.data["problem"])
        name = name_in(problem, case.language) if problem is not None else None
        code = extract_code(text, case.language, name)
        if code is None:
            return Score("unanswered", "no code in the answer", measures={"asked_language": asked, "passed_share": 0.0})
        if problem is not None and problem.without_regex and uses_regex(code, case.language):
            reason = "it uses a library of regular expressions, which the problem forbids"
            return Score("wrong", reason, code, {"asked_language": asked, "passed_share": 0.0})
        report = self._run(case, code, problem)
        measures = {"asked_language": asked, "passed_share": report.n_passed / report.n_checks}
        if report.passed:
            return Score("correct", f"all {report.n_checks} checks passed", code, measures)
        reason = f"{report.n_passed} of {report.n_checks} checks passed; {report.reason}"
        return Score("wrong", reason, code, measures, report.timed_out)

    def _run(self, case: Case, code: str, problem: Problem | None) -> RunReport:
        marker = f"check-{hashlib.sha256(case.id.encode()).hexdigest()[:12]}"
        if problem is None:
            return look_at_page(self._sandbox, case.data["problem"], code, marker)
        checks = problem.deciding
        files = write_program(problem, case.language, code, checks, marker)
        return run_program(self._sandbox, case.language, files, marker, len(checks))


def make_cases() -> list[Case]:
    """Every case, whether it can be run here or not."""
    return [
        *(make_case(problem, language) for problem in load_problems() for language in ("python", *problem.languages)),
        *(make_page_case(page_id, statement) for page_id, statement in load_pages().items()),
    ]


def title_of(language: str) -> str:
    """A language as people write it."""
    return DIALECTS[language].title if language in DIALECTS else "web pages"


def make_case(problem: Problem, language: str) -> Case:
    """The case of a problem in a language. Its group is the problem: languages of the same are not independent."""
    dialect = DIALECTS[language]
    library = (
        f"Use our library, the installed package `{LIBRARY}`, whose modules are the files in `{LIBRARY}/`. "
        if problem.uses_library
        else ""
    )
    examples = "".join(f"\n    {_example(problem, language, check)}" for check in problem.examples)
    prompt = (
        f"Write this {dialect.title} function:\n\n    {signature(problem, language)}\n\n{problem.statement}\n"
        + (f"\nExamples:\n{examples}\n" if examples else "")
        + f"\n{library}{dialect.rules}"
    )
    return Case(
        id=problem.id if language == "python" else f"{problem.id}-{language}",
        task=GenerationTask.name,
        kind=problem.kind if language == "python" else language,
        path=problem.id,
        prompt=prompt,
        query=f"{problem.name}: {' '.join(problem.statement.split())}",
        sources=find_helpers(problem.reference),
        language=language,
        data={"problem": problem.id},
    )


def make_page_case(page_id: str, statement: str) -> Case:
    """The case of a web page."""
    prompt = (
        "Write a web page in one HTML file, with its script inside and nothing loaded from elsewhere. Leave out all "
        f"styling that is not asked for. It is {statement}"
    )
    return Case(
        id=f"page-{page_id}",
        task=GenerationTask.name,
        kind="web",
        path=f"page-{page_id}",
        prompt=prompt,
        query=statement,
        language="html",
        data={"problem": page_id},
    )


def find_helpers(reference: str) -> list[Span]:
    """The definitions of the house library that a reference imports."""
    spans = []
    for statement in ast.parse(reference).body:
        if not isinstance(statement, ast.ImportFrom) or not (statement.module or "").startswith(f"{LIBRARY}."):
            continue
        path = f"{statement.module}".replace(".", "/") + ".py"
        names = {alias.name for alias in statement.names}
        for node in ast.parse(library_files()[path]).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
                spans.append(Span(path, first_line(node), node.end_lineno or node.lineno))
    return spans


def balance(cases: Sequence[Case], seed: int) -> list[Case]:
    """The cases shuffled by the seed, so that any head of them has as many of each kind as there are."""
    rng = random.Random(seed)
    kinds: dict[str, list[Case]] = {}
    for case in cases:
        kinds.setdefault(case.kind, []).append(case)
    for group in kinds.values():
        rng.shuffle(group)
    order = sorted(kinds)
    rng.shuffle(order)
    return list(take_turns([kinds[kind] for kind in order]))


def _example(problem: Problem, language: str, check: Check) -> str:
    """A shown check; values as JSON, which reads alike in all languages."""
    values = ", ".join(json.dumps(value) for value in check.arguments)
    return f"{name_in(problem, language)}({values}) = {json.dumps(check.expected)}"


def _copy_library(folder: Path) -> Path:
    """The library in a folder of the task's own, so that it is no part of a repository."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in library_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


TASK = GenerationTask()
