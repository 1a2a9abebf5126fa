"""A plain process to compare the sandbox with, and a way to be somebody who is not root."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.sandbox import Outcome, Sandbox, open_sandbox

_NOBODY = 65534


@pytest.fixture(scope="session")
def unconfined() -> Sandbox:
    """A plain process."""
    return open_sandbox(unsafe=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to run in."""
    made = tmp_path / "folder"
    made.mkdir()
    return made


@pytest.fixture
def run(sandbox: Sandbox, folder: Path) -> Callable[..., Outcome]:
    """Runs a Python program in the sandbox."""
    return lambda program, **options: sandbox.run([sys.executable, "-c", program], folder, **options)


@pytest.fixture
def run_unconfined(unconfined: Sandbox, folder: Path) -> Callable[..., Outcome]:
    """Runs a Python program without one, to show that it would do harm."""
    return lambda program, **options: unconfined.run([sys.executable, "-c", program], folder, **options)


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without bubblewrap, docker or podman."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("setpriv", "prlimit", "true", "sh"):
        (folder / name).symlink_to(shutil.which(name) or "/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("QUARRY_SANDBOX_IMAGE", raising=False)
    return folder


@pytest.fixture
def put_program(bare_path: Path) -> Callable[[str, str], None]:
    """Makes a shell script a program of the bare PATH, by its name."""

    def put(name: str, script: str) -> None:
        (bare_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (bare_path / name).chmod(0o755)

    return put


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], Any]], Any]:
    """Calls a function in a process that is not root's, and gives what it returned."""

    def call(function: Callable[[], Any]) -> Any:
        if os.geteuid() != 0:
            return function()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
                with os.fdopen(writer, "wb") as answer:
                    answer.write(pickle.dumps(function()))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            data = answer.read()
        os.waitpid(child, 0)
        assert data, "the process that is not root's failed, see above"
        return pickle.loads(data)

    return call
