"""HumanEvalPack, repair: a function with a planted bug and its tests are shown, the mended function must pass them.

This is the set's "fix, with tests" setting, in the languages whose compiler or runtime is here.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Case, Score
from eval.errors import HarvestError
from eval.sandbox import Limits, Sandbox
from eval.tables import count_noun
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.extraction import extract_code

from .humaneval import complete
from .items import Item, find_file, read_items
from .pieces import Head, insert_members, split_head, top_names, without
from .programs import (
    Candidate,
    Program,
    choose,
    fingerprint,
    judge,
    python_of,
    python_program,
    shell_program,
)

_FIELDS = {
    **dict.fromkeys(("task_id", "declaration", "buggy_solution", "canonical_solution"), str),
    **dict.fromkeys(("test", "entry_point", "bug_type"), str),
}
_ASK = (
    "The function `{name}` has a bug: its tests fail. Find it and mend it. Answer with the whole corrected function in "
    "one code block.\n\n```{tag}\n{code}\n```\n\nThe tests:\n\n```{tag}\n{tests}\n```"
)
_COMPILING = Limits(seconds=60.0, n_processes=128)
# The set's own harness lets answers use these without importing them, and NumPy, which may not be here.
_PYTHON_IMPORTS = (
    "import collections, copy, datetime, functools, hashlib, heapq, itertools, math, re, statistics, string, sys\n"
    "from typing import *\nfrom collections import *"
)
_CPP_HEADERS = (
    "algorithm climits cmath cstring deque fstream iostream list map math.h numeric queue set sstream stack stdio.h "
    "stdlib.h string vector"
).split()
_CPP_INCLUDES = "\n".join([*(f"#include <{header}>" for header in _CPP_HEADERS), "using namespace std;"])
_USE = re.compile(r"^((?:pub )?use (?:::)?(\w+)[^;]*;)", re.MULTILINE)
_RUST_OWN = frozenset({"std", "core", "alloc"})  # all other crates would have to be fetched


@dataclass(frozen=True, slots=True)
class _Language:
    """``name`` is that of ``indexer.languages``. ``tool`` must be on the PATH; Python has its own way."""

    name: str
    tool: str | None = None
    build: Callable[[Head, str, str], Program] | None = None  # from head, code and tests


class HumanEvalPack:
    """The repair part of HumanEvalPack, pass@1; results are by language."""

    name = "humanevalpack"
    version = 2
    description = "HumanEvalPack, from your copy (--data): mend a planted bug, with the tests shown; several languages"
    needs_repository = False
    runs_code = True
    max_tokens = 1024
    default_limit = 164

    def harvest(self, given: TaskInput) -> Harvest:
        """The items in languages whose tools are here. Raises HarvestError, SandboxMissing."""
        patterns = ["humanevalpack*.jsonl*", "*.jsonl.gz", "*.jsonl"]
        path = find_file(given, self.name, patterns, "humanevalpack.jsonl of one language, or several joined")
        candidates: list[Candidate] = []
        left_out: Counter[str] = Counter()
        for item in read_items(path, _FIELDS, "task_id"):
            reason = _reason_against(item)
            if reason is None:
                candidates.append(_candidate(item))
            else:
                left_out[reason] += 1
        notes = [f"{count_noun(n, 'item')} left out: {reason}." for reason, n in left_out.items()]
        if not candidates:
            raise HarvestError(f"No item of {path} can be run here. {' '.join(notes)}")
        scorer = RepairScorer(sandbox_of(given), python_of(given))
        key = f"{self.name} {self.version} {fingerprint(path)} {python_of(given)}"
        cases, more = choose(given, candidates, scorer.score, given.limit or self.default_limit, key)
        return Harvest(cases, notes=[*notes, *more])

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs an answer with its item's tests. Raises SandboxMissing."""
        return RepairScorer(sandbox_of(given), python_of(given))


class RepairScorer(Scorer):
    """Runs the corrected function with its tests, in the item's language."""

    def __init__(self, sandbox: Sandbox, python: Path) -> None:
        self._sandbox, self._python = sandbox, python

    def score(self, case: Case, text: str) -> Score:
        """``correct`` if the tests pass, ``unanswered`` without code."""
        name, tests = str(case.data["entry_point"]), str(case.data["test"])
        code = extract_code(text, case.language, name)
        if code is None:
            return Score("unanswered", "the answer holds no code" if text.strip() else "the answer is empty")
        build = _LANGUAGES[case.kind].build
        if build is None:
            program = f"{_PYTHON_IMPORTS}\n{complete(str(case.data['head']), code, name)}\n\n{tests}\n"
            return judge(self._sandbox, python_program(self._python, program), code)
        head = Head(name, str(case.data["before"]), str(case.data["members"]))
        whole = _behind_its_head(str(case.data["head"]), code, name, case.language)
        return judge(self._sandbox, build(head, whole, tests), code)


def _behind_its_head(declaration: str, code: str, name: str, language: str) -> str:
    """A bare body becomes a function; all else is left as it is."""
    if name in top_names(code, language) or re.search(rf"\b{re.escape(name)}\s*[(=<]", code):
        return code
    whole = f"{declaration.rstrip()}\n{code}"
    return whole + "}\n" * (whole.count("{") - whole.count("}"))


