"""The seam of the sandbox: what is run, within which limits, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

End = Literal["exited", "timed out", "out of memory", "killed", "wrote too much"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use, with all its children. Seconds by the clock; bytes of memory and of what it may write.

    ``memory_bytes`` bounds the total and the private memory of each process: beyond it an allocation fails, so that
    Python sees MemoryError. ``disk_bytes`` is for ``folder``, and again for its own /tmp. A thread counts as a process:
    a JVM or node needs a few dozen. ``output_bytes`` is for stdout and stderr together; more than that ends the run.
    """

    seconds: float = 20.0
    memory_bytes: int = 2 * 2**30
    disk_bytes: int = 256 * 2**20
    n_processes: int = 64
    output_bytes: int = 2**20


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``exit_code`` is None unless it exited; outputs are cut at ``Limits.output_bytes``.

    ``killed`` is an end by a signal, such as that of a crash. ``seconds`` are by the clock; of one that timed out they
    are those that it was given, so that what is said of it is the same each time.
    """

    end: End
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether it exited by itself with code 0."""
        return self.end == "exited" and self.exit_code == 0

    @property
    def timed_out(self) -> bool:
        """Whether the clock ended it, which a busy machine may have caused: such a verdict is not kept."""
        return self.end == "timed out"


def describe_end(outcome: Outcome) -> str:
    """How it ended, in words that a model may be told of too; empty where it exited by itself."""
    if outcome.timed_out:
        return f"timed out after {outcome.seconds:.0f} s"
    return "" if outcome.end == "exited" else outcome.end


class Sandbox(Protocol):
    """Runs commands one after another; safe to use from several threads, each with a folder of its own."""

    name: str

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        limits: Limits = DEFAULT_LIMITS,
        readable: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> Outcome:
        """Run ``command`` in ``folder``, the only place where it may write; what it wrote stays there, ours to delete.

        ``folder`` and the ``readable`` files and folders are seen under their own names, also where one lies in
        another; beside them the system's programs, and the Python or the venv that ``command[0]`` names by its path.
        The home folder and other people's files are not seen at all. The environment is ``environment`` alone, with a
        PATH, and HOME and TMPDIR in a /tmp of its own. A file in ``folder`` that is a hard link may not be writable.
        All children are dead when this returns. Raises SandboxError if nothing could be run, or the machine's memory
        was used up: then nothing is known of what ran.
        """
