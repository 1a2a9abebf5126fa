"""The sandbox by bubblewrap: namespaces of its own for files, processes, network and shared memory.

What holds: no network; nothing seen but the system's programs, ``readable`` and ``folder``; nothing written but in
``folder`` and a /tmp of bounded size; no other process seen; memory, disk, processes, output and time bounded in all;
no child left. As root a run is another user's, since limits do not bind root. What is not tried: to hide that it is a
sandbox, or what the processor's caches tell.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from eval.errors import SandboxError, SandboxMissing

from .base import DEFAULT_LIMITS, Limits, Outcome
from .filter import seccomp_filter
from .ownership import first_user, lend
from .supervision import input_file, launched, resource_limits, supervise
from .usage import Watch
from .view import SYSTEM_FILES, SYSTEM_FOLDERS, environment_of, parents, shown_files

_OLDEST = (0, 7)  # the first with --size
_FIRST_PERSON = 1000  # below are the system's own users and groups
_SHARED_MEMORY_PART = 4  # /dev/shm may take that part of what /tmp may
_UNSAFE = "use --unsafe to run generated code without a sandbox"
_INSTALL = f"install bubblewrap (apt-get install bubblewrap), or {_UNSAFE}"


class Bubblewrap:
    """Runs commands under ``bwrap``. Raises SandboxMissing, with its reason, where that does not work."""

    name = "bubblewrap"

    def __init__(self) -> None:
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise SandboxMissing(f"generated code needs a sandbox, and there is none here: {_INSTALL}")
        self._bwrap, self._setpriv, self._prlimit = bwrap, _find("setpriv"), _find("prlimit")
        version = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False).stdout
        numbers = tuple(map(int, re.findall(r"\d+", version)))
        if numbers < _OLDEST:
            raise SandboxMissing(
                f"{version.strip() or 'bubblewrap'} is too old for the sandbox: install 0.7 or later, or {_UNSAFE}"
            )
        if not Path("/proc/self/task", str(os.getpid()), "children").exists():
            raise SandboxMissing(
                "this kernel does not list the children of a process, which the sandbox needs: configure a container "
                f"image by QUARRY_SANDBOX_IMAGE, or {_UNSAFE}"
            )
        self._filter = seccomp_filter()
        self._first_user = first_user()
        self._system = _system_mounts()

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
        """As ``Sandbox.run`` says."""
        folder = folder.absolute()
        if not folder.is_dir():
            raise SandboxError(f"the sandbox's folder {folder} is not there")
        files = shown_files(command[0], readable, as_another=self._first_user is not None)
        with lend(folder, self._first_user) as user:
            watch = Watch(folder, limits)
            return self._start(command, folder, files, environment_of(environment), stdin, limits, user, watch)

    def _start(
        self,
        command: Sequence[str],
        folder: Path,
        files: Sequence[Path],
        environment: Mapping[str, str],
        stdin: str,
        limits: Limits,
        user: int | None,
        watch: Watch,
    ) -> Outcome:
        with _Descriptors() as descriptors:
            arguments = [
                self._bwrap,
                *self._namespaces(user),
                *self._system,
                *_accounts(descriptors, os.getuid() if user is None else user),
                *_mounts(folder, files, limits),
                *("--seccomp", str(descriptors.give(self._filter))),
                *("--info-fd", str(descriptors.take())),
                *("--chdir", str(folder)),
                *(argument for name, value in environment.items() for argument in ("--setenv", name, value)),
                "--",
                *([] if user is None else _as_user(self._setpriv, user)),
                *resource_limits(self._prlimit, limits, count_processes=True),
                *launched(command),
            ]
            source = input_file(stdin)
            try:
                process = subprocess.Popen(
                    arguments,
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=descriptors.passed,
                    process_group=0,  # so that an interrupt at the terminal is ours to handle
                    env={},  # that of the sandbox's first process, which what runs in it can read
                )
            except OSError as error:
                raise SandboxError(f"the sandbox could not start {command[0]}: {error.strerror}") from error
            finally:
                if not isinstance(source, int):
                    source.close()
            first = descriptors.first_process()
        with contextlib.closing(first):
            outcome, has_begun = supervise(
                process, limits, kill=lambda: _end(process, first), find_excess=lambda: watch.excess(first.pid)
            )
        if not has_begun:
            reason = next(iter(outcome.stderr.splitlines()), "no reason given")
            raise SandboxError(f"the sandbox could not start {command[0]}: {reason}")
        return outcome

    def _namespaces(self, user: int | None) -> list[str]:
        """Root keeps its user namespace, since in one of its own there would be no other user to become."""
        common = ["--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
        common += ["--unshare-uts", "--unshare-cgroup-try"]
        return common if user is not None else [*common, "--unshare-user"]


class _FirstProcess:
    """The first process of a sandbox: the kernel ends all others with it. ``pid`` is None once it was over at once."""

    def __init__(self, pid: int | None) -> None:
        self.pid, self._descriptor = pid, None
        if pid is not None:
            try:
                self._descriptor = os.pidfd_open(pid)
            except OSError:
                self.pid = None

    def kill(self) -> None:
        """End it, and wait until it and so all others are gone."""
        if self._descriptor is None:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
        select.select([self._descriptor], [], [])

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


class _Descriptors:
    """Files without a name that are passed to bubblewrap: what it reads, and a pipe that it answers by."""

    def __init__(self) -> None:
        self.passed: list[int] = []
        self._answer = -1

    def __enter__(self) -> _Descriptors:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (*self.passed, self._answer):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def give(self, data: bytes) -> int:
        """A descriptor to read the data from."""
        descriptor = os.memfd_create("sandbox", os.MFD_CLOEXEC)
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        self.passed.append(descriptor)
        return descriptor

    def take(self) -> int:
        """A descriptor that bubblewrap writes to; ``first_process`` reads it."""
        self._answer, theirs = os.pipe()
        self.passed.append(theirs)
        return theirs

    def first_process(self) -> _FirstProcess:
        """Waits for bubblewrap's word on the process that it made; none comes if it failed."""
        os.close(self.passed.pop())
        with os.fdopen(os.dup(self._answer)) as answer:
            text = answer.read()
        return _FirstProcess(json.loads(text)["child-pid"] if text.strip() else None)


