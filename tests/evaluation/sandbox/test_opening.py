"""Which sandbox is chosen, what is said where there is none, and what the container's command line confines."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from eval.errors import SandboxError, SandboxMissing
from eval.sandbox import Limits, Sandbox, open_sandbox
from eval.sandbox.container import Container


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


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.usefixtures("bare_path")
def test_without_any_sandbox_the_line_says_what_to_install() -> None:
    """One line: the package, and the option that runs without."""
    with pytest.raises(SandboxMissing, match=r"apt-get install bubblewrap.*--unsafe") as caught:
        open_sandbox()
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("bare_path")
def test_unsafe_needs_nothing_installed(tmp_path: Path) -> None:
    """And is called what it is."""
    sandbox = open_sandbox(unsafe=True)
    assert sandbox.name == "unsafe"
    assert sandbox.run(["sh", "-c", "echo $0"], tmp_path).stdout == "sh\n"


def test_a_bubblewrap_that_may_not_make_namespaces_is_no_sandbox(bare_path: Path) -> None:
    """Its own words are passed on."""
    _program(bare_path, "bwrap", 'test "$1" = --version && echo 9.9 || { echo "bwrap: not permitted" >&2; exit 1; }')
    with pytest.raises(SandboxMissing, match=r"bwrap: not permitted.*--unsafe"):
        open_sandbox()


def test_an_old_bubblewrap_is_named(bare_path: Path) -> None:
    """Before 0.7 its /tmp had no size."""
    _program(bare_path, "bwrap", "echo bubblewrap 0.4.1")
    with pytest.raises(SandboxMissing, match=r"0\.4\.1 is too old.*--unsafe"):
        open_sandbox()


def test_the_configured_image_serves_where_bubblewrap_is_missing(
    bare_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With docker or podman there; without either it says so."""
    monkeypatch.setenv("QUARRY_SANDBOX_IMAGE", "debian:12")
    with pytest.raises(SandboxMissing, match=r"neither docker nor podman.*QUARRY_SANDBOX_ENGINE.*--unsafe"):
        open_sandbox()
    _program(bare_path, "podman", "")
    assert open_sandbox().name == "container"


def test_a_container_is_confined_by_its_command_line(tmp_path: Path) -> None:
    """No network, a root that cannot be written, no capabilities, and every limit; the command comes last."""
    limits = Limits(memory_bytes=1000, n_processes=7, disk_bytes=3000)
    line = Container("docker", "image").command_line(
        "name", ["python3", "x.py"], tmp_path, limits, [tmp_path / "shown"], {"A": "1"}
    )
    assert line[:2] == ["docker", "run"] and line[-3:] == ["image", "python3", "x.py"]
    expected = {"--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"}
    expected |= {"--memory=1000", "--memory-swap=1000", "--pids-limit=7", "--ulimit=fsize=3000", "--pull=never"}
    expected |= {f"--volume={tmp_path}:{tmp_path}:rw", f"--volume={tmp_path}/shown:{tmp_path}/shown:ro", "--env=A=1"}
    assert expected <= set(line) and f"--user={os.getuid()}:{os.getgid()}" in line


def test_a_container_that_exceeds_its_time_is_killed_by_name(bare_path: Path, tmp_path: Path) -> None:
    """Ending the client would leave the container running."""
    shutil.copy(shutil.which("sleep", path="/bin:/usr/bin") or "", bare_path / "sleep")
    _program(bare_path, "docker", f'echo "$@" >> {tmp_path}/calls; test "$1" = kill || exec sleep 5')
    folder = tmp_path / "folder"
    folder.mkdir()
    outcome = Container("docker", "image").run(["true"], folder, limits=Limits(seconds=0.2))
    started, killed = (tmp_path / "calls").read_text().splitlines()
    name = killed.removeprefix("kill ")
    assert outcome.end == "timed out" and f"--name={name} " in started


def test_a_container_engine_that_fails_is_an_error_of_ours(bare_path: Path, tmp_path: Path) -> None:
    """A missing image is not the program's fault."""
    _program(bare_path, "docker", "echo no such image >&2; exit 125")
    with pytest.raises(SandboxError, match="no such image"):
        Container("docker", "image").run(["true"], tmp_path)


@pytest.mark.parametrize("code", [125, 126, 127])
def test_a_program_cannot_pass_its_failure_off_as_the_engine_s(bare_path: Path, tmp_path: Path, code: int) -> None:
    """The exit codes of an engine that failed are the program's once it began; what the engine said before is not."""
    script = 'echo WARNING >&2; while [ "$1" != image ]; do shift; done; shift; exec "$@"'
    _program(bare_path, "docker", script)
    outcome = Container("docker", "image").run(["sh", "-c", f"echo no such image >&2; exit {code}"], tmp_path)
    assert (outcome.exit_code, outcome.stderr) == (code, "no such image\n")


@pytest.mark.parametrize("said", ["bwrap: no", "prlimit: no", "setpriv: no", "quarry: the command begins"])
def test_a_program_cannot_pass_its_failure_off_as_the_sandbox_s(
    sandbox: Sandbox, unconfined: Sandbox, folder: Path, said: str
) -> None:
    """Whatever words it uses: an answer would leave the denominator by them."""
    for each in (sandbox, unconfined):
        outcome = each.run(["sh", "-c", f"echo '{said}' >&2; exit 127"], folder)
        assert (outcome.end, outcome.exit_code, outcome.stderr) == ("exited", 127, f"{said}\n")


def test_a_command_that_is_not_there_is_an_error(sandbox: Sandbox, unconfined: Sandbox, folder: Path) -> None:
    """Nothing ran, so nothing is known about the answer."""
    for each in (sandbox, unconfined):
        with pytest.raises(SandboxError, match="nonesuch"):
            each.run(["nonesuch"], folder)


def test_what_cannot_be_shown_is_named(sandbox: Sandbox, folder: Path) -> None:
    """A missing folder, and one that the sandbox's user may not read."""
    with pytest.raises(SandboxError, match=r"nowhere.*is not there"):
        sandbox.run(["true"], folder, readable=[folder / "nowhere"])
    with pytest.raises(SandboxError, match="is not there"):
        sandbox.run(["true"], folder / "nowhere")
    private = folder.parent / "private"
    private.mkdir(mode=0o700)
    if os.geteuid() == 0:
        with pytest.raises(SandboxError, match=r"chmod -R o\+rX"):
            sandbox.run(["true"], folder, readable=[private])
