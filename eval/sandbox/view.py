"""What confined code sees of this machine: the system's programs, the interpreter it is run by, few variables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.errors import SandboxError

SYSTEM_FOLDERS = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")))
# What programs need of /etc: where libraries lie, which alternative is chosen, tables of names that are everywhere the
# same. Accounts and hosts are made for each run.
SYSTEM_FILES = (
    *(Path("/etc", name) for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")),
    *(Path("/etc", name) for name in ("nsswitch.conf", "mime.types", "protocols", "services", "os-release")),
    *sorted(Path("/etc").glob("java*")),
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # of the machine's processor; without it sums may be wrong
_MAX_LINKS = 20


def environment_of(environment: Mapping[str, str] | None) -> dict[str, str]:
    """The whole environment of a run: what is asked for, on top of what every program expects."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    fixed = {"PATH": _PATH, "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
    return {**fixed, **passed_on, **(environment or {})}


def shown_files(command: str, readable: Sequence[Path], *, as_another: bool) -> list[Path]:
    """What a run sees under its own name, beside its folder: its interpreter, and what it was given to read.

    ``as_another`` is for a run that is another user's. Raises SandboxError for what is not there or not to be read.
    """
    files = [*interpreter_files(command), *(path.absolute() for path in readable)]
    for path in files:
        if not path.exists():
            raise SandboxError(f"the sandbox cannot show {path}: it is not there")
        needed = 0o005 if path.is_dir() else 0o004
        if as_another and path.stat().st_mode & needed != needed:
            raise SandboxError(f"the sandbox's user may not read {path}: chmod -R o+rX {path}")
    return files


def parents(path: Path) -> list[Path]:
    """The folders above a path, from the top, without the root."""
    return [parent for parent in reversed(path.parents) if parent != parent.parent]


def interpreter_files(command: str) -> tuple[Path, ...]:
    """What a command named by its path needs beside the system's folders: the Python that it belongs to, or itself.

    A venv's interpreter is a chain of links to that of a Python elsewhere, often in the home folder: each is shown.
    """
    found: dict[Path, None] = {}
    path = Path(command)
    for _ in range(_MAX_LINKS):
        if not path.is_absolute() or any(path.is_relative_to(folder) for folder in SYSTEM_FOLDERS):
            break
        found.update(dict.fromkeys(_belongings(path)))
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return tuple(found)


def _belongings(program: Path) -> list[Path]:
    prefix = program.parent.parent
    if (prefix / "pyvenv.cfg").is_file():
        return [prefix]
    if any((prefix / "lib").glob("python3*/os.py")):  # not the prefix: ~/.local, say, holds more than a Python
        return [prefix / "bin", prefix / "lib"]
    return [program] if program.exists() else []