def _end(process: subprocess.Popen[bytes], first: _FirstProcess) -> None:
    first.kill()
    process.kill()


def _system_mounts() -> list[str]:
    mounts: list[str] = []
    for folder in SYSTEM_FOLDERS:
        if folder.is_symlink():
            mounts += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            mounts += _parent_mounts(folder)
            mounts += ["--ro-bind", str(folder), str(folder)]
    mounts += _parent_mounts(Path("/etc/hosts"))
    for file in SYSTEM_FILES:
        if file.exists():
            mounts += ["--ro-bind", str(file), str(file)]
    return [*mounts, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]


def _parent_mounts(path: Path) -> list[str]:
    """Bubblewrap would make these folders itself, but for root alone."""
    return [argument for parent in parents(path) for argument in ("--perms", "0755", "--dir", str(parent))]


def _mounts(folder: Path, files: Sequence[Path], limits: Limits) -> Iterator[str]:
    size, shared_size = limits.disk_bytes, limits.disk_bytes // _SHARED_MEMORY_PART
    yield from ("--size", str(max(size, 1)), "--perms", "1777", "--tmpfs", "/tmp")
    yield from ("--size", str(max(shared_size, 1)), "--perms", "1777", "--tmpfs", "/dev/shm")
    shown = dict.fromkeys(files, "--ro-bind") | {folder: "--bind"}
    for path in sorted(shown, key=lambda path: len(path.parts)):  # what lies in another comes after it
        yield from _parent_mounts(path)
        yield from (shown[path], str(path.resolve()), str(path))
    yield from ("--remount-ro", "/")


def _accounts(descriptors: _Descriptors, user: int) -> Iterator[str]:
    """The system's own accounts and one for the run. Those of people are nobody's business."""
    files = {
        "/etc/passwd": f"{_system_accounts('/etc/passwd')}sandbox:x:{user}:{user}::/tmp:/bin/sh\n",
        "/etc/group": f"{_system_accounts('/etc/group')}sandbox:x:{user}:\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    }
    for name, text in files.items():
        yield from ("--perms", "0644", "--ro-bind-data", str(descriptors.give(text.encode())), name)


@lru_cache(maxsize=2)
def _system_accounts(path: str) -> str:
    """Name and number of each account below 1000, in the form of its file."""
    lines = []
    for line in Path(path).read_text("utf-8", "replace").splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[2].isdigit() and int(fields[2]) < _FIRST_PERSON:
            rest = [fields[3], "", "/", "/usr/sbin/nologin"] if path.endswith("passwd") and len(fields) > 3 else [""]
            lines.append(":".join([fields[0], "x", fields[2], *rest]) + "\n")
    return "".join(lines)


def _as_user(setpriv: str, user: int) -> list[str]:
    identity = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [setpriv, *identity, "--inh-caps=-all", "--bounding-set=-all", "--"]


def _find(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SandboxMissing(f"the sandbox needs {name}: install the package util-linux, or {_UNSAFE}")
    return found
