"""RepoExec: write a function of a repository, with what it uses findable there; the set's own tests decide.

The repository is the one that ``--repo`` names, so a run asks for the items of one project. What the set gives as
context holds the solution, and is not shown: the oracle gives the definitions that the original body uses.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from eval.cases import Case, Score
from eval.errors import HarvestError
from eval.sandbox import Limits, Sandbox
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.completion import make_prompt, make_query
from eval.tasks.python_source import is_test_file, parse_python
from eval.tasks.repository.answers import PlacedAnswerScorer
from eval.tasks.repository.checkout import Checkout, check_out
from eval.tasks.repository.environment import Environment, import_roots, open_environment
from eval.tasks.repository.functions import find_functions_in
from eval.tasks.repository.heldout import HeldOutRepository
from eval.tasks.repository.records import Function
from eval.tasks.repository.working_copy import WorkingCopy

from .items import Fields, Item, find_file, read_items
from .programs import Candidate, Program, choose, fingerprint, judge_outcome, passed_line

_FIELDS: Fields = dict.fromkeys(("module", "entry_point", "focal_function"), str)
_WANTED = "pass_data.jsonl of the project, from data_with_test_case/ of the set's repository"
_LIMITS = Limits(seconds=60.0)
_copies = itertools.count()

# Runs the tests among the module's own names, which they use without importing them, and behind these what their file
# imports, as far as it is here. The set's tests are wrapped by a package that limits their time; the sandbox does that
# here, so a stand-in does nothing.
_RUNNER = """
import importlib, json, sys, types
stand_in = types.ModuleType("timeout_decorator")
stand_in.timeout = lambda *_, **__: lambda function: function
sys.modules["timeout_decorator"] = stand_in
names = vars(importlib.import_module({module!r}))
names.update(timeout_decorator=stand_in, LOCAL_TIMEOUT=5)
item, imported = json.load(open({tests!r})), {{}}
for line in item["imports"]:
    try:
        exec(line, imported)
    except Exception:
        pass
for name, value in imported.items():
    names.setdefault(name, value)
for number, test in enumerate(item["tests"]):
    before = {{name: value for name, value in names.items() if name.startswith("test")}}
    exec(compile(test, f"test {{number}}", "exec"), names)
    for name, value in list(names.items()):
        if name.startswith("test") and before.get(name) is not value and callable(value):
            value()
print({end!r})
"""


@dataclass(frozen=True, slots=True)
class _Opened:
    """The repository and the items of the set that are about it, each with its function."""

    checkout: Checkout
    environment: Environment
    functions: Mapping[str, Function]
    items: Mapping[str, Item]
    folder: Path


class RepoExec:
    """The items of RepoExec that belong to a repository, pass@1."""

    name = "repoexec"
    version = 4
    description = "RepoExec, from your copy (--data) and its project (--repo): write a function; the set's tests decide"
    needs_repository = True
    runs_code = True
    max_tokens = 768
    default_limit = 60

    def harvest(self, given: TaskInput) -> Harvest:
        """Items whose original passes its tests here and a stub fails. Raises HarvestError, EnvironmentFailed."""
        opened = _open(given)
        scorer = RepoExecScorer(sandbox_of(given), opened)
        candidates = [_candidate(opened, id, function) for id, function in opened.functions.items()]
        parts = (self.name, self.version, opened.checkout.content, opened.environment.fingerprint)
        key = f"{' '.join(map(str, parts))} {fingerprint(_find(given))}"
        try:
            cases, notes = choose(given, candidates, scorer.score, given.limit or self.default_limit, key)
        finally:
            scorer.close()
        tests = {path for path in opened.checkout.texts if is_test_file(path)}
        held = HeldOutRepository(opened.checkout.texts, opened.folder, lambda function: tests)
        hidden = [(case, *held.hide(opened.functions[case.id])) for case in cases]
        cases = [replace(case, ref=ref, sources=sources) for case, ref, sources in hidden]
        notes = [*opened.environment.notes, *held.notes, *notes]
        decided = {case.id for case in cases}
        return Harvest(cases, held.folder, notes, opened.environment, opened, lambda case: case.id in decided)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs the set's tests."""
        assert isinstance(harvest.opened, _Opened)
        return RepoExecScorer(sandbox_of(given), harvest.opened)


