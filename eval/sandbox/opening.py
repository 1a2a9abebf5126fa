"""Chooses the sandbox: bubblewrap where it is, else a container if one is configured, else none, and says so."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from eval.errors import SandboxError, SandboxMissing
from eval.settings import EvalSettings

from .base import Limits, Sandbox
from .bubblewrap import Bubblewrap
from .container import Container
from .unconfined import Unconfined

_TRIAL = Limits(seconds=10.0)


def open_sandbox(unsafe: bool = False, container: str | None = None) -> Sandbox:
    """What runs generated code on this machine.

    ``container`` is an image, by default that of the settings. ``unsafe`` asks for a plain process. Raises
    SandboxMissing, with a line that says what to install, if nothing here can confine the code.
    """
    if unsafe:
        return Unconfined()
    settings = EvalSettings()
    image = container or settings.sandbox_image
    try:
        sandbox = Bubblewrap()
        _try(sandbox)
    except SandboxMissing:
        if image is None:
            raise
    else:
        return sandbox
    engine = settings.sandbox_engine or shutil.which("docker") or shutil.which("podman")
    if engine is None:
        raise SandboxMissing(
            f"the image {image} is configured for generated code, and neither docker nor podman is here: install one "
            "of them, name it by QUARRY_SANDBOX_ENGINE, or use --unsafe to run without a sandbox"
        )
    return Container(engine, image)


def key_within(sandbox: Sandbox, key: str) -> str:
    """A name for what is kept of runs within ``sandbox``; ``key`` names all else that decides how they end.

    It is ``key`` itself within bubblewrap: published runs stand on what was kept before sandboxes were told apart.
    """
    if sandbox.name == Bubblewrap.name:
        return key
    return hashlib.sha256(f"{key}\0{sandbox.name}".encode()).hexdigest()[:16]


def _try(sandbox: Sandbox) -> None:
    """One empty run: some systems have bubblewrap and do not allow what it needs."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = sandbox.run(["true"], Path(folder), limits=_TRIAL)
        except SandboxError as error:
            raise SandboxMissing(f"bubblewrap does not work here ({error}); --unsafe runs without a sandbox") from error
    if not outcome.succeeded:
        reason = outcome.stderr.strip() or outcome.end
        raise SandboxMissing(f"bubblewrap does not work here ({reason}); --unsafe runs without a sandbox")
