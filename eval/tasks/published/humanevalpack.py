"""HumanEvalPack, repair: a function with a planted bug and its tests are shown, the mended function must pass them.

This is the set's "fix, with tests" setting, in the languages whose compiler or runtime is here.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Case, Score
from eval.errors import HarvestError
from eval.sandbox import Limits, Sandbox
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.extraction import extract_code

from .humaneval import complete
from .items import Item, find_file, read_items
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


@dataclass(frozen=True, slots=True)
class _Language:
    """``name`` is that of ``indexer.languages``. ``tool`` must be on the PATH; Python has its own way."""

    name: str
    tool: str | None = None
    build: Callable[[str, str, str], Program] | None = None  # from head, code and tests


class HumanEvalPack:
    """The repair part of HumanEvalPack, pass@1; results are by language."""

    name = "humanevalpack"
    version = 1
    description = "HumanEvalPack, from your copy (--data): mend a planted bug, with the tests shown; several languages"
    needs_repository = False
    runs_code = True
    max_tokens = 768
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
        notes = [f"{n} items are left out: {reason}." for reason, n in left_out.items()]
        if not candidates:
            raise HarvestError(f"No item of {path} can be run here. {' '.join(notes)}")
        scorer = RepairScorer(sandbox_of(given), python_of(given))
        key = f"{self.name} {self.version} {fingerprint(path)} {python_of(given)}"
        cases, more = choose(given, candidates, scorer.score, given.limit or self.default_limit, key)
        return Harvest(cases, notes=[*notes, *more])

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs an answer with its item's tests. Raises SandboxMissing."""
        return RepairScorer(sandbox_of(given), python_of(given))


class RepairScorer:
    """Runs the corrected function with its tests, in the item's language."""

    def __init__(self, sandbox: Sandbox, python: Path) -> None:
        self._sandbox, self._python = sandbox, python

    def score(self, case: Case, text: str) -> Score:
        """``correct`` if the tests pass, ``unanswered`` without code."""
        entry_point, head, tests = (str(case.data[name]) for name in ("entry_point", "head", "test"))
        code = extract_code(text, case.language, entry_point)
        if code is None:
            return Score("unanswered", "the answer holds no code" if text.strip() else "the answer is empty")
        build = _LANGUAGES[case.kind].build
        if build is None:
            program = python_program(self._python, f"{complete(head, code, entry_point)}\n\n{tests}\n")
        else:
            program = build(_before(head, entry_point, code), code, tests)
        return judge(self._sandbox, program, code)

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        """None: the set reports one try."""
        return None


def _javascript(head: str, code: str, tests: str) -> Program:
    # A failed console.assert only writes a line.
    files = {"main.js": f"{head}\n{code}\n{tests}\n"}
    return shell_program(files, ["node main.js"], Limits(seconds=15.0), forbidden="Assertion failed")


def _java(head: str, code: str, tests: str) -> Program:
    imports = "\n".join(dict.fromkeys(re.findall(r"^import .*;", f"{head}\n{code}\n{tests}", re.MULTILINE)))
    code, tests = (re.sub(r"^(import .*|package .*);", "", part, flags=re.MULTILINE) for part in (code, tests))
    code = re.sub(r"(?:public\s+)?class\s+Main\b.*", "", code, flags=re.DOTALL)  # an example of use
    code = re.sub(r"public\s+class\s+Solution", "class Solution", code)
    if not re.search(r"class\s+Solution", code):
        code = f"class Solution {{\n{code}\n}}"
    files = {"Main.java": f"{imports}\n{code}\n{tests}\n"}
    java = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    return shell_program(
        files, [f"javac {java.replace('-XX', '-J-XX')} Main.java", f"java {java} -ea Main"], _COMPILING
    )


def _cpp(head: str, code: str, tests: str) -> Program:
    code = re.sub(r"^int\s+main\s*\(.*", "", code, flags=re.MULTILINE | re.DOTALL)
    return shell_program(
        {"main.cpp": f"{head}\n{code}\n{tests}\n"}, ["g++ -std=c++17 -w -O1 main.cpp -o main", "./main"], _COMPILING
    )


def _rust(head: str, code: str, tests: str) -> Program:
    code = re.sub(r"^fn\s+main\s*\(\s*\)\s*\{\s*\}", "", code, flags=re.MULTILINE)
    uses = [line for line in head.splitlines() if line.startswith("use ") and line not in code]
    text = "\n".join(["fn main() {}", *uses, code, tests, ""])
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


def _before(head: str, entry_point: str, code: str) -> str:
    """What stands before the function in its item, such as imports; nothing that the answer repeats."""
    lines: list[str] = []
    for line in head.splitlines():
        if entry_point in line or line.strip().startswith("class "):
            break
        if line.strip() and line.strip() in code:
            continue
        lines.append(line)
    return "\n".join(lines)


def _candidate(item: Item) -> Candidate:
    kind = item.id.partition("/")[0]
    language = _LANGUAGES[kind].name
    head, entry_point, tests = str(item["declaration"]), str(item["entry_point"]), str(item["test"])
    buggy, solved = head + str(item["buggy_solution"]), head + str(item["canonical_solution"])
    prompt = _ASK.format(name=entry_point, tag=language, code=buggy.strip(), tests=tests.strip())
    data = {"entry_point": entry_point, "head": head, "test": tests, "bug_type": str(item["bug_type"])}
    case = Case(item.id, "humanevalpack", kind, item.id, prompt, buggy.strip(), (), language, data=data)
    return Candidate(case, f"```{language}\n{solved}\n```", f"```{language}\n{buggy}\n```")


TASK = HumanEvalPack()
