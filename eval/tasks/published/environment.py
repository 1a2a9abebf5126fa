"""An interpreter with the packages that a set's tests need, made once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.errors import EnvironmentFailed
from eval.tasks.jobs import base_python

_SECONDS = 900


def open_packages(folder: Path, packages: Sequence[str], on_progress: Callable[[str], None]) -> Path:
    """The interpreter of a virtual environment with these packages, as wheels only. Raises EnvironmentFailed."""
    python, done = folder / "bin" / "python", folder / "quarry-packages.txt"
    wanted = "\n".join(packages)
    if done.is_file() and done.read_text("utf-8") == wanted and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    on_progress(f"making an environment with {' and '.join(packages)}")
    _call([str(base_python()), "-P", "-m", "venv", str(folder)], packages)
    pip = [str(python), "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _call([*pip, "--only-binary", ":all:", *packages], packages)
    done.write_text(wanted, "utf-8")
    return python


def _call(command: Sequence[str], packages: Sequence[str]) -> None:
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise EnvironmentFailed(f"installing {' and '.join(packages)} took longer than {_SECONDS} s.") from None
    if made.returncode:
        lines = [line for line in made.stderr.splitlines() if line.startswith("ERROR")] or made.stderr.splitlines()
        reason = lines[-1].removeprefix("ERROR: ") if lines else "no reason given"
        raise EnvironmentFailed(
            f"{' and '.join(packages)} cannot be installed ({reason}): give --python with an interpreter that has them."
        )
