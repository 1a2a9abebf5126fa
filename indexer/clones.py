"""Repositories that are given by URL: what is a URL, and the bare clone that is kept of each."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import filelock
import git
from git.exc import GitCommandError

from .errors import SourceError
from .gitcommand import complaint_of

_URL = re.compile(r"^([a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:)", re.I)
_CLONE_IS_WHOLE = "quarry-clone-is-whole"  # in a clone's folder, written after its last object
_NEVER_ASK = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}  # a password, that is


def is_url(source: str) -> bool:
    """Whether ``source`` names a remote repository, by its form alone."""
    return bool(_URL.match(source))


def without_credentials(source: str) -> str:
    """``source`` as it may be stored and shown: a URL without the user and password that it may carry."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", source, flags=re.I)


def clone(url: str, clones: Path) -> git.Repo:
    """A bare clone of ``url``, kept under ``clones`` by a hash of the URL and brought up to date.

    One process at a time; a clone that was killed leaves nothing that would be taken for one. Raises SourceError.
    """
    target = clones / hashlib.sha256(url.encode()).hexdigest()[:16]
    locks = clones.with_name("locks")
    try:
        for folder in (clones, locks):
            folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(locks / target.name):
            if (target / _CLONE_IS_WHOLE).exists():
                repo = git.Repo(target)
                _fetch(repo)
                return repo
            shutil.rmtree(target, ignore_errors=True)
            repo = git.Repo.clone_from(url, target, bare=True, env=_NEVER_ASK)
            (target / _CLONE_IS_WHOLE).touch()
            return repo
    except GitCommandError as error:
        shown = without_credentials(url)
        raise SourceError(f"git cannot fetch {shown}: {complaint_of(error).replace(url, shown)}") from error
    except OSError as error:
        raise SourceError(f"Cannot clone into {target}: {error.strerror or error}.") from error


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


def _fetch(repo: git.Repo) -> None:
    """Bring all branches and tags of a bare clone up to date, and its HEAD to the origin's default branch."""
    with repo.git.custom_environment(**_NEVER_ASK):
        repo.git.fetch("--prune", "--tags", "--force", "--update-head-ok", "origin", "+refs/heads/*:refs/heads/*")
        head = str(repo.git.ls_remote("--symref", "origin", "HEAD"))
    branch = re.search(r"^ref: (refs/heads/\S+)\s+HEAD$", head, re.M)
    if branch:
        repo.git.symbolic_ref("HEAD", branch[1])
