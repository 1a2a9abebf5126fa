"""Repositories that are given by URL: what is a URL, and the bare clone that is kept of each."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import git
from git.exc import GitCommandError

from .errors import IndexBusy, SourceError
from .gitcommand import complaint_of, first_line, own_environment

_URL = re.compile(r"^([a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:)", re.I)
_CLONE_IS_WHOLE = "quarry-clone-is-whole"  # in a clone's folder, written after its last object
_SHA256_DIGITS = 64  # of an object id; SHA-1 has 40
_NEVER_ASK = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}  # a password, that is


def is_url(source: str) -> bool:
    """Whether ``source`` names a remote repository, by its form alone."""
    return bool(_URL.match(source))


def without_credentials(source: str) -> str:
    """``source`` as it may be stored and shown: a URL without the user and password that it may carry."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", source, flags=re.I)


def clone(url: str, clones: Path) -> git.Repo:
    """A bare clone of ``url``, kept under ``clones`` and brought up to date.

    All credentials share one clone, which holds none: the server is asked with those of ``url`` each time. One process
    at a time; a clone that was killed leaves nothing that would be taken for one. Raises SourceError.
    """
    shown = without_credentials(url)
    try:
        with hold_clone(shown, clones) as target:
            whole = target / _CLONE_IS_WHOLE
            if not whole.exists():
                shutil.rmtree(target, ignore_errors=True)
            if url != shown:  # earlier versions kept a clone of its own, with the credentials in its configuration
                shutil.rmtree(_folder_of(url, clones), ignore_errors=True)
            try:
                repo = _fetch(url, target)
                whole.touch()
                return repo
            finally:
                if not whole.exists():
                    shutil.rmtree(target, ignore_errors=True)
    except SourceError as error:
        raise SourceError(f"git cannot fetch {shown}: {str(error).replace(url, shown)}") from error
    except OSError as error:
        raise SourceError(f"Cannot clone {shown} below {clones}: {error.strerror or error}.") from error


def _folder_of(url: str, clones: Path) -> Path:
    return clones / hashlib.sha256(url.encode()).hexdigest()[:16]


@contextmanager
def hold_clone(origin: str, clones: Path, *, wait_seconds: float = -1) -> Iterator[Path]:
    """Hold the lock of the clone of a URL without credentials, and give its folder, which need not be there.

    Raises IndexBusy after ``wait_seconds``; -1 waits for ever.
    """
    target = _folder_of(origin, clones)
    locks = clones.with_name("locks")
    for folder in (clones, locks):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = filelock.FileLock(locks / target.name).acquire(timeout=wait_seconds)
    except filelock.Timeout:
        raise IndexBusy(f"Another process is fetching {origin}: try again when it is done.") from None
    with lock:
        yield target


def clone_borrowing(folder: Path, clones: Path) -> git.Repo:
    """A new bare clone of a git folder under ``clones``, which borrows its objects. Raises SourceError."""
    target = clones / f"borrowed-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
    shutil.rmtree(target, ignore_errors=True)
    try:
        clones.mkdir(parents=True, exist_ok=True)
        repo = git.Repo.clone_from(folder, target, bare=True, shared=True, env=_NEVER_ASK)
    except GitCommandError as error:
        raise SourceError(f"git cannot read {folder}: {complaint_of(error)}") from error
    except OSError as error:
        raise SourceError(f"Cannot clone into {target}: {error.strerror or error}.") from error
    return repo


def _fetch(url: str, target: Path) -> git.Repo:
    """Bring all branches and tags of the bare clone at ``target`` up to date, and its HEAD to that of ``url``.

    The clone is made if it is not there. Not by `git clone`, which keeps the URL with its credentials.
    """
    head = _run_git(target.parent, "ls-remote", "--symref", "--", url, "HEAD")
    branch = re.search(r"^ref: (refs/heads/\S+)\s+HEAD$", head, re.M)
    commit = re.search(r"^([0-9a-f]+)\s+HEAD$", head, re.M)
    if not target.exists():
        is_sha256 = commit is not None and len(commit[1]) == _SHA256_DIGITS
        _run_git(target.parent, "init", "--bare", *(["--object-format=sha256"] if is_sha256 else []), target.name)
    # A HEAD that is on no branch may be a commit that no branch holds.
    wanted = ["+refs/heads/*:refs/heads/*", *(["HEAD"] if commit else [])]
    _run_git(target, "fetch", "--prune", "--tags", "--force", "--update-head-ok", "--", url, *wanted)
    if branch:
        _run_git(target, "symbolic-ref", "HEAD", branch[1])
    elif commit:
        _run_git(target, "update-ref", "--no-deref", "HEAD", commit[1])
    return git.Repo(target)


def _run_git(folder: Path, *arguments: str) -> str:
    """What a git command in ``folder`` prints. Not by GitPython, which hands on what leads git to a hook's repository.

    Raises SourceError with git's own words.
    """
    environment = {**own_environment(), **_NEVER_ASK}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise SourceError(first_line(done.stderr.decode("utf-8", "replace")))
    return done.stdout.decode("utf-8", "replace")
