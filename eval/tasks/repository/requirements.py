"""What a repository says that its tests need: extras and dependency groups for tests, and requirements files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TEST_GROUPS = ("test", "tests", "testing")
DEV_GROUPS = (
    "dev",
    "develop",
    "development",
)  # with linters and more: only where nothing else is said
TEST_FILES = (
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements_test.txt",
    "requirements_tests.txt",
    "test-requirements.txt",
    "test_requirements.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "tests/requirements.txt",
    "test/requirements.txt",
)
DEV_FILES = ("requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt", "requirements/dev.txt")


def read_pyproject(folder: Path) -> Mapping[str, Any]:
    """``pyproject.toml`` as it stands; empty without one, or where it is no TOML (pip will say so)."""
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def is_installable(folder: Path) -> bool:
    """Whether pip can install the repository itself."""
    if (folder / "setup.py").is_file():
        return True
    pyproject = read_pyproject(folder)
    return bool({"project", "build-system"} & set(pyproject)) or "poetry" in pyproject.get("tool", {})


def general_requirement_files(folder: Path) -> list[Path]:
    """What a repository that pip cannot install needs itself; of another one its own dependencies are what counts."""
    return [] if is_installable(folder) else requirement_files(folder, ("requirements.txt",))


def requirement_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """Those of the names that are there."""
    return [folder / name for name in names if (folder / name).is_file()]


def group_requirements(pyproject: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Requirements of the dependency groups of these names, groups that they include among them (PEP 735).

    Groups of Poetry and of Hatch's test environment are read too, as far as they are plain.
    """
    groups = pyproject.get("dependency-groups", {})
    found: list[str] = []
    for name in names:
        found += _expand(groups, name, set())
    tool = pyproject.get("tool", {})
    poetry = tool.get("poetry", {})
    for name in names:
        found += _from_poetry(poetry.get("group", {}).get(name, {}).get("dependencies", {}))
    if set(names) & set(DEV_GROUPS):
        found += _from_poetry(poetry.get("dev-dependencies", {}))
        found += [str(each) for each in tool.get("uv", {}).get("dev-dependencies", [])]
        for group in tool.get("pdm", {}).get("dev-dependencies", {}).values():
            found += [str(each) for each in group if not str(each).startswith("-e")]
    for name in ("hatch-test", *names):
        environment = tool.get("hatch", {}).get("envs", {}).get(name, {})
        found += [str(each) for key in ("dependencies", "extra-dependencies") for each in environment.get(key, [])]
    return list(dict.fromkeys(found))


def _expand(groups: Mapping[str, Any], name: str, seen: set[str]) -> list[str]:
    if name in seen or not isinstance(groups.get(name), list):
        return []
    found: list[str] = []
    for entry in groups[name]:
        if isinstance(entry, str):
            found.append(entry)
        elif isinstance(entry, dict) and "include-group" in entry:
            found += _expand(groups, str(entry["include-group"]), seen | {name})
    return found


def _from_poetry(dependencies: Mapping[str, Any]) -> list[str]:
    """Poetry's caret and tilde are its own: the bare lower bound is kept, which pip understands."""
    found = []
    for name, wanted in dependencies.items():
        if name == "python":
            continue
        version = wanted.get("version", "*") if isinstance(wanted, dict) else wanted
        extras = ",".join(wanted.get("extras", [])) if isinstance(wanted, dict) else ""
        bound = str(version).strip()
        if bound.startswith(("^", "~")):
            bound = ">=" + bound.lstrip("^~=")
        elif bound == "*":
            bound = ""
        elif bound[:1].isdigit():
            bound = "==" + bound
        found.append(f"{name}{f'[{extras}]' if extras else ''}{bound}")
    return found
