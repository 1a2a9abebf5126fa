"""Calls of a repository's functions, taken down while its tests run, and made again to see that they repeat.

Both happen in the repository's own interpreter within the sandbox, by two pytest plugins that are copied there.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eval.tasks.excerpts import FoundFunction
from eval.tasks.python_source import FunctionNode
from eval.tasks.repository.records import Function, TestRecord, TestReport

from . import recorder, replayer

_MAX_RUNS = 4  # where something ends the process, the rest is done by another
_SHOWN_DEFAULT = 40  # characters: a longer default is written out in no call


@dataclass(frozen=True, slots=True)
class Target:
    """A function whose calls are recorded. ``kind`` is function, staticmethod or classmethod."""

    function: Function
    kind: str
    found: FoundFunction


class Runner(Protocol):
    """What runs tests: ``Trials`` of ``eval.tasks.repository``."""

    def run(self, tests: Sequence[TestRecord], plugins: Sequence[Path] = (), kept: Path | None = None) -> TestReport:
        """Run the tests with plugins; what these write is copied to ``kept``."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was recorded. ``expression`` is the call as source, ``value`` what it returned, as a literal.

    ``arguments`` are the literals that stand in the expression. ``test`` is where it was seen.
    """

    path: str
    name: str
    module: str
    expression: str
    arguments: Sequence[str]
    value: str
    test: str

    @property
    def key(self) -> str:
        """What names the function."""
        return f"{self.path}::{self.name}"

    @property
    def id(self) -> str:
        """The same for the same call of the same function."""
        return hashlib.sha256(f"{self.path}\0{self.expression}".encode()).hexdigest()[:12]


def record_calls(
    runner: Runner, targets: Mapping[str, Target], tests: Sequence[TestRecord], folder: Path
) -> tuple[list[Call], str]:
    """Run ``tests`` and return the calls of ``targets``, by key, but for those that change what they were given.

    ``folder`` is for what is written meanwhile. A test that ends the process, such as one that is too slow when it is
    watched, costs its own calls; the second value says what happened, empty for nothing.
    """
    by_path: dict[str, dict[str, list[str]]] = {}
    for target in targets.values():
        for line in {target.function.start_line, target.function.def_line}:
            by_path.setdefault(target.function.path, {})[str(line)] = [target.function.name, target.kind]
    plugin = _copy_plugin(recorder.__file__, folder / "quarry_recorder.py", f"TARGETS.update({by_path!r})")
    output = folder / "recorded"
    calls: dict[str, Call] = {}
    left = list(tests)
    problem = ""
    for _ in range(_MAX_RUNS):
        report = runner.run(left, plugins=[plugin], kept=output)
        for read in _read_lines(output / "calls.jsonl"):
            if not read["changes_arguments"]:
                call = _spell_call(read, targets[f"{read['path']}::{read['name']}"].found.node)
                calls.setdefault(call.id, call)
        problem = problem or report.problem
        done = {test.id for test in report.tests} | {report.hung}
        if not report.problem or done == {""}:
            break
        left = [test for test in left if test.id not in done]
        if not left:
            break
    return list(calls.values()), problem


def replay_calls(runner: Runner, calls: Sequence[Call], tests: Sequence[TestRecord], folder: Path) -> dict[str, str]:
    """Why calls are left out, by id: those that do not return what was recorded, twice, in a new process.

    ``tests`` are run before, to have their surroundings set up: one that is quick will do.
    """
    output = folder / "replayed"
    replayed: dict[str, dict[str, Any]] = {}
    problems: dict[str, str] = {}
    left = list(calls)
    problem = ""
    for _ in range(_MAX_RUNS):
        given = [{"id": c.id, "module": c.module, "name": c.name, "expression": c.expression} for c in left]
        plugin = _copy_plugin(replayer.__file__, folder / "quarry_replayer.py", f"CALLS.extend({given!r})")
        report = runner.run(tests, plugins=[plugin], kept=output)
        problem = problem or report.problem
        replayed |= {line["id"]: line for line in _read_lines(output / "replayed.jsonl")}
        left = [call for call in left if call.id not in replayed][1:]  # the first one ended the process
        if not left:
            break
    for call in calls:
        again = replayed.get(call.id)
        if again is None:
            problems[call.id] = f"the process ended before it: {problem or 'no reason given'}"
        elif again["problem"]:
            problems[call.id] = again["problem"]
        elif not all(_reads_as(value, call.value) for value in again["values"]):
            problems[call.id] = "another value when called again"
    return problems


def _spell_call(line: Mapping[str, Any], node: FunctionNode) -> Call:
    """The call as a person would write it: parameters with a default by name, and only where they differ from it."""
    defaults = _defaults_of(node)
    written: list[str] = []
    values: list[str] = []
    by_name = False
    for name, value in line["positional"]:
        if name in defaults and not line["star"]:
            by_name = True  # whatever follows may not stand by position
            if _same_source(value, defaults[name]):
                continue
        only_by_position = name in {argument.arg for argument in node.args.posonlyargs}
        written.append(f"{name}={value}" if by_name and not only_by_position else value)
        values.append(value)
    written += line["star"]
    values += line["star"]
    for name, value in line["keyword"]:
        if not _same_source(value, defaults.get(name, "")):
            written.append(f"{name}={value}")
            values.append(value)
    expression = f"{line['name']}({', '.join(written)})"
    return Call(line["path"], line["name"], line["module"], expression, values, line["value"], line["test"])


def _defaults_of(node: FunctionNode) -> dict[str, str]:
    """Defaults of parameters that are short literals or names, as source; others are as good as none."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(positional[len(positional) - len(given.defaults) :], given.defaults, strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    spelled = {argument.arg: ast.unparse(default) for argument, default in pairs if default is not None}
    return {name: source for name, source in spelled.items() if len(source) <= _SHOWN_DEFAULT}


def _same_source(value: str, default: str) -> bool:
    try:
        return repr(ast.literal_eval(default)) == value
    except (ValueError, SyntaxError):
        return False


def _reads_as(one: str, other: str) -> bool:
    """Whether two literals are the same value of the same type: the order of a set's members may differ."""
    try:
        read = ast.literal_eval(one), ast.literal_eval(other)
    except (ValueError, SyntaxError):
        return False
    return type(read[0]) is type(read[1]) and bool(read[0] == read[1])


def _copy_plugin(source: str | None, place: Path, statement: str) -> Path:
    assert source is not None  # a module of ours is a file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{Path(source).read_text(encoding='utf-8')}\n\n{statement}\n", encoding="utf-8")
    return place


def _read_lines(path: Path) -> Iterable[dict[str, Any]]:
    """The lines that a plugin wrote; the last one may be cut off where the process was killed."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            yield read
