"""A git repository that is written, never checked out: one commit of all texts, and a ref for each variant of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock

from eval.errors import EnvironmentFailed

_BASE = "refs/heads/base"


class GitHistory:
    """Writes refs below ``folder``. The same name with the same changes is the same commit, and is written once."""

    def __init__(self, folder: Path, texts: Mapping[str, str]) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.with_name(f"{folder.name}.lock")):  # another run may make the same one
            if not (folder / "complete").is_file():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                self._git("init", "--quiet", "--bare", "--initial-branch=base", ".")
                self._import(_BASE, None, texts)
                (folder / "complete").touch()
        refs = self._git("for-each-ref", "--format=%(refname:short)").decode().split()
        self._known = set(refs)

    def add(self, name: str, changed: Mapping[str, str | None]) -> str:
        """The ref ``name``: all texts, but of the ``changed`` paths these, and without those that are None."""
        if name not in self._known:
            self._import(f"refs/heads/{name}", _BASE, changed)
            self._known.add(name)
        return name

    def _import(self, ref: str, parent: str | None, texts: Mapping[str, str | None]) -> None:
        stream = b"".join(_commit(ref, parent, texts))
        self._git("fast-import", "--quiet", "--force", given=stream)

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        # GIT_DIR and the like, which a hook runs with, would lead to the user's own repository.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, input=given, capture_output=True, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise EnvironmentFailed(
                f"git {arguments[0]} failed in {self.folder}: {said[-1] if said else 'it said nothing'}."
            )
        return done.stdout


def _commit(ref: str, parent: str | None, texts: Mapping[str, str | None]) -> Iterator[bytes]:
    """In the language of git fast-import. The date is fixed, so that the same content is the same commit."""
    yield f"commit {ref}\ncommitter Quarry <quarry@localhost> 0 +0000\ndata 0\n".encode()
    if parent is not None:
        yield f"from {parent}\n".encode()
    for path, text in texts.items():
        quoted = b'"' + _quote(path) + b'"'
        if text is None:
            yield b"D " + quoted + b"\n"
            continue
        data = text.encode("utf-8", "surrogateescape")
        yield b"M 100644 inline " + quoted + f"\ndata {len(data)}\n".encode() + data + b"\n"
    yield b"\n"


def _quote(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    return raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