def _javascript(head: Head, code: str, tests: str) -> Program:
    code = without(code, "javascript", top_names(tests, "javascript"), examples=False)
    before = without(head.before, "javascript", top_names(code, "javascript"))
    # A failed console.assert only writes a line.
    files = {"main.js": f"{before}\n{code}\n{tests}\n"}
    return shell_program(files, ["node main.js"], Limits(seconds=15.0), forbidden="Assertion failed")


def _java(head: Head, code: str, tests: str) -> Program:
    found = re.findall(r"^import .*;", f"{head.before}\n{code}\n{tests}", re.MULTILINE)
    code, tests = (re.sub(r"^(import .*|package .*);", "", part, flags=re.MULTILINE) for part in (code, tests))
    code = without(code, "java", top_names(tests, "java"))
    if "Solution" in top_names(code, "java"):
        members = _members(head, top_names(code, "java", "Solution"))
        code = insert_members(re.sub(r"public\s+class\s+Solution", "class Solution", code), "java", "Solution", members)
    else:
        code = f"class Solution {{\n{_members(head, top_names(code, 'java'))}\n{code}\n}}"
    files = {"Main.java": "\n".join([*dict.fromkeys(found), code, tests, ""])}
    java = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    return shell_program(
        files, [f"javac {java.replace('-XX', '-J-XX')} Main.java", f"java {java} -ea Main"], _COMPILING
    )


def _members(head: Head, names: Collection[str]) -> str:
    """What the item's class holds before the function, without the methods that an answer gives itself."""
    return without(head.members, "java", names)


def _cpp(head: Head, code: str, tests: str) -> Program:
    code = without(code, "cpp", top_names(tests, "cpp"))
    before = without(head.before, "cpp", top_names(code, "cpp"))
    files = {"main.cpp": f"{_CPP_INCLUDES}\n{before}\n{code}\n{tests}\n"}
    return shell_program(files, ["g++ -std=c++17 -w -O1 main.cpp -o main", "./main"], _COMPILING)


def _rust(head: Head, code: str, tests: str) -> Program:
    code = without(code, "rust", {"main", *top_names(tests, "rust")})
    uses = _USE.findall(head.before)
    crates = {root for _, root in uses} - _RUST_OWN
    kept = [use for use, root in uses if root in _RUST_OWN]
    code = _USE.sub(lambda use: "" if use[2] in crates else use[0], code)
    before = without(_USE.sub("", head.before), "rust", {"main", *top_names(code, "rust")})
    # Names that come by `*` give way to those that the answer imports itself.
    given = ["mod given_by_the_item {", *(f"pub {use}" for use in kept), "}", "use given_by_the_item::*;"]
    text = "\n".join(["fn main() {}", *given, before, code, tests, ""])
    readable, environment = _rust_folders()
    steps = ["rustc --edition 2021 -A warnings --test main.rs -o main", "./main -q"]
    return shell_program({"main.rs": text}, steps, _COMPILING, readable, environment)


def _rust_folders() -> tuple[list[Path], dict[str, str]]:
    """Where rustup keeps the compiler, which is the home folder, else nothing: then it is the system's."""
    rustc = Path(shutil.which("rustc") or "/usr/bin/rustc")
    if rustc.is_relative_to("/usr"):
        return [], {}
    cargo, rustup = rustc.parent.parent, rustc.parent.parent.parent / ".rustup"
    folders = [folder for folder in (cargo / "bin", rustup) if folder.is_dir()]
    path = f"{rustc.parent}:/usr/local/bin:/usr/bin:/bin"
    return folders, {"PATH": path, "RUSTUP_HOME": str(rustup), "CARGO_HOME": "/tmp/cargo"}


# By the word that the set's task ids begin with. Go's tests need a package beside its library.
_LANGUAGES: Mapping[str, _Language] = {
    "Python": _Language("python"),
    "JavaScript": _Language("javascript", "node", _javascript),
    "Java": _Language("java", "javac", _java),
    "CPP": _Language("cpp", "g++", _cpp),
    "Rust": _Language("rust", "rustc", _rust),
}


def _reason_against(item: Item) -> str | None:
    kind = item.id.partition("/")[0]
    language = _LANGUAGES.get(kind)
    if language is None:
        return f"{kind} is not run here"
    if language.tool is None or shutil.which(language.tool):
        return None
    return f"{kind} needs {language.tool}, which is not installed"


def _candidate(item: Item) -> Candidate:
    kind = item.id.partition("/")[0]
    language = _LANGUAGES[kind].name
    declaration, tests = str(item["declaration"]), str(item["test"])
    buggy, solved = declaration + str(item["buggy_solution"]), declaration + str(item["canonical_solution"])
    head = split_head(declaration, str(item["canonical_solution"]), language) or Head(str(item["entry_point"]), "", "")
    prompt = _ASK.format(name=head.name, tag=language, code=buggy.strip(), tests=tests.strip())
    data = {
        "entry_point": head.name, "head": declaration, "before": head.before, "members": head.members, "test": tests,
        "bug_type": str(item["bug_type"]),
    }  # fmt: skip
    case = Case(item.id, "humanevalpack", kind, item.id, prompt, buggy.strip(), (), language, data=data)
    return Candidate(case, f"```{language}\n{solved}\n```", f"```{language}\n{buggy}\n```")


TASK = HumanEvalPack()
