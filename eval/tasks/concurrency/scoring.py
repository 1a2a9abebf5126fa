"""Whether a program is repaired: every test of its scenario passes under every schedule.

Coroutines run in an event loop that orders tasks by a seed, on a clock that needs no waiting; threads take turns as a
seed says, instruction by instruction (``inside/``). So a deadlock is seen at once, and a failing schedule fails again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.cases import Case, Score
from eval.sandbox import Limits, Sandbox
from eval.tasks.base import Scorer
from eval.tasks.jobs import run_job, why_no_result
from eval.tasks.python_answers import extract_version, without_examples

from .catalogue import BY_NAME, HERE, LIBRARY, Program

N_SEEDS = 40
# Threads of a pool that is never shut down stay until the last of 40 schedules a test has ended.
LIMITS = Limits(seconds=90.0, memory_bytes=2**30, disk_bytes=16 * 2**20, n_processes=1024)
SCRIPTS = [HERE / "inside" / name for name in ("harness.py", "scheduling.py", "looping.py")]


class ConcurrencyScorer(Scorer):
    """Runs answers under ``n_seeds`` schedules a test."""

    def __init__(self, sandbox: Sandbox, folder: Path, *, n_seeds: int = N_SEEDS) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._n_seeds = n_seeds

    def score(self, case: Case, text: str) -> Score:
        """Deterministic. Raises SandboxError."""
        program = BY_NAME[case.data["program"]]
        code = extract_version(text, program.read("planted"))
        if code is None:
            return Score("unanswered", "no code in the answer")
        return self.score_code(program, code)

    def score_code(self, program: Program, code: str) -> Score:
        """What this code is worth in place of that program. Raises SandboxError."""
        seeds = list(range(self._n_seeds))
        job = {"program": without_examples(code), "scenario": program.read("scenario"), "seeds": seeds}
        result, outcome = run_job(self._sandbox, self._folder, SCRIPTS, job, limits=LIMITS, library=LIBRARY)
        if result is None:
            return Score("wrong", why_no_result(outcome), code, timed_out=outcome.timed_out)
        tests: list[dict[str, Any]] = result["tests"]
        failed = [test for test in tests if test["failed_seed"] is not None]
        measures = {"share_of_tests": 1 - len(failed) / len(tests)}
        if not failed:
            return Score("correct", f"{len(tests)} tests pass under {self._n_seeds} schedules each", code, measures)
        first = failed[0]
        place = f"under schedule {first['failed_seed']} of {self._n_seeds}"
        said = f'"{first["property"]}" does not hold {place}: {first["message"]}'
        return Score("wrong", said, code, measures)

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        """The schedule that failed, with its message."""
        if score.verdict == "unanswered":
            return "Answer with the whole corrected program, in one fenced block."
        if score.verdict != "wrong":
            return None
        return (
            f"It is not right yet: {score.explanation}\nAnswer with the whole corrected program, in one fenced block."
        )
