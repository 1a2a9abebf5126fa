"""Compiles and runs a test program in the sandbox, and reads what came of each check."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from eval.sandbox import Limits, Outcome, Sandbox, describe_end

from .programs import Files

_DETECT_SECONDS = 20
_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/lib", "/opt/", "/etc/", "/nix/")
# Node and Java reserve far more memory than they use, and start a dozen threads each.
LIMITS = Limits(seconds=10, memory_bytes=2 * 2**30)
_COMPILING = Limits(seconds=60, memory_bytes=4 * 2**30, n_processes=256)
_RUNTIME = Limits(seconds=10, memory_bytes=4 * 2**30, n_processes=256)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How a language is compiled and run: commands in the program's folder, of which the last one runs it."""

    commands: Sequence[Sequence[str]]
    readable: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


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


@cache
def find_toolchain(language: str) -> Toolchain | None:
    """How the language is run on this machine, or None where its tools are missing."""
    if language == "python":
        # The interpreter itself, not our environment: what is asked needs the standard library alone.
        python = Path(sys.executable).resolve()
        return Toolchain([[str(python), "-s", "-B", "check.py"]], _outside_system(Path(sys.base_prefix)))
    if language == "javascript":
        node = shutil.which("node") or shutil.which("nodejs")
        if node is None:
            return None
        command = [node, "--max-old-space-size=512"]
        return Toolchain([["sh", "-c", 'exec "$@" check.*js', "sh", *command]], _home_of(node))
    if language == "java":
        javac, java = shutil.which("javac"), shutil.which("java")
        if javac is None or java is None:
            return None
        lean = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        compiling = [javac, *(f"-J{option}" for option in lean), "-nowarn", "Check.java"]
        return Toolchain([compiling, [java, *lean, "-cp", ".", "Check"]], [*_home_of(javac), *_home_of(java)])
    if language == "go":
        return _find_go()
    if language == "rust":
        return _find_rust()
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    return Toolchain(
        [[compiler, "-std=c++17", "-O1", "-w", "-o", "check", "check.cpp"], ["./check"]], _home_of(compiler)
    )


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
    stdout, stderr = (text.replace(name, ".") for text in (outcome.stdout, outcome.stderr))
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


def _find_rust() -> Toolchain | None:
    rustc = shutil.which("rustc") or shutil.which("rustc", path=str(Path.home() / ".cargo" / "bin"))
    sysroot = _ask([rustc, "--print", "sysroot"]) if rustc is not None else None
    if sysroot is None:
        return None
    # The compiler itself, not rustup's stand-in for it, which needs a home folder.
    own = Path(sysroot) / "bin" / "rustc"
    command = [str(own), "--edition", "2021", "-C", "opt-level=1", "--cap-lints", "allow", "-o", "check", "check.rs"]
    return Toolchain([command, ["./check"]], _outside_system(Path(sysroot)))


def _find_go() -> Toolchain | None:
    go = shutil.which("go")
    root = _ask([go, "env", "GOROOT"]) if go is not None else None
    if go is None or root is None:
        return None
    environment = {"GOCACHE": "/tmp/go-cache", "GO111MODULE": "off", "GOROOT": root, "GOTOOLCHAIN": "local"}
    own = str(Path(root) / "bin" / "go")
    return Toolchain(
        [[own, "build", "-o", "check", "solution.go", "check.go"], ["./check"]],
        _outside_system(Path(root)),
        environment,
    )


def _ask(command: Sequence[str]) -> str | None:
    """What a tool of the machine says about itself, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DETECT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _home_of(tool: str) -> Sequence[Path]:
    """The folder that an installed tool lives in, unless it is the system's, which is seen anyway."""
    return _outside_system(Path(tool).resolve().parent.parent)


def _outside_system(folder: Path) -> Sequence[Path]:
    return () if f"{folder}/".startswith(_SYSTEM_FOLDERS) else (folder,)
