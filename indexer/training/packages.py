"""The pinned packages: read packages.toml, fetch them with their registries' own clients, check every sha256.

Nothing is installed or executed, but for the build backends of source packages, which no training fetches. Which
registry a client asks is that client's own configuration.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path

from indexer.errors import InputError, SourceError
from indexer.training.exclusions import check_name
from indexer.training.licences import PERMISSIVE
from indexer.training.records import Package

# The pins are of wheels for this platform, whatever machine the recipe runs on: only their sources are read.
_APT = Path("/etc/apt")
_PLATFORM = [
    *("--python-version", "3.11", "--implementation", "cp"),
    *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
    *("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_24_x86_64"),
    *("--platform", "manylinux_2_27_x86_64", "--platform", "manylinux_2_28_x86_64", "--platform", "any"),
]
_ARCHIVES = re.compile(r"\.(?:whl|tgz|deb|tar\.(?:gz|xz|bz2))$")
_N_AT_ONCE = 20  # names a call of a client


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


def package_lists_digest() -> str:
    """What the lists of packages and of exclusions say, as 12 hex digits: what was made of others is not to be used."""
    folder = resources.files("indexer.training")
    texts = [folder.joinpath(name).read_bytes() for name in ("packages.toml", "exclusions.txt")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]


def fetch_archives(packages: Iterable[Package], folder: Path) -> dict[str, Path]:
    """The archives by sha256, downloaded where they are missing. Raises SourceError if one cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()  # the clients run inside it
    wanted = list(packages)
    present = _by_hash(folder)
    for registry, fetch in _FETCHERS.items():
        missing = [p for p in wanted if p.registry == registry and p.sha256 not in present]
        for start in range(0, len(missing), _N_AT_ONCE):
            fetch(missing[start : start + _N_AT_ONCE], folder)
    present = _by_hash(folder)
    for package in wanted:
        if package.sha256 not in present:
            raise SourceError(f"{package.name} {package.version} of {package.registry} did not come with its sha256")
    return {package.sha256: present[package.sha256] for package in wanted}


def fetch_wheels(packages: Sequence[Package], folder: Path) -> dict[str, Path]:
    """Pinned wheels by package name, as ``fetch_archives`` gets them."""
    archives = fetch_archives(packages, folder)
    return {package.name: archives[package.sha256] for package in packages}


def _fetch_wheels(packages: Sequence[Package], folder: Path) -> None:
    pins = folder / "requirements.txt"
    lines = (f"{package.name}=={package.version} --hash=sha256:{package.sha256}" for package in packages)
    pins.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *_PLATFORM]
    _run([*command, "--require-hashes", "--requirement", str(pins), "--dest", str(folder)], folder)


def _fetch_sdists(packages: Sequence[Package], folder: Path) -> None:
    # pip reads a source package's metadata by its build backend, after the hash is verified.
    pins = folder / "requirements.txt"
    lines = (f"{package.name}=={package.version} --hash=sha256:{package.sha256}" for package in packages)
    pins.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
    _run([*command, "--require-hashes", "--requirement", str(pins), "--dest", str(folder)], folder)


def _fetch_npm(packages: Sequence[Package], folder: Path) -> None:
    _run(["npm", "pack", "--silent", "--ignore-scripts", *(f"{p.name}@{p.version}" for p in packages)], folder)


def _fetch_debian(packages: Sequence[Package], folder: Path) -> None:
    names = (f"{package.name}={package.version}" for package in packages)
    _run(["apt-get", "download", "-qq", *_apt_options(folder), *names], folder)


def _fetch_debian_sources(packages: Sequence[Package], folder: Path) -> None:
    names = (f"{package.name}={package.version}" for package in packages)
    _run(["apt-get", "source", "-qq", "--download-only", "--tar-only", *_apt_options(folder), *names], folder)


def with_sources(text: str) -> str:
    """A list of apt's, in either of its forms, that names the sources of every package, too."""
    text = re.sub(r"^Types:.*$", "Types: deb deb-src", text, flags=re.MULTILINE)
    return re.sub(r"^deb(\s.*)$", r"deb\1\ndeb-src\1", text, flags=re.MULTILINE)


def _apt_options(folder: Path) -> list[str]:
    """Makes apt use the machine's own lists of sources, for packages and sources, with its state in the folder."""
    state = (folder / "apt").resolve()
    for name in ("sources", "lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    for path in (_APT / "sources.list", *(_APT / "sources.list.d").iterdir()):
        if path.suffix in (".list", ".sources") and path.is_file():
            (state / "sources" / path.name).write_text(with_sources(path.read_text("utf-8")), encoding="utf-8")
    options = [
        *("-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={state / 'sources'}"),
        *("-o", f"Dir::State::lists={state / 'lists'}", "-o", f"Dir::Cache={state / 'cache'}"),
        *("-o", "APT::Sandbox::User=root"),  # the folder may be one that apt's own user cannot read
    ]
    if not any((state / "lists").glob("*Sources*")):
        _run(["apt-get", "update", "-qq", *options], folder)
    return options


_FETCHERS: dict[str, Callable[[Sequence[Package], Path], None]] = {
    "pypi": _fetch_wheels,
    "pypi-source": _fetch_sdists,
    "npm": _fetch_npm,
    "debian": _fetch_debian,
    "debian-source": _fetch_debian_sources,
}


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        status = subprocess.run(command, check=False, cwd=folder, stdout=subprocess.DEVNULL, env=os.environ).returncode
    except FileNotFoundError as error:
        raise SourceError(f"{command[0]} is needed to fetch the pinned packages: install it") from error
    if status != 0:
        raise SourceError(f"{command[0]} could not download a pinned package: see its message above")


def _by_hash(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.iterdir() if _ARCHIVES.search(path.name))
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
