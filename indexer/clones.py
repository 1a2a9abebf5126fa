"""Repositories that are given by URL: what is a URL, and the bare clone that is kept of each."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import git

from .errors import IndexBusy, SourceError
from .gitcommand import first_line, own_environment, run_git

_URL = re.compile(r"^([a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:)", re.I)
_CLONE_IS_WHOLE = "quarry-clone-is-whole"  # in a clone's folder, written after its last object
_SHA256_DIGITS = 64  # of an object id; SHA-1 has 40
# A busy server sends a sign of life every few seconds: one that sends none is not waited for. What git tidies up
# afterwards, it does while the lock is held.
_GIT_OPTIONS = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=120", "-c", "gc.autoDetach=false")
_SSH_OPTIONS = "-oBatchMode=yes -oConnectTimeout=60 -oServerAliveInterval=30"  # a password is not asked for, either


def is_url(source: str) -> bool:
    """Whether ``source`` names a remote repository, by its form alone."""
    return bool(_URL.match(source))


def without_credentials(source: str) -> str:
    """``source`` as it may be stored and shown: a URL without the user and password that it may carry.

    Of ssh only the password goes: there the user is a part of the address. A password may hold an @ that should have
    been written as %40, so it ends with the last one before the path.
    """
    source = re.sub(r"^([a-z0-9+.-]*ssh[a-z0-9+.-]*://)([^/:@]*)(?::[^/]*)?(@[^/@]*)", r"\1\2\3", source, flags=re.I)
    return re.sub(r"^((?:https?|ftps?|git)://)[^/]*@", r"\1", source, flags=re.I)


def clone(
    url: str, clones: Path, *, wait_seconds: float = -1, on_note: Callable[[str], None] | None = None
) -> git.Repo:
    """A bare clone of ``url``, kept under ``clones`` and brought up to date.

    All credentials share one clone, which holds none: the server is asked with those of ``url`` each time. One process
    at a time, waited for as ``hold_clone`` does; a clone that was killed leaves nothing that would be taken for one.
    Raises SourceError and IndexBusy.
    """
    shown = without_credentials(url)
    try:
        with hold_clone(shown, clones, wait_seconds=wait_seconds, on_note=on_note) as target:
            whole = target / _CLONE_IS_WHOLE
            if not whole.exists():
                shutil.rmtree(target, ignore_errors=True)
            for left in target.rglob("*.lock"):  # by a git that was killed: no other one writes there now
                left.unlink()
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
def hold_clone(
    origin: str, clones: Path, *, wait_seconds: float = -1, on_note: Callable[[str], None] | None = None
) -> Iterator[Path]:
    """Hold the lock of the clone of a URL without credentials, and give its folder, which need not be there.

    Says through ``on_note`` that it waits; raises IndexBusy after ``wait_seconds``, -1 waits for ever.
    """
    target = _folder_of(origin, clones)
    locks = clones.with_name("locks")
    for folder in (clones, locks):
        folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(locks / target.name)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if on_note is not None:
            on_note(f"Another process is fetching {origin}: waiting for it to finish.")
        try:
            lock.acquire(timeout=wait_seconds)
        except filelock.Timeout:
            raise IndexBusy(f"Another process is fetching {origin}: try again when it is done.") from None
    try:
        yield target
    finally:
        lock.release()


def clone_borrowing(folder: Path, clones: Path) -> git.Repo:
    """A new bare clone of a git folder under ``clones``, which borrows its objects. Raises SourceError."""
    target = clones / f"borrowed-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
    shutil.rmtree(target, ignore_errors=True)
    try:
        clones.mkdir(parents=True, exist_ok=True)
        _run_git(clones, "clone", "--bare", "--shared", "--", str(folder.resolve()), str(target))
    except SourceError as error:
        raise SourceError(f"git cannot read {folder}: {error}") from error
    except OSError as error:
        raise SourceError(f"Cannot clone into {target}: {error.strerror or error}.") from error
    return git.Repo(target)


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
    # Not by --tags, whose tags git does not prune. A HEAD that is on no branch may be a commit that no branch holds.
    wanted = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", *(["HEAD"] if commit else [])]
    _run_git(target, "fetch", "--prune", "--update-head-ok", "--", url, *wanted)
    if branch:
        _run_git(target, "symbolic-ref", "HEAD", branch[1])
    elif commit:
        _run_git(target, "update-ref", "--no-deref", "HEAD", commit[1])
    return git.Repo(target)


def _run_git(folder: Path, *arguments: str) -> str:
    """What a git command in ``folder`` prints. Not by GitPython, which hands on what leads git to a hook's repository.

    Raises SourceError with git's own words.
    """
    done = subprocess.run(
        ["git", *_GIT_OPTIONS, *arguments],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SourceError(first_line(done.stderr.decode("utf-8", "replace")))
    return done.stdout.decode("utf-8", "replace")


def _environment(folder: Path) -> dict[str, str]:
    """The process's own, so that git asks nobody for anything; ssh is called as the user has git call it."""
    environment = {**own_environment(), "GIT_TERMINAL_PROMPT": "0"}
    configured = ("config", "--default", "", "--get", "core.sshCommand")
    ssh = environment.get("GIT_SSH_COMMAND") or run_git(folder, *configured).strip()
    if ssh or "GIT_SSH" not in environment:  # GIT_SSH names a program alone, whose options are not known
        environment["GIT_SSH_COMMAND"] = f"{ssh or 'ssh'} {_SSH_OPTIONS}"
    return environment
