"""The interpreter that a repository's tests run in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """``python`` runs the tests; ``readable`` are the folders that it needs to see; ``notes`` are for the user."""

    python: Path
    version: str
    readable: Sequence[Path]
    notes: Sequence[str] = ()
