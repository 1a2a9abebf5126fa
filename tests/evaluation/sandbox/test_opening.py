"""Which sandbox is chosen, and what is said where there is none or nothing ran."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import SandboxError, SandboxMissing
from eval.sandbox import Sandbox, open_sandbox

Put = Callable[[str, str], None]


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


def test_a_bubblewrap_that_may_not_make_namespaces_is_no_sandbox(put_program: Put) -> None:
    """Its own words are passed on."""
    put_program("bwrap", 'test "$1" = --version && echo 9.9 || { echo "bwrap: not permitted" >&2; exit 1; }')
    with pytest.raises(SandboxMissing, match=r"bwrap: not permitted.*--unsafe"):
        open_sandbox()


def test_an_old_bubblewrap_is_named(put_program: Put) -> None:
    """Before 0.7 its /tmp had no size."""
    put_program("bwrap", "echo bubblewrap 0.4.1")
    with pytest.raises(SandboxMissing, match=r"0\.4\.1 is too old.*--unsafe"):
        open_sandbox()


def test_the_configured_image_serves_where_bubblewrap_is_missing(
    put_program: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With docker or podman there; without either it says so."""
    monkeypatch.setenv("QUARRY_SANDBOX_IMAGE", "debian:12")
    with pytest.raises(SandboxMissing, match=r"neither docker nor podman.*QUARRY_SANDBOX_ENGINE.*--unsafe"):
        open_sandbox()
    put_program("podman", "")
    assert open_sandbox().name == "container debian:12"


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
