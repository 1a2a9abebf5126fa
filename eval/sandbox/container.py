"""The sandbox by a container, where an image is configured: for machines without bubblewrap.

The command runs in the image, so its interpreters and compilers are those that count.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.errors import SandboxError

from .base import DEFAULT_LIMITS, Limits, Outcome
from .ownership import take_back
from .supervision import input_file, launched, supervise
from .usage import Watch
from .view import environment_of


class Container:
    """Runs commands by ``engine`` (docker or podman) in ``image``, which must be there: it is never pulled."""

    name = "container"

    def __init__(self, engine: str, image: str) -> None:
        self._engine, self._image = engine, image

    def command_line(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        limits: Limits,
        readable: Sequence[Path],
        environment: Mapping[str, str] | None,
    ) -> list[str]:
        """What is executed: the engine, everything that confines, the image, the command."""
        files = [f"--volume={path.resolve()}:{path.absolute()}:ro" for path in readable]
        return [
            *(self._engine, "run", "--rm", "--interactive", "--init", f"--name={name}", "--pull=never"),
            *("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
            *(f"--memory={limits.memory_bytes}", f"--memory-swap={limits.memory_bytes}"),
            *(f"--pids-limit={limits.n_processes}", f"--ulimit=fsize={limits.disk_bytes}", "--ulimit=core=0"),
            f"--tmpfs=/tmp:rw,exec,mode=1777,size={limits.disk_bytes}",
            f"--shm-size={max(limits.disk_bytes // 4, 2**20)}",
            *(["--userns=keep-id"] if Path(self._engine).name == "podman" and os.getuid() else []),
            *([f"--user={os.getuid()}:{os.getgid()}"]),
            *files,
            f"--volume={folder.resolve()}:{folder.absolute()}:rw",
            f"--workdir={folder.absolute()}",
            *(f"--env={key}={value}" for key, value in environment_of(environment).items()),
            self._image,
            *command,
        ]

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
        """As ``Sandbox.run`` says. Killed for memory looks like any other kill here."""
        name = f"quarry-{uuid.uuid4().hex}"
        source = input_file(stdin)
        try:
            process = subprocess.Popen(
                self.command_line(name, launched(command), folder, limits, readable, environment),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise SandboxError(f"{self._engine} could not be started: {error.strerror}") from error
        finally:
            if not isinstance(source, int):
                source.close()
        watch = Watch(folder, limits)

        def kill() -> None:
            if process.poll() is None:
                subprocess.run([self._engine, "kill", name], capture_output=True, check=False)
                process.kill()

        try:
            outcome, has_begun = supervise(process, limits, kill=kill, find_excess=lambda: watch.excess(None))
        finally:
            take_back(folder)
        if not has_begun:
            reason = outcome.stderr.strip().splitlines() or ["no reason given"]
            raise SandboxError(f"the container could not run {command[0]}: {reason[-1]}")
        return outcome
