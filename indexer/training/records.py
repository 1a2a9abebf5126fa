"""The records of the recipe: a pinned package, a source file of it, a training pair, an item to rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "tune", "test", "excluded", "teacher"]


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned archive. ``sha256`` is the archive's; ``licence`` is an SPDX expression."""

    name: str
    version: str
    sha256: str
    licence: str
    split: Split
    registry: str = "pypi"


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a package, as text. ``path`` is relative to where the package's modules live."""

    package: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and the code that answers it.

    ``kind`` says how the pair came about (``function``, ``class``, ``module``, ``symbol``, ``comment``),
    ``key`` is a fingerprint of the code, to find copies by. Any language can fill it.
    """

    query: str
    code: str
    language: str
    package: str
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Collection:
    """What is ranked in an evaluation: one package's functions, and queries with each answer's row."""

    package: str
    language: str
    candidates: tuple[str, ...]
    queries: tuple[str, ...]
    answers: tuple[int, ...]
