"""The sandbox by a container: what its command line confines, and what is done around an engine, here a stand-in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import SandboxError
from eval.sandbox import Limits
from eval.sandbox.container import Container
from eval.sandbox.ownership import first_user

Put = Callable[[str, str], None]
_MEGABYTE = 2**20
_RUN = 'while [ "$1" != image ]; do shift; done; shift; exec "$@"'  # as we are, in the working folder
_UNLINKED = "exec 3>x; rm x; head -c 16777216 /dev/zero >&3; sleep 5"


@pytest.fixture
def tools(bare_path: Path) -> Path:
    """A bare PATH with what the stand-ins and what they run need."""
    for name in ("sleep", "head", "rm", "cat", "stat"):
        (bare_path / name).symlink_to(shutil.which(name, path="/bin:/usr/bin") or "")
    return bare_path


def test_a_container_is_confined_by_its_command_line(tmp_path: Path) -> None:
    """No network, a root that cannot be written, no capabilities, and every limit; the command comes last."""
    limits = Limits(seconds=1, memory_bytes=1000, n_processes=7, disk_bytes=3000)
    line = Container("docker", "image").command_line(
        "name", ["python3", "x.py"], tmp_path, limits, [tmp_path / "shown"], {"A": "1"}
    )
    assert line[:2] == ["docker", "run"] and line[-3:] == ["image", "python3", "x.py"]
    expected = {"--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"}
    expected |= {"--pids-limit=7", "--ulimit=fsize=3000", "--ulimit=data=1000", "--pull=never", "--env=A=1"}
    expected |= {f"--volume={tmp_path}:{tmp_path}:rw", f"--volume={tmp_path}/shown:{tmp_path}/shown:ro"}
    assert expected <= set(line) and f"--user={os.getuid()}:{os.getgid()}" in line


def test_the_engine_allows_a_little_more_memory_than_we_do(tmp_path: Path) -> None:
    """What it kills says no reason; beyond our own limit the end is called what it is."""
    line = Container("docker", "image").command_line("name", ["true"], tmp_path, Limits(memory_bytes=1000), [], None)
    allowed = {int(each.partition("=")[2]) for each in line if each.startswith(("--memory=", "--memory-swap="))}
    assert len(allowed) == 1 and 1000 < allowed.pop() < 128 * _MEGABYTE


def test_the_python_that_a_command_names_is_shown(put_program: Put, folder: Path) -> None:
    """A venv, and where its Python lies, under their own names: the image need not have one."""
    put_program("docker", f'echo "$@" > {folder}/calls')
    with pytest.raises(SandboxError, match="could not run"):  # the stand-in runs nothing
        Container("docker", "image").run([sys.executable, "-c", ""], folder)
    assert f"--volume={Path(sys.prefix).resolve()}:{sys.prefix}:ro" in (folder / "calls").read_text().split()


@pytest.mark.skipif(os.geteuid() != 0 or first_user() is None, reason="needs root, who can be another user")
@pytest.mark.usefixtures("tools")
def test_as_root_a_container_is_another_user_s(put_program: Put, folder: Path) -> None:
    """The folder is that user's while it runs and ours again after it, so a hard link gives nothing away."""
    calls = folder.parent / "calls"
    put_program("docker", f'echo "$@" > {calls}; {_RUN}')
    user = Container("docker", "image").run(["stat", "-c", "%u", str(folder)], folder).stdout.strip()
    assert f" --user={user}:{user} " in calls.read_text() and int(user) != os.getuid()
    assert folder.stat().st_uid == os.getuid()


@pytest.mark.skipif(os.geteuid() != 0 or first_user() is None, reason="needs root, who can be another user")
def test_another_user_can_reach_what_is_shown_below_root_s_home(put_program: Put, folder: Path) -> None:
    """Images close that folder, so an empty one takes its place, and only where it is needed."""
    put_program("docker", f'echo "$@" > {folder.parent}/calls; {_RUN}')
    container = Container("docker", "image")
    shown = Path("/root/shown")
    line = container.command_line("name", ["true"], folder, Limits(), [shown], None, 1, folder.parent / "home")
    assert line.index(f"--volume={folder.parent}/home:/root") < line.index(f"--volume={shown}:{shown}:ro")
    container.run(["true"], folder)
    assert ":/root " not in (folder.parent / "calls").read_text()


@pytest.mark.usefixtures("tools")
def test_a_container_that_exceeds_its_time_is_killed_by_name(put_program: Put, folder: Path) -> None:
    """Ending the client would leave the container running."""
    calls = folder.parent / "calls"
    put_program("docker", f'test "$1" = container || echo "$@" >> {calls}; test "$1" != run || exec sleep 5')
    outcome = Container("docker", "image").run(["true"], folder, limits=Limits(seconds=0.2))
    started, killed = calls.read_text().splitlines()
    name = killed.removeprefix("kill ")
    assert outcome.end == "timed out" and f"--name={name} " in started


@pytest.mark.usefixtures("tools")
def test_what_runs_in_a_container_is_looked_at(put_program: Put, folder: Path) -> None:
    """The engine does not count a file without a name: the processes that it names are looked at as any others."""
    pid = folder.parent / "pid"
    answer = f'test "$1" != container || {{ echo "/ $(cat {pid})"; exit; }}'  # each line of a cgroup file has a slash
    put_program("docker", f'{answer}\ntest "$1" != kill || exit 0\necho $$ > {pid}\n{_RUN}')
    outcome = Container("docker", "image").run(["sh", "-c", _UNLINKED], folder, limits=_limits())
    assert outcome.end == "wrote too much"


@pytest.mark.usefixtures("tools")
def test_processes_of_another_machine_are_not_looked_at(put_program: Put, folder: Path) -> None:
    """The number that an engine elsewhere gives is that of somebody else's process here."""
    answer = f'test "$1" != container || {{ echo "{"f" * 64} {os.getpid()}"; exit; }}'
    put_program("docker", f'{answer}\ntest "$1" != kill || exit 0\n{_RUN}')
    outcome = Container("docker", "image").run(["sh", "-c", "sleep 0.6; echo fine"], folder, limits=_limits())
    assert outcome.stdout == "fine\n" and outcome.succeeded


def test_a_container_engine_that_fails_is_an_error_of_ours(put_program: Put, tmp_path: Path) -> None:
    """A missing image is not the program's fault."""
    put_program("docker", "echo no such image >&2; exit 125")
    with pytest.raises(SandboxError, match="no such image"):
        Container("docker", "image").run(["true"], tmp_path)


@pytest.mark.parametrize("code", [125, 126, 127])
def test_a_program_cannot_pass_its_failure_off_as_the_engine_s(put_program: Put, tmp_path: Path, code: int) -> None:
    """The exit codes of an engine that failed are the program's once it began; what the engine said before is not."""
    script = 'echo WARNING >&2; while [ "$1" != image ]; do shift; done; shift; exec "$@"'
    put_program("docker", script)
    outcome = Container("docker", "image").run(["sh", "-c", f"echo no such image >&2; exit {code}"], tmp_path)
    assert (outcome.exit_code, outcome.stderr) == (code, "no such image\n")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Before the engine would make it."""
    with pytest.raises(SandboxError, match=r"nowhere is not there"):
        Container("docker", "image").run(["true"], tmp_path / "nowhere")


def _limits() -> Limits:
    return Limits(seconds=10, memory_bytes=16 * _MEGABYTE, disk_bytes=8 * _MEGABYTE)
