"""The pinned packages: read packages.toml, fetch the wheels, read their sources. Nothing is executed.

Wheels, not source packages: a wheel is a zip of the sources, and fetching it builds nothing. Which
registry they come from is pip's own configuration.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from indexer.errors import InputError, SourceError
from indexer.training.exclusions import check_name, has_excluded_notice, is_excluded_path
from indexer.training.records import Package, Source

# Only these may appear: permissive, and recorded a package.
PERMISSIVE = frozenset(
    {
        *("MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC"),
        *("MIT OR Apache-2.0", "Apache-2.0 OR BSD-3-Clause"),
    }
)
# The pins are of wheels for this platform, whatever machine the recipe runs on: only their sources are read.
_PLATFORM = [
    *("--python-version", "3.11", "--implementation", "cp"),
    *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
    *("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_24_x86_64"),
    *("--platform", "manylinux_2_27_x86_64", "--platform", "manylinux_2_28_x86_64", "--platform", "any"),
]
_MAX_FILE_BYTES = 1_000_000  # larger Python files are tables
# A test's docstring is no question about its code.
_SKIPPED_PARTS = frozenset({"test", "tests", "testing", "_test", "_tests"})


def load_packages(section: str = "package") -> tuple[Package, ...]:
    """The pins of a section: ``package`` (mined), ``excluded`` (only fingerprinted), ``teacher``.

    Raises InputError for a mined package that is excluded or whose licence is not permissive.
    """
    table = tomllib.loads(resources.files("indexer.training").joinpath("packages.toml").read_text("utf-8"))
    packages = tuple(Package(**entry) for entry in table[section])
    if section == "package":
        for package in packages:
            check_name(package.name)
            if package.licence not in PERMISSIVE:
                raise InputError(f"{package.name}: licence {package.licence} is not a permissive one")
    return packages


def fetch_wheels(packages: tuple[Package, ...], folder: Path) -> dict[str, Path]:
    """The wheels by package name, downloaded by pip where they are missing, each checked by its sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    present = _by_hash(folder)
    missing = [package for package in packages if package.sha256 not in present]
    if missing:
        pins = folder / "requirements.txt"
        lines = (f"{package.name}=={package.version} --hash=sha256:{package.sha256}" for package in missing)
        pins.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += [*_PLATFORM, "--require-hashes", "--requirement", str(pins), "--dest", str(folder)]
        if subprocess.run(command, check=False).returncode != 0:
            raise SourceError(f"pip could not download the pinned wheels of {pins}: see its message above")
        present = _by_hash(folder)
    return {package.name: present[package.sha256] for package in packages}


def read_sources(package: Package, wheel: Path) -> Iterator[Source]:
    """The Python files of a wheel, without tests and without what the exclusions forbid."""
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            path = info.filename
            parts = path.split("/")
            if not path.endswith(".py") or info.file_size > _MAX_FILE_BYTES or path.endswith("_pb2.py"):
                continue
            if _SKIPPED_PARTS.intersection(parts) or parts[-1].startswith("test_"):
                continue
            if package.split != "excluded" and is_excluded_path(path):
                continue
            try:
                text = archive.read(info).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
            except UnicodeDecodeError:
                continue
            if package.split == "excluded" or not has_excluded_notice(text):
                yield Source(package.name, path, text)


def _by_hash(folder: Path) -> dict[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.glob("*.whl"))}
