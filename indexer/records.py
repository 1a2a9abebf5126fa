"""The records that the indexer is made of: frozen, slotted, plain data. Lines are 1-based and inclusive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORKTREE = "@worktree"  # the ref under which uncommitted files, or a folder without git, are indexed


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that a source offers. ``blob`` is git's object id of its content, also for files outside git."""

    path: str
    blob: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file that is left out, and why. ``blob`` is empty where the name alone decided."""

    path: str
    n_bytes: int
    reason: str
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file along its syntax tree.

    ``id`` hashes path, symbol and text, so it survives edits elsewhere in the file. ``symbol`` is the dotted
    name of the definition (or the scope) that the chunk belongs to, ``kind`` what the tree calls it. ``defines``
    are the dotted names of the definitions that begin in it, ``names`` its identifiers, and ``calls`` those that it
    calls, each with the 0-based line within the chunk. The three are known when a file is cut, and empty in a hit.
    """

    id: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    language: str
    text: str
    blob: str
    defines: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    calls: tuple[tuple[str, int], ...] = ()

    @property
    def location(self) -> str:
        """``path:first-last``, as it is cited."""
        return f"{self.path}:{self.start_line}-{self.end_line}"

    @property
    def embedded_text(self) -> str:
        """The text that encoders see: path and symbol on a line before the code."""
        header = f"{self.path} > {self.symbol.replace('.', ' > ')}" if self.symbol else self.path
        return f"{header}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A credential that was redacted before anything was stored. The secret itself is kept nowhere."""

    path: str
    line: int
    rule: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query. ``score``: higher is better; ``signals`` say how it came about.

    ``ref`` is the indexed one that it was found in, ``commit`` where that was; None outside of commits.
    """

    repo: str
    ref: str
    commit: str | None
    chunk: Chunk
    score: float
    signals: Mapping[str, float]
