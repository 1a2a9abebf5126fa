"""The interpreter that a repository's tests run in: the one that is given, or a virtual environment made for it once.

Never ours, whose top-level names would shadow the repository's. Making one installs the repository's dependencies and
builds the repository itself, which runs its set-up code as the user, with the network, outside of the sandbox: pip
works no other way, and the user is told. The tests then run a copy of the repository, which stands before what was
installed on the path; what building added (compiled modules, a version file) is laid into that copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.errors import EnvironmentFailed
from eval.files import read_kept, write_whole
from eval.tasks.jobs import base_python

from .requirements import (
    DEV_FILES,
    DEV_GROUPS,
    TEST_FILES,
    TEST_GROUPS,
    general_requirement_files,
    group_requirements,
    is_installable,
    read_pyproject,
    requirement_files,
)

_INSTALL_SECONDS = 1200
_TOOLS = ("pytest>=7", "coverage>=7")
_KINDS = ((TEST_GROUPS, TEST_FILES), (DEV_GROUPS, DEV_FILES))  # the latter where nothing is said of tests
_VERSION = 2  # raised when environments are made otherwise
_FORMER_VERSION = 1  # whose environments are the same but for what ``_is_made_otherwise`` says: runs stand on them
# A copy has no history, from which many projects take their version while they are built.
_VERSIONS_WITHOUT_GIT = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "0.0.1",
    "PDM_BUILD_SCM_VERSION": "0.0.1",
    "POETRY_DYNAMIC_VERSIONING_BYPASS": "0.0.1",
    "PBR_VERSION": "0.0.1",
}
# Printed by the interpreter itself: where it and its libraries lie, and what is installed.
_DESCRIBE = """
import importlib.metadata, json, sys
packages = sorted({f"{d.metadata['Name']}=={d.version}" for d in importlib.metadata.distributions()})
print(json.dumps({"version": sys.version.split()[0], "packages": packages, "path": [p for p in sys.path if p],
                  "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]}))
"""
# The requirements of the installed repository's extras, as far as they hold here, and the files that it consists of.
_DESCRIBE_INSTALLED = """
import importlib.metadata, json, sys
known = set(json.loads(sys.argv[1]))
for found in importlib.metadata.distributions():
    url = found.read_text("direct_url.json")
    if url and json.loads(url).get("url", "").startswith("file:") and found.metadata["Name"] not in known:
        print(json.dumps({"extras": found.metadata.get_all("Provides-Extra") or [],
                          "site": str(found.locate_file("")), "files": [str(f) for f in found.files or []]}))
        break
else:
    print("{}")
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """``python`` runs the tests; ``readable`` are the folders that it needs to see; ``notes`` are for the user.

    ``added`` is a folder with what building the repository added to its files, None where that is nothing.
    ``fingerprint`` is a digest of its version and ``packages``. ``is_given``: by the user, not made.
    """

    python: Path
    version: str
    fingerprint: str
    readable: Sequence[Path]
    added: Path | None = None
    notes: Sequence[str] = ()
    packages: Sequence[str] = ()
    is_given: bool = False


def open_environment(
    checkout: Path, folder: Path, python: Path | None, on_progress: Callable[[str], None]
) -> Environment:
    """The environment of the repository at ``checkout``, made below ``folder`` if it is not there yet.

    ``python`` is an interpreter to use as it is: it needs pytest, coverage and what the repository needs. Raises
    EnvironmentFailed.
    """
    if python is not None:
        return _describe_given(python)
    made = folder / "environment"
    state = made / "quarry.json"
    kept = read_kept(state) or {}
    usable = {_VERSION} if _is_made_otherwise(checkout) else {_VERSION, _FORMER_VERSION}
    if kept.get("version") in usable and "notes" in kept and _interpreter(made / "venv").exists():
        return _describe(_interpreter(made / "venv"), made / "added", kept["notes"])
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    notes = _make(checkout, made, on_progress)
    write_whole(state, json.dumps({"version": _VERSION, "notes": notes}))
    return _describe(_interpreter(made / "venv"), made / "added", notes)


def _describe_given(python: Path) -> Environment:
    environment = describe_interpreter(python)
    python = environment.python
    for name in ("pytest", "coverage"):
        done = _call([str(python), "-I", "-c", f"import {name}"])
        if done.returncode:
            raise EnvironmentFailed(
                f"{python} has no {name}, which running the repository's tests needs: install it there with "
                f"`{python} -m pip install {name}`, or leave out --python."
            )
    return environment


def describe_interpreter(python: Path) -> Environment:
    """A given interpreter as it is. Raises EnvironmentFailed if it is none."""
    python = Path.cwd() / python.expanduser()  # links are kept: those of a venv say which it is
    if not python.is_file() or not os.access(python, os.X_OK):
        raise EnvironmentFailed(f"{python} is no program: give --python the path of an interpreter.")
    return replace(_describe(python, None, ()), is_given=True)


def _describe(python: Path, added: Path | None, notes: Sequence[str]) -> Environment:
    done = _call([str(python), "-I", "-c", _DESCRIBE])
    if done.returncode:
        raise EnvironmentFailed(f"{python} is no Python that works: {_last_line(done.stderr)}")
    found = json.loads(done.stdout)
    folders = [Path(each) for each in (*found["prefixes"], *found["path"]) if Path(each).exists()]
    folders += [each.resolve() for each in folders] + [python.resolve().parent.parent]
    fingerprint = hashlib.sha256(json.dumps([found["version"], found["packages"]]).encode()).hexdigest()[:16]
    kept = added if added is not None and added.is_dir() else None
    packages = tuple(str(each) for each in found["packages"])
    return Environment(python, found["version"], fingerprint, _outermost(folders), kept, tuple(notes), packages)


def _outermost(folders: Sequence[Path]) -> list[Path]:
    """The folders without those inside another one of them. The root, which would show everything, is not kept."""
    unique = sorted({folder for folder in folders if folder != Path("/")})
    return [each for each in unique if not any(other in each.parents for other in unique)]


def _make(checkout: Path, made: Path, on_progress: Callable[[str], None]) -> list[str]:
    """A new virtual environment with all that is needed; returns notes."""
    log = made / "install.log"
    on_progress(
        f"making an environment for the tests: pip installs what the repository asks for, which runs its set-up code "
        f"outside of the sandbox; log: {log}"
    )
    venv = made / "venv"
    _install_step([str(base_python()), "-m", "venv", str(venv)], log, "a virtual environment cannot be made")
    python = str(_interpreter(venv))
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    _install_step([*pip, *_TOOLS], log, "pytest and coverage cannot be installed")
    notes = [
        "The repository's tests run in an environment made for them; installing it ran the repository's set-up code "
        "outside of the sandbox."
    ]
    build = made / "build"
    shutil.copytree(checkout, build)  # building writes into the sources
    extras: Sequence[str] = ()
    if is_installable(build):
        before = json.loads(_call([python, "-I", "-c", _DESCRIBE]).stdout)["packages"]
        _install_step([*pip, str(build)], log, "the repository cannot be installed", _versions(build))
        names = json.dumps([package.partition("==")[0] for package in before])
        installed = json.loads(_call([python, "-I", "-c", _DESCRIBE_INSTALLED, names]).stdout or "{}")
        extras = [str(extra) for extra in installed.get("extras", ())]
        _keep_added(installed, checkout, made / "added")
    notes += _install_for_tests(pip, build, extras, log)
    shutil.rmtree(build, ignore_errors=True)
    return notes


def _install_for_tests(pip: Sequence[str], build: Path, extras: Sequence[str], log: Path) -> list[str]:
    """What the tests need beside the repository's own dependencies. What cannot be installed is named in the notes."""
    wanted = wanted_for_tests(build, extras)
    notes: list[str] = []
    if wanted and _run_logged([*pip, *wanted], log, _versions(build)).returncode:
        for one in wanted:  # one that cannot be had must not cost the others
            if _run_logged([*pip, one], log, _versions(build)).returncode:
                shown = one.replace(str(build), ".")
                notes.append(f"{shown}, which the tests may need, could not be installed: see {log}")
    return notes


def wanted_for_tests(build: Path, extras: Sequence[str]) -> list[str]:
    """Arguments of pip: what the sources in ``build`` say of tests, or of development where they say nothing of tests.

    The latter contains linters and more. ``extras`` are those of the installed repository.
    """
    pyproject = read_pyproject(build)
    general = general_requirement_files(build)
    for groups, names in _KINDS:
        chosen = [extra for extra in extras if extra.lower() in groups]
        wanted = [*([f"{build}[{','.join(chosen)}]"] if chosen else []), *group_requirements(pyproject, groups)]
        files = requirement_files(build, names)
        if wanted or files:
            return [*wanted, *(f"-r{file}" for file in (*general, *files))]
    return [f"-r{file}" for file in general]


def _is_made_otherwise(checkout: Path) -> bool:
    """Whether ``_FORMER_VERSION`` may lack what only developers' lists name, or what building added below a root."""
    pyproject = read_pyproject(checkout)
    for_tests, for_developers = (
        bool(requirement_files(checkout, names) or group_requirements(pyproject, groups)) for groups, names in _KINDS
    )
    has_general = bool(general_requirement_files(checkout))
    return (has_general and for_developers and not for_tests) or has_deep_root(checkout)


def _keep_added(installed: dict[str, object], checkout: Path, added: Path) -> None:
    """Copy what the installed repository has beyond its sources, below the folder that its package lies in there."""
    files, site = installed.get("files", ()), Path(str(installed.get("site", "")))
    assert isinstance(files, list | tuple)
    for name in map(str, files):
        top = name.split("/")[0]
        if name.startswith("..") or top.endswith((".dist-info", ".data")) or name.endswith(".pyc"):
            continue
        for root in import_roots(checkout):
            is_there = (checkout / root / top).exists() and "/" in name
            # A compiled module without a package lies at the top.
            if (is_there or "/" not in name) and not (checkout / root / name).exists() and (site / name).is_file():
                if not is_there and name.endswith(".py"):
                    continue
                target = added / root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(site / name, target)
                break


def import_roots(checkout: Path) -> list[str]:
    """The folders, relative to the root, that the repository's modules are imported from: ``src`` before the root."""
    return [*(name for name in ("src", "lib", "python") if _holds_modules(checkout / name)), "."]


def _holds_modules(folder: Path) -> bool:
    """Packages need no ``__init__.py``: any module counts, however deep, unless the folder is a package itself."""
    return not (folder / "__init__.py").exists() and any(folder.rglob("*.py"))


def has_deep_root(checkout: Path) -> bool:
    """Whether a root holds its modules deep or without ``__init__.py`` only: former versions took it for none."""
    seen = ("*.py", "*/__init__.py", "*/*/__init__.py")
    return any(not any(any((checkout / root).glob(each)) for each in seen) for root in import_roots(checkout)[:-1])


def _versions(build: Path) -> dict[str, str]:
    try:
        lines = (build / "PKG-INFO").read_text("utf-8", "replace").splitlines()
    except OSError:
        return _VERSIONS_WITHOUT_GIT
    version = next((line.partition(":")[2].strip() for line in lines if line.startswith("Version:")), None)
    return dict.fromkeys(_VERSIONS_WITHOUT_GIT, version) if version else _VERSIONS_WITHOUT_GIT


def _install_step(command: Sequence[str], log: Path, what: str, more: dict[str, str] | None = None) -> None:
    done = _run_logged(command, log, more or {})
    if done.returncode:
        raise EnvironmentFailed(f"{what[0].upper()}{what[1:]}: {_reason(done)}. Log: {log}. Or give --python.")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """The line of pip's output that says what is wrong."""
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "error:")) and "subprocess" not in line]
    told = next((line for line in errors if "No matching distribution" in line or "requires a different" in line), None)
    return (told or next(iter(errors), lines[-1] if lines else "no output")).removeprefix("ERROR:").strip().rstrip(".")


def _run_logged(command: Sequence[str], log: Path, more: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = _call(command, more, seconds=_INSTALL_SECONDS)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
    return done


def _call(
    command: Sequence[str], more: dict[str, str] | None = None, *, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    # Variables of ours must not lead into our own packages.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False,
            stdin=subprocess.DEVNULL, env={**environment, **(more or {})}, cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"error: took longer than {seconds:.0f} s")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", f"error: {error.strerror}")


def _interpreter(venv: Path) -> Path:
    return venv / "bin" / "python"


def _last_line(text: str) -> str:
    return next(iter(reversed(text.strip().splitlines())), "no output")
