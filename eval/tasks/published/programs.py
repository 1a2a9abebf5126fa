"""Runs an answer with the tests of its item in the sandbox, and says what came of it."""

from __future__ import annotations

import hashlib
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eval.cases import Case, Score
from eval.errors import HarvestError, SandboxError
from eval.files import read_kept, write_whole
from eval.sandbox import Limits, Outcome, Sandbox, describe_end, key_within
from eval.tables import count_noun
from eval.tasks.base import TaskInput, sandbox_of
from eval.tasks.jobs import base_python

_MAX_REASON_CHARS = 240
_TOLD_EVERY = 20  # items that are tried
_END = "every test passed"
_LIMITS = Limits(seconds=15.0)
_RAISED = re.compile(r"(?:[\w.]+\.)?\w*(?:Error|Exception)\b")


@dataclass(frozen=True, slots=True)
class Program:
    """Files to write, and what to run beside them. It passes by exit code 0, having printed ``_END`` as its last line.

    ``forbidden`` is text on stderr that means a failed test all the same.
    """

    files: Mapping[str, str]
    command: Sequence[str]
    limits: Limits = _LIMITS
    readable: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    forbidden: str = ""


def python_of(given: TaskInput) -> Path:
    """The interpreter that programs run in: the given one, else that which ours was made from, without our packages."""
    return given.python or base_python()


def python_program(
    python: Path, text: str, last: str = "", limits: Limits = _LIMITS, readable: Sequence[Path] = ()
) -> Program:
    """A module that is imported, so that what stands under ``if __name__ == "__main__"`` does not run.

    ``last`` runs behind it, in a name space of its own that has the module as ``program``.
    """
    script = f"import program\n{last}\nprint({_END!r})"
    environment = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    return Program({"program.py": text}, [str(python), "-c", script], limits, readable, environment)


def shell_program(
    files: Mapping[str, str], steps: Sequence[str], limits: Limits, readable: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None, forbidden: str = "",
) -> Program:  # fmt: skip
    """Commands of a shell, one after another as long as each succeeds."""
    script = " && ".join([*steps, f"echo && echo '{_END}'"])
    return Program(files, ["sh", "-c", script], limits, readable, environment or {}, forbidden)


def judge(sandbox: Sandbox, program: Program, code: str) -> Score:
    """``correct`` if it passes; else ``wrong``, with the reason. ``code`` is the answer, kept with the score."""
    with tempfile.TemporaryDirectory(prefix="quarry-") as name:
        folder = Path(name)
        for path, text in program.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode("utf-8", "surrogateescape"))
        try:
            outcome = sandbox.run(
                program.command,
                folder,
                limits=program.limits,
                readable=program.readable,
                environment=program.environment,
            )
        except SandboxError as error:
            return Score("error", str(error), code)
    return judge_outcome(outcome, program, code)


def judge_outcome(outcome: Outcome, program: Program, code: str) -> Score:
    """What a run that has ended says of the answer."""
    reason = _reason(outcome, program)
    if reason is None:
        return Score("correct", _END, code)
    return Score("wrong", reason, code, timed_out=outcome.timed_out)


def passed_line() -> str:
    """What a program prints last, once its tests have passed: one that ends before has not."""
    return _END


def _reason(outcome: Outcome, program: Program) -> str | None:
    if outcome.end != "exited":
        return describe_end(outcome)
    if program.forbidden and program.forbidden in outcome.stderr:
        return _first_line_with(program.forbidden, outcome.stderr)
    if outcome.exit_code == 0:
        is_complete = outcome.stdout.rstrip("\n").endswith(_END)
        return None if is_complete else "the program ended before its tests did"
    lines = [line.strip() for line in outcome.stderr.strip().splitlines() if line.strip()]
    told = next((line for line in lines if "error:" in line or "error[" in line), None)
    raised = [line for line in lines if _RAISED.match(line)]  # Node writes its version behind it
    told = told or next(iter(raised[-1:] or lines[-1:]), "")
    return (told or f"exit code {outcome.exit_code}")[:_MAX_REASON_CHARS]


def _first_line_with(part: str, text: str) -> str:
    return next(line.strip() for line in text.splitlines() if part in line)[:_MAX_REASON_CHARS]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case, with what its set says about it: code that must pass, and code that must not."""

    case: Case
    solution: str
    stub: str


def choose(
    given: TaskInput,
    candidates: Sequence[Candidate],
    score: Callable[[Case, str], Score],
    limit: int,
    key: str,
) -> tuple[list[Case], list[str]]:
    """The first ``limit`` cases, in an order by the seed, whose solution passes here and whose stub does not; notes.

    What was found is kept in ``given.folder`` under ``key``, which names everything that decides it; but for time-outs.
    Raises HarvestError if nothing is left, SandboxError.
    """
    order = list(candidates)
    random.Random(given.seed).shuffle(order)
    key = key_within(sandbox_of(given), key)
    file = given.folder / f"confirmed-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    known: dict[str, str] = read_kept(file) or {}
    kept: list[Case] = []
    reasons: Counter[str] = Counter()
    n_tried = 0
    try:
        for candidate in order:
            if len(kept) == limit:
                break
            name = candidate.case.id
            reason = known.get(name)
            if reason is None:
                if n_tried % _TOLD_EVERY == 0:
                    given.on_progress(f"trying the set's own solutions: {n_tried} so far, {len(kept)} can be decided")
                n_tried += 1
                reason, may_be_chance = _trial(candidate, score)
                if not may_be_chance:
                    known[name] = reason
            if reason:
                reasons[reason] += 1
            else:
                kept.append(candidate.case)
    finally:
        write_whole(file, json.dumps(known))
    if not kept:
        told = "; ".join(f"{n} because {reason}" for reason, n in reasons.most_common(3))
        raise HarvestError(f"No item of {given.data} can be decided here: {told or 'there are none'}.")
    notes = [f"{count_noun(n, 'item')} left out: {reason}." for reason, n in reasons.most_common()]
    return kept, notes


def _trial(candidate: Candidate, score: Callable[[Case, str], Score]) -> tuple[str, bool]:
    """Why an item is left out, empty where it is not, and whether a busy machine may have caused that."""
    solved = score(candidate.case, candidate.solution)
    if solved.verdict == "error":  # nothing is known then, and nothing must be kept
        raise SandboxError(solved.explanation)
    if not solved.is_correct:
        return f"the set's own solution does not pass here ({_generalised(solved)})", solved.timed_out
    if score(candidate.case, candidate.stub).is_correct:
        return "its tests pass without a solution", False
    return "", False


def _generalised(solved: Score) -> str:
    """The kind of an error, so that items with the same trouble are counted together."""
    reason = solved.explanation
    if reason.startswith("ModuleNotFoundError") or solved.timed_out:
        return reason
    return reason.partition(":")[0][:60]


def fingerprint(path: Path) -> str:
    """A digest of a set's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
