"""Runs a script of ours with a model's code in it in the sandbox: a job goes in as JSON, a result comes out."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.errors import SandboxError
from eval.sandbox import Limits, Outcome, Sandbox, describe_end

from .messages import without_addresses

RESULT = "result.json"


def base_python() -> Path:
    """The Python that ours was made from: not our environment, so without the packages that are installed beside us.

    With -S, -s and -P it has none of its own either.
    """
    return Path(getattr(sys, "_base_executable", "") or sys.executable)


def run_job(
    sandbox: Sandbox,
    work: Path,
    scripts: Sequence[Path],
    job: Mapping[str, Any],
    *,
    limits: Limits,
    library: Path | None = None,
) -> tuple[Mapping[str, Any] | None, Outcome]:
    """Run the first of ``scripts`` in a folder of its own under ``work``, which is removed afterwards.

    The folder holds the scripts and, as ``library``, a copy of that folder. It reads the job from standard input
    and writes ``result.json``; None where it wrote none that can be read. Raises SandboxError, also where the script
    says that it failed itself: then nothing is known of the code.
    """
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name).resolve()
        for script in scripts:
            shutil.copy(script, folder)
        if library is not None:
            shutil.copytree(library, folder / "library", ignore=shutil.ignore_patterns("__pycache__"))
        command = [str(base_python()), "-S", "-s", "-P", "-B", "-X", "utf8", str(folder / scripts[0].name)]
        outcome = sandbox.run(
            command,
            folder,
            limits=limits,
            environment={"PYTHONHASHSEED": "0"},  # sets of strings have one order
            stdin=json.dumps(dict(job)),
        )

        def clean(said: str) -> str:  # the folder has another name each time; JSON may write it in its own way
            for place in (f"{folder}/", json.dumps(f"{folder}/")[1:-1]):
                said = said.replace(place, "")
            return without_addresses(said)

        outcome = replace(outcome, stdout=clean(outcome.stdout), stderr=clean(outcome.stderr))
        try:
            result = json.loads(clean((folder / RESULT).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None, outcome
        if not isinstance(result, dict):
            return None, outcome
        if "failure" in result:
            raise SandboxError(f"the tests of generated code failed by themselves: {result['failure']}")
        return result, outcome


def why_no_result(outcome: Outcome) -> str:
    """A sentence for code after which there was no result."""
    if outcome.end != "exited":
        return f"the code was stopped: {describe_end(outcome)}"
    last = outcome.stderr.strip().splitlines()[-1:] or [f"exit code {outcome.exit_code}"]
    return f"the code ended the interpreter: {last[0][:200]}"
