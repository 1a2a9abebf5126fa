"""Starts commands so that it is known whether they began, and follows them: what they print, and their end.

Between us and a command stand bubblewrap or an engine, and programs that set limits. The last of them writes a line
before it becomes the command. What runs cannot take that back, so it cannot pass its own failure off as theirs.
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

from .base import End, Limits, Outcome

_LOOK_SECONDS = 0.02  # between two looks at what a run uses: at 2 GB/s it can take 40 MB meanwhile
_DRAIN_SECONDS = 1.0  # for the pipes of what was killed; only an unconfined child can keep them open longer
_CHUNK_BYTES = 65536
_BEGUN = b"quarry: the command begins\n"
_LAUNCHER = (
    'case $1 in */*) test -x "$1" ;; *) command -v "$1" >/dev/null ;; esac || { echo "$1: not found" >&2; exit 127; }; '
    f'echo {_BEGUN.decode().strip()} >&2; exec "$@"'
)
_SIGNAL_BASE = 128  # an exit code above it is a death by that signal, as shells and bubblewrap say it


def launched(command: Sequence[str]) -> list[str]:
    """The command behind a line on stderr that says that it begins, which ``supervise`` looks for and removes."""
    return ["/bin/sh", "-c", _LAUNCHER, "sh", *command]


def supervise(
    process: subprocess.Popen[bytes],
    limits: Limits,
    *,
    kill: Callable[[], None],
    find_excess: Callable[[], End | None],
) -> tuple[Outcome, bool]:
    """The outcome of a process that was just started with pipes for stdout and stderr, and whether its command began.

    It is that of a ``launched`` command. If that did not begin, stderr says why. ``kill`` ends the process and all its
    children, and is called in any case; what ``find_excess`` raises is raised after it.
    """
    started = time.monotonic()
    outputs: dict[int, bytearray] = {}
    end: End = "exited"
    next_look = started + _LOOK_SECONDS
    with process, selectors.DefaultSelector() as selector:  # the process is waited for, and its pipes are closed
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            outputs[stream.fileno()] = bytearray()
            selector.register(stream, selectors.EVENT_READ)
        try:
            while process.poll() is None:
                _collect(selector, outputs, min(next_look, started + limits.seconds) - time.monotonic(), process)
                now = time.monotonic()
                if sum(map(len, outputs.values())) > limits.output_bytes:
                    end = "wrote too much"
                elif now >= started + limits.seconds:
                    end = "timed out"
                elif now >= next_look:
                    end = find_excess() or end
                    next_look = time.monotonic() + _LOOK_SECONDS
                if end != "exited":
                    break
            seconds = time.monotonic() - started
        finally:
            kill()
        deadline = time.monotonic() + _DRAIN_SECONDS
        while selector.get_map() and time.monotonic() < deadline:
            _collect(selector, outputs, deadline - time.monotonic(), process)
            if sum(map(len, outputs.values())) > limits.output_bytes:
                end = "wrote too much"
                break
    begun, has_begun = _after_begin(outputs)
    texts = [bytes(output[: limits.output_bytes]).decode("utf-8", "replace") for output in begun]
    code: int | None = process.returncode
    if end == "timed out":
        seconds = limits.seconds
    if end != "exited":
        code = None
    elif code is not None and (code < 0 or _SIGNAL_BASE < code < _SIGNAL_BASE + signal.NSIG):
        end, code = "killed", None
    # What was ended while it was being started is no failure of what starts it.
    return Outcome(end, code, texts[0], texts[1], seconds), has_begun or end not in ("exited", "killed")


def _after_begin(outputs: dict[int, bytearray]) -> tuple[tuple[bytes, bytes], bool]:
    """Stdout and stderr of the command itself; of what should start it where it did not begin."""
    stdout, stderr = outputs.values()
    before, line, after = bytes(stderr).partition(_BEGUN)
    return (bytes(stdout), after if line else before), bool(line)


def cpu_seconds(limits: Limits) -> int:
    """Processor time that a process may take: it ends what escaped the clock."""
    return math.ceil(limits.seconds * (os.cpu_count() or 1)) + 1


def resource_limits(prlimit: str, limits: Limits, *, count_processes: bool) -> list[str]:
    """The start of a command line that runs the rest under the kernel's own limits, which hold for each process."""
    command = [
        prlimit,
        f"--cpu={cpu_seconds(limits)}",
        f"--fsize={limits.disk_bytes}",
        f"--data={limits.memory_bytes}",  # not the address space: node and the JVM reserve far more than they use
        "--core=0",
        "--nofile=1024",
    ]
    return [*command, f"--nproc={limits.n_processes}", "--"] if count_processes else [*command, "--"]


def _collect(
    selector: selectors.BaseSelector, outputs: dict[int, bytearray], seconds: float, process: subprocess.Popen[bytes]
) -> None:
    """Waits that long at most, and takes what there is to read. Returns early once the process ended."""
    if not selector.get_map():  # it closed both and goes on, or ends just now
        try:
            process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return
        return
    for key, _ in selector.select(max(seconds, 0.0)):
        stream = key.fileobj
        data = os.read(key.fd, _CHUNK_BYTES)
        if data:
            outputs[key.fd] += data
        else:
            selector.unregister(stream)


def input_file(stdin: str) -> IO[bytes] | int:
    """Stdin as a file, so that a program that reads none of it blocks nobody."""
    if not stdin:
        return subprocess.DEVNULL
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(stdin.encode())
    file.seek(0)
    return file
