"""Compiles and runs a test program in the sandbox, and reads what came of each check."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from eval.sandbox import Limits, Outcome, Sandbox, describe_end
from eval.tasks.messages import without_addresses

from .programs import Files
from .toolchains import Toolchain, find_toolchain

# Node and Java reserve far more memory than they use, and start a dozen threads each.
LIMITS = Limits(seconds=10, memory_bytes=2 * 2**30)
_COMPILING = Limits(seconds=60, memory_bytes=4 * 2**30, n_processes=256)
_RUNTIME = Limits(seconds=10, memory_bytes=4 * 2**30, n_processes=256)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What came of a test program. ``reason`` says what went wrong first; it is empty if nothing did."""

    n_passed: int
    n_checks: int
    reason: str
    timed_out: bool = False

    @property
    def passed(self) -> bool:
        """Whether every check was made and passed."""
        return not self.reason


def run_program(sandbox: Sandbox, language: str, files: Files, marker: str, n_checks: int) -> RunReport:
    """Compile and run a test program, and read its report. Raises SandboxError, and LookupError without the tools."""
    toolchain = find_toolchain(language)
    if toolchain is None:
        raise LookupError(language)
    limits = LIMITS if language in ("python", "rust", "cpp") else _RUNTIME
    outcome, n_run = run_in_folder(sandbox, toolchain, files, _COMPILING, limits)
    if n_run < len(toolchain.commands):
        return RunReport(0, n_checks, f"does not compile: {_first_error(outcome)}", outcome.timed_out)
    return read_report(outcome, marker, n_checks)


def run_in_folder(
    sandbox: Sandbox, toolchain: Toolchain, files: Files, compiling: Limits, running: Limits
) -> tuple[Outcome, int]:
    """Write the files into a folder of their own and run the commands there until one fails.

    What came of the last that was run, and how many were.
    """
    with tempfile.TemporaryDirectory(prefix="quarry-generated-") as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", errors="replace")
        for number, command in enumerate(toolchain.commands, start=1):
            outcome = sandbox.run(
                command,
                folder,
                limits=running if number == len(toolchain.commands) else compiling,
                readable=toolchain.readable,
                environment={"HOME": name, "TMPDIR": name, **toolchain.environment},
            )
            if not outcome.succeeded:
                break
    # The folder has another name each time, and what is kept of a run has not.
    stdout, stderr = (without_addresses(text.replace(name, ".")) for text in (outcome.stdout, outcome.stderr))
    return replace(outcome, stdout=stdout, stderr=stderr), number


def read_report(outcome: Outcome, marker: str, n_checks: int) -> RunReport:
    """What the program's lines say. A check without a line, since the program ended before it, did not pass."""
    verdicts: dict[int, str] = {}
    is_done = False
    for line in outcome.stdout.splitlines():
        if not line.startswith(f"{marker} "):
            continue
        number, _, verdict = line[len(marker) + 1 :].partition(" ")
        if number == "done":
            is_done = True
        elif number.isdecimal():
            verdicts[int(number)] = verdict
    n_passed = sum(verdict == "ok" for number, verdict in verdicts.items() if number < n_checks)
    wrong = next((number for number in range(n_checks) if verdicts.get(number, "ok") != "ok"), None)
    if outcome.end != "exited":
        reason = f"{describe_end(outcome)} in check {len(verdicts)}"
    elif wrong is not None:
        reason = f"check {wrong}: {verdicts[wrong]}"
    elif not is_done or n_passed < n_checks:
        place = f"in check {len(verdicts)}" if verdicts else "before the first check"
        reason = f"ended {place} with code {outcome.exit_code}: {_first_error(outcome)}"
    else:
        reason = ""
    return RunReport(n_passed, n_checks, reason, outcome.timed_out)


def _first_error(outcome: Outcome) -> str:
    """The line of the output that says what is wrong: the first that speaks of an error, else the last."""
    if outcome.timed_out:
        return describe_end(outcome)
    lines = [line.strip() for line in (outcome.stderr + "\n" + outcome.stdout).splitlines() if line.strip()]
    for line in lines:
        is_said = any(word in line.lower() for word in ("error", "exception", "panicked"))
        if is_said and not line.startswith(("Traceback", "File ")):
            return line[:300]
    return lines[-1][:300] if lines else describe_end(outcome) or f"exit code {outcome.exit_code}"
