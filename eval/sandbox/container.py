"""The sandbox by a container, where an image is configured: for machines without bubblewrap.

The image's system and compilers are those that count; the Python or the venv that a command names by its path is shown
as it is here. Beside the engine's own limits we look at what runs, where we see it: an engine in a virtual machine, or
on another one, bounds memory, processes and each file alone. System calls are filtered by the engine's own profile. If
we are killed outright, a container goes on until it ends by itself or its CPU time is over.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.errors import SandboxError

from .base import DEFAULT_LIMITS, End, Limits, Outcome
from .ownership import first_user, lend
from .supervision import cpu_seconds, input_file, launched, supervise
from .usage import Watch
from .view import environment_of, shown_files

_MEMORY_MARGIN = 64 * 2**20  # the engine kills without a reason, so it is given a little more than a run may hold
_ROOT_HOME = Path("/root")
_ASK_SECONDS = 0.2  # between two questions to the engine for the container's first process


class Container:
    """Runs commands by ``engine`` (docker or podman) in ``image``, which must be there: it is never pulled."""

    def __init__(self, engine: str, image: str) -> None:
        self.name = f"container {image}"
        self._engine, self._image = engine, image
        self._first_user = first_user()

    def command_line(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        limits: Limits,
        shown: Sequence[Path],
        environment: Mapping[str, str] | None,
        user: int | None = None,
        home: Path | None = None,
    ) -> list[str]:
        """What is executed: the engine, everything that confines, the image, the command.

        ``user`` is None for us. ``home`` takes the place of the image's home of root.
        """
        files = [f"--volume={path.resolve()}:{path.absolute()}:ro" for path in dict.fromkeys(shown)]
        memory = limits.memory_bytes + _MEMORY_MARGIN
        identity = f"{os.getuid()}:{os.getgid()}" if user is None else f"{user}:{user}"
        return [
            *(self._engine, "run", "--rm", "--interactive", "--init", f"--name={name}", "--pull=never"),
            *("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
            *(f"--memory={memory}", f"--memory-swap={memory}", f"--pids-limit={limits.n_processes}"),
            *(f"--ulimit=data={limits.memory_bytes}", f"--ulimit=fsize={limits.disk_bytes}", "--ulimit=core=0"),
            *(f"--ulimit=cpu={cpu_seconds(limits)}", "--ulimit=nofile=1024"),
            f"--tmpfs=/tmp:rw,exec,mode=1777,size={limits.disk_bytes}",
            f"--shm-size={max(limits.disk_bytes // 4, 2**20)}",
            *(["--userns=keep-id"] if Path(self._engine).name == "podman" and os.getuid() else []),
            f"--user={identity}",
            *([] if home is None else [f"--volume={home}:{_ROOT_HOME}"]),
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
        """As ``Sandbox.run`` says. Killed for memory by the engine looks like any other kill."""
        folder = folder.absolute()
        if not folder.is_dir():
            raise SandboxError(f"the sandbox's folder {folder} is not there")
        shown = shown_files(command[0], readable, as_another=self._first_user is not None)
        name = f"quarry-{uuid.uuid4().hex}"
        with lend(folder, self._first_user) as user, tempfile.TemporaryDirectory() as scratch:
            home = None if user is None else _open_home(Path(scratch), [folder, *shown])
            line = self.command_line(name, launched(command), folder, limits, shown, environment, user, home)
            outcome, has_begun = self._supervised(name, line, folder, limits, stdin, scratch)
        if not has_begun:
            reason = outcome.stderr.strip().splitlines() or ["no reason given"]
            raise SandboxError(f"the container could not run {command[0]}: {reason[-1]}")
        return outcome

    def _supervised(
        self, name: str, line: Sequence[str], folder: Path, limits: Limits, stdin: str, scratch: str
    ) -> tuple[Outcome, bool]:
        source = input_file(stdin)
        watch = _ContainerWatch(self._engine, name, Watch(folder, limits))
        try:
            process = subprocess.Popen(
                line,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=scratch,  # podman leaves a file there where memory ran out
                process_group=0,  # so that an interrupt at the terminal is ours to handle
            )
        except OSError as error:
            raise SandboxError(f"{self._engine} could not be started: {error.strerror}") from error
        finally:
            if not isinstance(source, int):
                source.close()

        def kill() -> None:
            if process.poll() is None:
                subprocess.run([self._engine, "kill", name], capture_output=True, check=False)
                process.kill()

        return supervise(process, limits, kill=kill, find_excess=watch.excess)


def _open_home(scratch: Path, shown: Sequence[Path]) -> Path | None:
    """A folder to show as root's home, where another user is to reach what lies below it: images close theirs.

    What is shown is put into it by the engine. It stays root's, so nothing else can be written there.
    """
    if not any(path.is_relative_to(_ROOT_HOME) for path in shown):
        return None
    home = scratch / "home"
    home.mkdir()
    home.chmod(0o755)
    return home


class _ContainerWatch:
    """Says which limit a container exceeds, by its folder, and by its processes once the engine says which they are."""

    def __init__(self, engine: str, name: str, watch: Watch) -> None:
        self._engine, self._name, self._watch = engine, name, watch
        self._first_process: int | None = None
        self._next_question = time.monotonic() + _ASK_SECONDS

    def excess(self) -> End | None:
        """As ``Watch.excess`` says."""
        if self._first_process is None and time.monotonic() >= self._next_question:
            self._first_process = self._ask()
            self._next_question = time.monotonic() + _ASK_SECONDS
        return self._watch.excess(self._first_process)

    def _ask(self) -> int | None:
        """The container's first process; None where it is not on this machine, whose number would be another's."""
        question = [self._engine, "container", "inspect", "--format={{.Id}} {{.State.Pid}}", self._name]
        asked = subprocess.run(question, capture_output=True, text=True, check=False)
        identity, _, pid = asked.stdout.strip().partition(" ")
        with contextlib.suppress(OSError):
            if identity and identity in Path("/proc", pid, "cgroup").read_text("utf-8"):
                return int(pid)
        return None
