"""Looks at a repository through the git command itself: quicker to begin with than GitPython, which takes objects.

Nothing here changes anything: not even git's own index is refreshed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from .errors import SourceError

# A look must neither rewrite the user's index nor start what the repository's own configuration names.
_LOOK = ("git", "-c", "core.fsmonitor=false", "--literal-pathspecs")

LEADING_ASTRAY = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"))


class GitTooSlow(SourceError):
    """git took longer than it was given."""


def start_git(folder: Path, *arguments: str, with_input: bool = False) -> subprocess.Popen[bytes]:
    """Start a git command in ``folder``, to be finished by ``finish_git``, so that several run side by side."""
    try:
        return subprocess.Popen(
            [*_LOOK, *arguments],
            cwd=folder,
            env=own_environment(),
            stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise SourceError(f"git cannot be run in {folder}: {error.strerror or error}.") from error


def own_environment() -> dict[str, str]:
    """The process's, but for what would lead git to another repository: a hook runs with that set."""
    kept = {name: value for name, value in os.environ.items() if name not in LEADING_ASTRAY}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0"}


def finish_git(
    process: subprocess.Popen[bytes], folder: Path, *, given: str | None = None, timeout_seconds: float | None = None
) -> str:
    """What the command printed; bytes that are not UTF-8 are kept as surrogates. Raises SourceError or GitTooSlow."""
    try:
        printed, complaint = process.communicate(
            None if given is None else given.encode("utf-8", "surrogateescape"), timeout=timeout_seconds
        )
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise GitTooSlow(f"git took more than {timeout_seconds} s in {folder}.") from error
    if process.returncode:
        raise SourceError(f"git cannot read {folder}: {first_line(complaint.decode('utf-8', 'replace'))}")
    return printed.decode("utf-8", "surrogateescape")


def run_git(folder: Path, *arguments: str, given: str | None = None, timeout_seconds: float | None = None) -> str:
    """Run one git command in ``folder`` and return what it prints. Raises SourceError or GitTooSlow."""
    process = start_git(folder, *arguments, with_input=given is not None)
    return finish_git(process, folder, given=given, timeout_seconds=timeout_seconds)


def read_sizes(folder: Path, blobs: Sequence[str]) -> dict[str, int]:
    """Sizes in bytes of blobs, by id."""
    if not blobs:
        return {}
    printed = run_git(
        folder, "cat-file", "--batch-check=%(objectname) %(objectsize)", given="".join(f"{b}\n" for b in blobs)
    )
    pairs = (line.split(" ") for line in printed.splitlines())
    return {blob: int(size) for blob, size in pairs if size.isdigit()}


def read_blobs(folder: Path, blobs: Sequence[str]) -> Iterator[bytes | None]:
    """The content of each blob in turn, None for one that git has lost. git reads ahead, so nobody waits in turns."""
    process = start_git(folder, "cat-file", "--batch", "--buffer", with_input=True)
    assert process.stdin is not None and process.stdout is not None
    asking = threading.Thread(target=_write_all, args=(process.stdin, blobs), daemon=True)
    asking.start()
    try:
        for _ in blobs:
            *_, size = process.stdout.readline().split(b" ")
            if not size.strip().isdigit():
                yield None
                continue
            content = process.stdout.read(int(size) + 1)  # a line end follows
            yield content[:-1] if len(content) == int(size) + 1 else None  # git may be ended within a blob
    finally:
        process.kill()
        asking.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()


def _write_all(pipe: IO[bytes], blobs: Sequence[str]) -> None:
    with contextlib.suppress(OSError), pipe:  # the reader may have had enough
        pipe.write("".join(f"{blob}\n" for blob in blobs).encode())


def complaint_of(error: Exception) -> str:
    """What git said, in one line, where a command of GitPython's failed; else what the error says."""
    return first_line(str(getattr(error, "stderr", "") or error))


def first_line(text: str) -> str:
    """The line of git's own words that says what is wrong."""
    lines = [line.strip().strip("'").removeprefix("stderr:").strip(" '") for line in text.splitlines()]
    telling = [line for line in lines if line.lower().startswith(("fatal:", "error:"))]
    return (telling or [line for line in lines if line] or ["unknown error"])[0].removeprefix("fatal: ")
