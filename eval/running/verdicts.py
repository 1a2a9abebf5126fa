"""What decides a verdict beside the answer: the code that judges, the sandbox, and what programs and tests run in."""

from __future__ import annotations

import ast
import hashlib
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from eval.sandbox import Sandbox
from eval.tasks.base import Harvest, Task
from eval.tasks.generation.dialects import DIALECTS
from eval.tasks.generation.toolchains import describe_tools
from eval.tasks.repository.environment import describe_interpreter
from indexer.languages import get_language

from .identity import version_of

_ROOT = Path(__file__).parents[2]
_TASKS, _SANDBOX = _ROOT / "eval" / "tasks", _ROOT / "eval" / "sandbox"
_FOLLOWED = ("eval.tasks.", "assistant.", "indexer.")  # imports into anything else decide no verdict
_BY_OTHER_TOOLS = {"html", *DIALECTS} - {"python"}  # of Python the interpreter is recorded


def describe_scoring(
    task: Task, harvest: Harvest, sandbox: Sandbox | None, python: Path | None, files: str = ""
) -> tuple[dict[str, str], list[str]]:
    """``scoring`` and ``packages`` of the task's ``TaskSetup``. ``python`` is what the user gave.

    ``files`` fingerprints all that the repository's tests may read; empty without a repository. Of a path of this
    machine nothing is said: a run folder is made to be shown.
    """
    module = type(task).__module__
    scoring = {"code": fingerprint_scoring(module)}
    if "indexer.languages" in _modules_of(module):
        scoring["grammars"] = _describe_grammars({case.language for case in harvest.cases if case.language})
    if not task.runs_code:
        return scoring, []
    scoring |= {"sandbox": sandbox.name if sandbox is not None else ""} | ({"files": files} if files else {})
    languages = {case.language for case in harvest.cases} & _BY_OTHER_TOOLS
    scoring |= {language: describe_tools(language) for language in sorted(languages)}
    environment = harvest.environment or (describe_interpreter(python) if python is not None else None)
    if environment is None:
        return scoring | {"interpreter": "Quarry's", "python": platform.python_version()}, []
    interpreter = "given" if environment.is_given else "made for the repository"
    scoring |= {"interpreter": interpreter, "python": environment.version, "environment": environment.fingerprint}
    return scoring, list(environment.packages)


def _describe_grammars(languages: set[str]) -> str:
    """The releases of what parses answers in these languages."""
    packages = ["tree-sitter", *sorted({get_language(name).module.replace("_", "-") for name in languages})]
    return ", ".join(f"{package} {version_of(package)}" for package in packages)


@cache
def fingerprint_scoring(module: str) -> str:
    """Changes with the code and data of the sandbox, and of all that the task in ``module`` is made of."""
    found = hashlib.sha256()
    for part in sorted({_SANDBOX, *(_parts_of(module) or {_TASKS})}):
        for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(f"{path.relative_to(_ROOT)}\0".encode())
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _parts_of(module: str) -> set[Path]:
    """The packages of tasks, and the modules beside them, that a task is or imports; none for a task not of ours."""
    parts = set()
    for name, path in _modules_of(module).items():
        package = _TASKS / name.split(".")[2] if name.startswith("eval.tasks.") else path
        parts.add(package if package.is_dir() else path)
    return parts


@cache
def _modules_of(module: str) -> Mapping[str, Path]:
    """The modules that a task is or imports, also through others, each with its file."""
    found: dict[str, Path] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        path = _file_of(name)
        if name not in found and name.startswith(_FOLLOWED) and path is not None:
            found[name] = path
            pending += _imported_by(path, name)
    return found


def _file_of(module: str) -> Path | None:
    path = _ROOT.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _imported_by(path: Path, module: str) -> Iterator[str]:
    """The modules that a file may mean by its imports, but for those of its types alone."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    typing = [node for node in nodes if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    skipped = {id(inner) for node in typing for inner in ast.walk(node)}
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
