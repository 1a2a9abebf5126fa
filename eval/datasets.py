"""The repositories of the published runs: packages that are not ours, pinned by hash, fetched through pip.

Source packages, since they hold the tests, which decide; kreuzberg is a wheel, for questions alone. Which registry they
come from is pip's own configuration.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from indexer.errors import InputError
from indexer.training.packages import fetch_wheels
from indexer.training.records import Package

from .errors import EvaluationError

# None is among the packages that our encoder was trained on. Split `test`: nothing may be tuned on them. What was first
# released in 2025 or later the Qwen2.5-Coder models (2024) cannot know.
DATASETS = (
    Package(  # small, first released in 2025
        name="python-toon",
        version="0.2.0",
        sha256="1b9fcb3fa225cb7973a2637834de08a26236013ab04da0cf80c4af73e141ccf2",
        licence="MIT",
        split="test",
        registry="pypi-source",
    ),
    Package(  # medium, known since 2013
        name="boltons",
        version="26.2.0",
        sha256="d39cfd15c1a1c3bd4d705c82252fa9edb8e4f5e8cc039f8e39afac7b1b47e92c",
        licence="BSD-3-Clause",
        split="test",
        registry="pypi-source",
    ),
    Package(  # large, first released in 2025
        name="strands-agents",
        version="1.9.1",
        sha256="224e2736c1562da28378ee928934c3b618558f0af6bb930e0befb7ecb9246701",
        licence="Apache-2.0",
        split="test",
        registry="pypi-source",
    ),
    Package(  # no release of it was uploaded before 2025
        name="kreuzberg",
        version="3.22.0",
        sha256="7a82bd94a590f2238bd25663177905f34ec360fbe61dbb874b48c8ccd09c06e0",
        licence="MIT",
        split="test",
    ),
)


@dataclass(frozen=True, slots=True)
class About:
    """What a reader must know of a pinned package to weigh its figures.

    Counts are of its Python files as unpacked, tests among them. ``first_release`` is a year; ``is_new`` says that it
    is after that of the Qwen2.5-Coder models.
    """

    n_files: int
    n_lines: int
    first_release: int
    is_new: bool


ABOUT: Mapping[str, About] = {
    "python-toon": About(n_files=17, n_lines=2_553, first_release=2025, is_new=True),
    "boltons": About(n_files=61, n_lines=23_834, first_release=2013, is_new=False),
    "strands-agents": About(n_files=188, n_lines=47_571, first_release=2025, is_new=True),
    "kreuzberg": About(n_files=58, n_lines=14_530, first_release=2025, is_new=True),
}
STANDARD_SUITE = ("python-toon", "boltons", "strands-agents")  # what `--suite standard` runs on, small to large


def find_pinned(repo: str) -> Package | None:
    """The pinned package that a repository of a run is, by its name (``boltons-26.2.0``); None for any other."""
    return next((each for each in DATASETS if f"{each.name}-{each.version}" == repo), None)


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
        archive = fetch_wheels((package,), parent / "wheels")[package.name]
        return _unpack(archive, folder)
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise EvaluationError(
            f"Cannot unpack {package.name} below {parent}: {error}. Choose another folder with --to."
        ) from error


def _unpack(archive: Path, folder: Path) -> Path:
    """The files of a wheel without its packing list, or of a source package, put in place whole or not at all."""
    temporary = folder.with_suffix(".unpacking")
    shutil.rmtree(temporary, ignore_errors=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            members = [member for member in wheel.namelist() if not _is_packing_list(member)]
            wheel.extractall(temporary, members)  # zipfile keeps members below the folder, whatever their names
        temporary.rename(folder)
        return folder
    with tarfile.open(archive) as sdist:
        sdist.extractall(temporary, filter="data")
    (root,) = temporary.iterdir()  # a source package is one folder
    root.rename(folder)
    temporary.rmdir()
    return folder


def _is_packing_list(member: str) -> bool:
    """``*.dist-info`` describes the wheel, not the code; its METADATA repeats the README."""
    return PurePosixPath(member).parts[0].endswith(".dist-info")