class RepoExecScorer(PlacedAnswerScorer):
    """By the item's tests."""

    def __init__(self, sandbox: Sandbox, opened: _Opened) -> None:
        super().__init__(opened.checkout.texts, opened.functions.values())
        self._sandbox, self._opened = sandbox, opened
        environment, work = opened.environment, opened.folder / "work" / f"repoexec-{next(_copies)}-{os.getpid()}"
        self._copy = WorkingCopy(opened.checkout.folder, environment.added, work)
        self._finalizer = weakref.finalize(self, self._copy.close)

    def close(self) -> None:
        """Remove the copy."""
        self._finalizer()

    def run(self, case: Case, function: Function, code: str, placed: str) -> Score:
        """See ``PlacedAnswerScorer``."""
        item, copy, environment = self._opened.items[case.id], self._copy, self._opened.environment
        copy.restore()
        copy.write(function.path, placed)
        tests = copy.out / "tests.json"
        tests.write_text(json.dumps({"imports": item["imports"], "tests": item["tests"]}), "utf-8")
        runner = _RUNNER.format(module=item["module"], tests=str(tests), end=passed_line())
        roots = [str(copy.repo / root) for root in import_roots(copy.repo)]
        variables = {
            "PYTHONPATH": os.pathsep.join(roots),
            "PYTHONHASHSEED": "0",
            "HOME": str(copy.out / "home"),
            "TMPDIR": str(copy.out / "tmp"),
        }
        program = Program({}, [str(environment.python), "-c", runner], _LIMITS, environment.readable, variables)
        outcome = self._sandbox.run(
            program.command,
            copy.folder,
            limits=program.limits,
            readable=program.readable,
            environment=program.environment,
        )
        return judge_outcome(outcome, program, code)


def _find(given: TaskInput) -> Path:
    path = find_file(given, "repoexec", ["*repoexec*.jsonl*", "pass_data.jsonl", "*.jsonl"], _WANTED)
    if path.suffix == ".parquet":
        raise HarvestError(f"{path} is the set in the form of Hugging Face, which is not read: give {_WANTED}.")
    return path


def _read(path: Path) -> list[Item]:
    """The items, each with `imports` and `tests`; of lines with `id` and a list of `tests` there are no imports.

    Raises HarvestError.
    """
    found: dict[str, Item] = {}
    for item in read_items(path, _FIELDS, None):
        values = item.values
        imports: list[str] = []
        name, tests = values.get("id", values.get("problem_ids")), values.get("tests")
        tree = parse_python(values["test"]) if isinstance(values.get("test"), str) else None
        if tests is None and tree is not None:
            definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
            tests = [ast.unparse(node) for node in definitions]
            imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        if not isinstance(name, int | str) or not isinstance(tests, list):
            raise HarvestError(f"{path}, line {item.line}: no item with `problem_ids` and `test`. Give {_WANTED}.")
        if str(name) in found:
            raise HarvestError(f"{path}, line {item.line}: item {name} is that of line {found[str(name)].line} too.")
        found[str(name)] = Item(str(name), item.line, {**values, "imports": imports, "tests": tests})
    return list(found.values())


def _open(given: TaskInput) -> _Opened:
    path = _find(given)
    if given.source is None:
        raise HarvestError("repoexec asks for functions of a project: give its source with --repo.")
    sandbox_of(given)
    items = _read(path)
    parent = given.folder.parent / "tested"
    parent.mkdir(parents=True, exist_ok=True)
    checkout = check_out(given.source, parent, given.max_file_bytes)
    functions: dict[str, Function] = {}
    for item in items:
        function = _function_of(item, checkout.texts)
        if function is not None:
            functions[item.id] = function
    if not functions:
        modules = sorted({str(item["module"]).partition(".")[0] for item in items})
        raise HarvestError(f"{path.name} has no item about {given.repo}: it is about {', '.join(modules[:8])}.")
    folder = parent / checkout.content
    environment = open_environment(checkout.folder, folder, given.python, given.on_progress)
    return _Opened(checkout, environment, functions, {item.id: item for item in items}, folder)


def _function_of(item: Item, texts: Mapping[str, str]) -> Function | None:
    """The function that an item is about: by its module, then by its name, one at the module's top before a method."""
    module = str(item["module"]).replace(".", "/")
    wanted = (f"{module}.py", f"{module}/__init__.py")
    paths = [path for path in texts if path in wanted or path.endswith(tuple(f"/{each}" for each in wanted))]
    for path in sorted(paths, key=len):
        name = str(item["entry_point"])
        found = [f for f in find_functions_in(path, texts[path]) if f.name == name or f.name.endswith(f".{name}")]
        fitting = [f for f in found if f.body_start_line > f.head_end_line and f.end_line >= f.body_start_line]
        if fitting:
            return min(fitting, key=lambda function: function.name.count("."))
    return None


def _candidate(opened: _Opened, id: str, function: Function) -> Candidate:
    text = opened.checkout.texts[function.path]
    case = Case(
        id, "repoexec", "method" if function.owner else "function", function.path, make_prompt(text, function),
        make_query(text, function), (), "python", data={"function": function.key},
    )  # fmt: skip
    head = "\n".join(text.splitlines()[function.def_line - 1 : function.head_end_line])
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    solution = str(opened.items[id]["focal_function"])
    return Candidate(case, f"```python\n{solution}\n```", f"```python\n{head}\n{indent}raise NotImplementedError\n```")


TASK = RepoExec()
