"""What a faster version is worth: right first, then less counted work than the original.

The verdict is by counted work alone (``inside/counting.py``), which is the same on every machine: measured time is
reported beside it, and is not decisive since two cores are noisy. ``correct`` is an answer that is right and at least
half way from the original to the best that we know, in its work (in log terms) and in how that grows. A better
constant may do enough less at the measured size, but grows as the original does; another growth gets there in both,
even with a log factor more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.cases import Case, Score
from eval.sandbox import Limits, Sandbox
from eval.tasks.base import Scorer
from eval.tasks.jobs import run_job, why_no_result
from eval.tasks.python_answers import extract_version, without_examples

from .catalogue import BY_NAME, HERE, LIBRARY, Item

HALF_WAY = 0.5
SEED = 20_251_125  # of the hidden inputs, the same for every run: they do not depend on which cases are drawn
LIMITS = Limits(seconds=60.0, memory_bytes=2**30, disk_bytes=16 * 2**20, n_processes=8)
SCRIPTS = [HERE / "inside" / name for name in ("harness.py", "counting.py", "rewriting.py")]


class OptimisationScorer(Scorer):
    """Runs answers beside the original and the best."""

    def __init__(self, sandbox: Sandbox, folder: Path, *, timed: bool = True) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._timed = timed

    def score(self, case: Case, text: str) -> Score:
        """Deterministic, but for ``speedup_time``. Raises SandboxError."""
        item = BY_NAME[case.data["item"]]
        code = extract_version(text, item.read("original"), item.name)
        if code is None:
            return Score("unanswered", "no code in the answer")
        return self.score_code(item, code)

    def score_code(self, item: Item, code: str) -> Score:
        """What this code is worth as that function. Raises SandboxError."""
        return self.score_codes(item, [code])[0]

    def score_codes(self, item: Item, codes: Sequence[str]) -> list[Score]:
        """What each is worth, in one run: one that ends the interpreter ends the others too. Raises SandboxError."""
        parts = {part: item.read(part) for part in ("original", "best", "inputs")}
        answers = [without_examples(code, item.name) for code in codes]
        job = {"entry": item.name, "size": item.size, "seed": SEED, "timed": self._timed, "answers": answers, **parts}
        result, outcome = run_job(self._sandbox, self._folder, SCRIPTS, job, limits=LIMITS, library=LIBRARY)
        if result is None:
            return [Score("wrong", why_no_result(outcome), code, timed_out=outcome.timed_out) for code in codes]
        return [judge(found, code) for found, code in zip(result["answers"], codes, strict=True)]

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        """The test that failed, or by how much it is not faster."""
        name = case.data["item"]
        if score.verdict == "unanswered":
            return f"Answer with the Python code of `{name}`, in one fenced block."
        if score.verdict != "wrong":
            return None
        return f"That does not do: {score.explanation}. Write `{name}` again, in one fenced block."


def judge(result: Mapping[str, Any], code: str) -> Score:
    """The score from what the harness found."""
    if result["problem"]:
        return Score("wrong", result["problem"], code, {"is_right": 0.0})
    steps = result["steps"]
    if result["too_much"]:
        measures = {"is_right": 1.0, "share_of_best": 0.0}
        return Score("wrong", "right on small inputs, but far slower than the original on large ones", code, measures)
    original, best, answer = (steps[name] for name in ("original", "best", "answer"))
    speedup, possible = original[0] / answer[0], original[0] / best[0]
    share = max(0.0, math.log(speedup) / math.log(possible))
    growth, original_growth = _growth(answer), _growth(original)
    allowed_growth = original_growth + HALF_WAY * (_growth(best) - original_growth)
    measures = {
        "is_right": 1.0,
        "speedup_work": speedup,
        "best_speedup_work": possible,
        "share_of_best": share,
        "growth": growth,
        "original_growth": original_growth,
    }
    seconds = result["seconds"]
    if seconds:
        measures["speedup_time"] = seconds["original"] / seconds["answer"]
    said = f"it does {100 / speedup:.3g} % of the original's counted work, and {100 / possible:.3g} % is possible"
    if share < HALF_WAY:
        return Score("wrong", f"right, but not fast enough: {said}", code, measures)
    if growth > allowed_growth:
        said += f"; it grows with the size to the power of {growth:.2f}, the original with {original_growth:.2f}"
        return Score("wrong", f"right, but its work grows too fast: {said}", code, measures)
    return Score("correct", f"right: {said}", code, measures)


def _growth(steps: list[int]) -> float:
    """The exponent with which the work grows between a quarter of the size and the size."""
    return math.log(steps[0] / steps[1]) / math.log(4)
