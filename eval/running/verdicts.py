"""What decides a verdict beside the answer: the code that judges, the sandbox, and what programs and tests run in.

Where it has changed since a folder's answers were scored, all of them are scored again: the answers are kept.
"""

from __future__ import annotations

import ast
import hashlib
import platform
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from eval.arms import Arm, parse_arms
from eval.sandbox import Sandbox
from eval.tasks.base import Harvest, Task
from eval.tasks.generation.dialects import DIALECTS
from eval.tasks.generation.toolchains import describe_tools
from eval.tasks.repository.environment import describe_interpreter

from .folder import RunFolder
from .records import TaskSetup

_ROOT = Path(__file__).parents[2]
_TASKS, _SANDBOX = _ROOT / "eval" / "tasks", _ROOT / "eval" / "sandbox"
_BY_OTHER_TOOLS = {"html", *DIALECTS} - {"python"}  # of Python the interpreter is recorded


def describe_scoring(
    task: Task, harvest: Harvest, sandbox: Sandbox | None, python: Path | None
) -> tuple[dict[str, str], list[str]]:
    """``scoring`` and ``packages`` of the task's ``TaskSetup``. ``python`` is what the user gave.

    Of a path of this machine nothing is said: a run folder is made to be shown.
    """
    scoring = {"code": fingerprint_scoring(type(task).__module__)}
    if not task.runs_code:
        return scoring, []
    scoring["sandbox"] = sandbox.name if sandbox is not None else ""
    languages = {case.language for case in harvest.cases} & _BY_OTHER_TOOLS
    scoring |= {language: describe_tools(language) for language in sorted(languages)}
    environment = harvest.environment or (describe_interpreter(python) if python is not None else None)
    if environment is None:
        return scoring | {"interpreter": "Quarry's", "python": platform.python_version()}, []
    interpreter = "given" if environment.is_given else "made for the repository"
    scoring |= {"interpreter": interpreter, "python": environment.version, "environment": environment.fingerprint}
    return scoring, list(environment.packages)


def arms_to_score_again(folder: RunFolder, setup: TaskSetup, arms: Sequence[Arm]) -> list[Arm]:
    """The arms that the folder has results of, behind those of this start."""
    from .inspection import read_logs

    logs = [log for log in read_logs(folder.logs) if (log.repo, log.task) == (setup.repo, setup.task)]
    known = dict.fromkeys(str(result["arm"]) for log in logs for result in log.results)
    more = [name for name in known if name not in {arm.name for arm in arms}]
    return [*arms, *(parse_arms(",".join(more)) if more else [])]


def say_scored_again(before: TaskSetup, now: TaskSetup) -> str:
    """What the user is told."""
    where = f"{now.task} on {now.repo}"
    if not before.scoring:
        return f"{where}: it is not known how the verdicts so far were reached, so all kept answers are scored again"
    parts = dict.fromkeys([*before.scoring, *now.scoring])
    changed = [name for name in parts if before.scoring.get(name) != now.scoring.get(name)] or ["version"]
    return f"{where}: scored otherwise than before ({', '.join(changed)}), so all kept answers are scored again"


@cache
def fingerprint_scoring(module: str) -> str:
    """Changes with the code and data of the sandbox, and of all that the task in ``module`` is made of."""
    found = hashlib.sha256()
    paths = sorted({_SANDBOX, *_parts_of(module)} if module.startswith("eval.tasks.") else {_SANDBOX, _TASKS})
    for part in paths:
        for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(f"{path.relative_to(_ROOT)}\0".encode())
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _parts_of(module: str) -> set[Path]:
    """The packages and modules of ``eval.tasks`` that a module is or imports, also through others."""
    seen: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        path = _file_of(name)
        if name not in seen and name.startswith("eval.tasks.") and path is not None:
            seen.add(name)
            pending += _imported_by(path, name)
    return {_ROOT / "eval" / "tasks" / name.split(".")[2] for name in seen if name.count(".") > 2} | {
        path for name in seen if name.count(".") == 2 and (path := _file_of(name)) is not None and path.parent == _TASKS
    }


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
