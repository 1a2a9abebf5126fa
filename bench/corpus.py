"""Repositories of any size, put together from real source packages: pinned wheels, fetched and never installed.

A repository takes the Python files of the packages in their order until it has as many chunks as asked; when all
are in, the same files follow again under another folder. Those are chunks of their own, since a chunk's id hashes
its path.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from indexer.chunking import chunk_file
from indexer.languages import detect_language
from indexer.records import SourceFile
from indexer.selection import MAX_FILE_BYTES, Decoded, read_text, reason_by_name
from indexer.training.packages import fetch_wheels
from indexer.training.records import Package

# About a thousand Python files. A wheel is a zip of the sources: nothing is built or run.
DJANGO = Package(
    name="Django",
    version="5.2.8",
    sha256="37e687f7bd73ddf043e2b6b97cfe02fcbb11f2dbb3adccc6a2b18c6daa054d7f",
    licence="BSD-3-Clause",
    split="excluded",
)


def _pin(name: str, version: str, licence: str, sha256: str) -> Package:
    return Package(name=name, version=version, sha256=sha256, licence=licence, split="excluded")


PACKAGES = (
    DJANGO,
    _pin("sympy", "1.14.0", "BSD-3-Clause", "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5"),
    _pin("scikit-learn", "1.9.1", "BSD-3-Clause", "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df"),
    _pin("twisted", "26.10.0", "MIT", "3732f42af218925a0fe78d6668db55853f7fb532245a89a2669babe7d3000fa8"),
    _pin("scipy", "1.17.1", "BSD-3-Clause", "43af8d1f3bea642559019edfe64e9b11192a8978efbd1539d7bc2aaa23d92de4"),
    _pin("moto", "5.2.5", "Apache-2.0", "eef62cdcf3bfe73e0863743511ba042dfaba04ba3d5ecdcb896a196c693ad528"),
    _pin("astropy", "8.0.2", "BSD-3-Clause", "000d6998bcf4f097257b3776f29f1dafde0967bf1b091edbad95df564eee4eea"),
    _pin("homeassistant", "2024.3.3", "Apache-2.0", "6e1ec2c07441d63fdcfb8acd2c4bbb6f68bc97330855784d3623d10c38fe3577"),
    _pin("transformers", "5.23.0", "Apache-2.0", "018e82fd07490ad5bb58414f65e31576033dc7f36bed10c574843f69b90991bf"),
    _pin("diffusers", "0.42.1", "Apache-2.0", "9154faa704ce00e0b77f568e0d64786064368528aab5fc14eeea92f87d788014"),
)
_SMALL_MIN_CHUNKS = 10  # Django's files with so many have 20 on average: 2,000 chunks in 100 files


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file of a package: its path in the wheel, and how many chunks it makes."""

    path: str
    n_chunks: int


def make_repository(work: Path, n_chunks: int) -> Path:
    """A git repository of at least ``n_chunks`` chunks, of one commit; made once, kept below ``work``."""
    # A little more: redacted or otherwise read, a file may make a chunk less than counted.
    return _make(work, f"chunks-{n_chunks}", _choose(work, n_chunks + n_chunks // 500))


def make_small_repository(work: Path) -> Path:
    """A git repository of about 2,000 chunks in about 100 files, of Django."""
    large = [file for file in _read_package(DJANGO, work) if file.n_chunks >= _SMALL_MIN_CHUNKS]
    chosen, n_chunks = [], 0
    for file in large:
        if n_chunks >= 2000:
            break
        chosen.append((DJANGO, file, file.path))
        n_chunks += file.n_chunks
    return _make(work, "small", iter(chosen))


def _choose(work: Path, n_chunks: int) -> Iterator[tuple[Package, CorpusFile, str]]:
    """Package, file, and where in the repository it goes."""
    total = 0
    for round_number in count(1):
        for package in PACKAGES:
            for file in _read_package(package, work):
                if total >= n_chunks:
                    return
                total += file.n_chunks
                yield package, file, f"part{round_number}/{file.path}"


def _make(work: Path, name: str, files: Iterator[tuple[Package, CorpusFile, str]]) -> Path:
    folder = work / "repositories" / name
    if folder.is_dir():
        return folder
    temporary = folder.with_suffix(".making")
    shutil.rmtree(temporary, ignore_errors=True)
    opened: dict[str, zipfile.ZipFile] = {}
    for package, file, place in files:
        if package.name not in opened:
            opened[package.name] = zipfile.ZipFile(_fetch(package, work))
        target = temporary / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(opened[package.name].read(file.path))
    for archive in opened.values():
        archive.close()
    author = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "gc.auto=0"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", *author, *command], cwd=temporary, check=True)
    temporary.rename(folder)
    return folder


def _read_package(package: Package, work: Path) -> list[CorpusFile]:
    """The Python files of a package that are indexed, by path; counted once and kept."""
    kept = work / "counts" / f"{package.name}-{package.version}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(sorted(_count(_fetch(package, work)))))
    return [CorpusFile(path, n_chunks) for path, n_chunks in json.loads(kept.read_text())]


def _count(wheel: Path) -> Iterator[tuple[str, int]]:
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            path = info.filename
            if not path.endswith(".py") or reason_by_name(path, info.file_size, MAX_FILE_BYTES) is not None:
                continue
            decoded = read_text(SourceFile(path, "", info.file_size), archive.read(info))
            if not isinstance(decoded, Decoded):
                continue
            chunks = chunk_file(path, "", decoded.text, detect_language(path))
            if chunks:
                yield path, len(chunks)


def _fetch(package: Package, work: Path) -> Path:
    return fetch_wheels((package,), work / "wheels")[package.name]
