"""No sandbox: a plain process, for those who say that the code may run. Limits of time and output hold, others partly.

It can read, write and connect as we can. Children that leave its process group live on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.errors import SandboxError

from .base import DEFAULT_LIMITS, Limits, Outcome
from .supervision import input_file, launched, resource_limits, supervise
from .usage import Watch
from .view import environment_of


class Unconfined:
    """Runs commands as we would ourselves, in ``folder``."""

    name = "unsafe"

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
        """As ``Sandbox.run`` says, but for all that it promises of what cannot be seen, written or reached."""
        prlimit = shutil.which("prlimit")
        start = [] if prlimit is None else resource_limits(prlimit, limits, count_processes=False)
        source = input_file(stdin)
        try:
            process = subprocess.Popen(
                [*start, *launched(command)],
                cwd=folder,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment_of(environment),
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{command[0]} could not be started: {error.strerror}") from error
        finally:
            if not isinstance(source, int):
                source.close()
        watch = Watch(folder, limits)
        outcome, has_begun = supervise(
            process, limits, kill=lambda: _end(process.pid), find_excess=lambda: watch.excess(process.pid)
        )
        if not has_begun:
            reason = next(iter(outcome.stderr.splitlines()), "no reason given")
            raise SandboxError(f"{command[0]} could not be started: {reason}")
        return outcome


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
