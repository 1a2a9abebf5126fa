"""The seam of the sandbox: what is run, within which limits, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

End = Literal["exited", "timed out", "out of memory", "killed", "wrote too much"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use. Seconds by the clock; bytes of memory and of what it may write in all."""

    seconds: float = 20.0
    memory_bytes: int = 2 * 2**30
    disk_bytes: int = 256 * 2**20
    n_processes: int = 64
    output_bytes: int = 2**20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``exit_code`` is None unless it exited; outputs are cut at ``Limits.output_bytes``."""

    end: End
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether it exited by itself with code 0."""
        return self.end == "exited" and self.exit_code == 0


class Sandbox(Protocol):
    """Runs commands one after another; safe to use from several threads."""

    name: str

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        limits: Limits = Limits(),
        readable: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> Outcome:
        """Run ``command`` in ``folder``, the only place where it may write; what it wrote stays there.

        ``folder`` and the ``readable`` folders are seen under their own names, the home folder and other people's files
        not at all. The environment is ``environment`` alone, with a PATH. Raises SandboxError if nothing could be run.
        """
