"""Programs that try to read, reach, signal or keep what is not theirs. The same programs succeed without a sandbox."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval.sandbox import Limits, Outcome, Sandbox

Run = Callable[..., Outcome]


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file in the home folder that everybody may read."""
    with tempfile.NamedTemporaryFile("w", dir=Path.home(), prefix=".quarry-test-") as file:
        file.write("hunter2")
        file.flush()
        Path(file.name).chmod(0o644)
        yield Path(file.name)


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine's loopback that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_secret_in_the_home_folder_cannot_be_read(run: Run, run_unconfined: Run, secret: Path) -> None:
    """The home folder is not there, though our own interpreter may lie below it."""
    program = f"print(open({str(secret)!r}).read())"
    assert "hunter2" in run_unconfined(program).stdout
    outcome = run(program)
    assert "FileNotFoundError" in outcome.stderr and "hunter2" not in outcome.stdout


def test_the_files_of_others_in_tmp_are_not_seen(run: Run, folder: Path) -> None:
    """Its /tmp is its own, also where its folder lies below the real one."""
    (folder.parent / "others.txt").write_text("hunter2")
    with tempfile.NamedTemporaryFile("w") as file:
        outcome = run(f"import os\nprint(os.listdir({str(folder.parent)!r}), os.path.exists({file.name!r}))")
    assert outcome.stdout.strip() == "['folder'] False"


def test_folders_where_secrets_are_mounted_are_not_there(run: Run) -> None:
    """Nothing of /run, /var, /mnt, /sys or the accounts is shown."""
    outcome = run("import os\nprint([name for name in os.listdir('/') if name in {'run', 'var', 'mnt', 'sys', 'srv'}])")
    assert outcome.stdout.strip() == "[]"
    assert "FileNotFoundError" in run("open('/etc/shadow')").stderr


def test_the_accounts_are_the_system_s_and_its_own(run: Run) -> None:
    """Programs look up names of users; those of people are not there, nor their folders."""
    outcome = run("import os, pwd\nfor each in pwd.getpwall():\n    print(each.pw_uid, each.pw_dir)")
    accounts = dict(line.split() for line in outcome.stdout.splitlines())
    assert accounts.pop("0") == "/" and [uid for uid in accounts if int(uid) >= 1000] == list(accounts)[-1:]
    assert set(accounts.values()) <= {"/", "/tmp"}
    assert run("import os, pwd\nprint(pwd.getpwuid(os.getuid()).pw_name)").stdout == "sandbox\n"


def test_a_server_on_this_machine_cannot_be_reached(run: Run, run_unconfined: Run, listener: int) -> None:
    """The sandbox's loopback is not the machine's."""
    program = f"import socket\nsocket.create_connection(('127.0.0.1', {listener}), 2)\nprint('connected')"
    assert run_unconfined(program).stdout == "connected\n"
    assert "ConnectionRefusedError" in run(program).stderr


def test_no_address_outside_can_be_reached(run: Run) -> None:
    """There is no way out: the kernel says so at once, without a packet sent."""
    assert "unreachable" in run("import socket\nsocket.create_connection(('192.0.2.1', 80), 2)").stderr


def test_programs_in_the_sandbox_can_talk_to_each_other(run: Run) -> None:
    """A test that starts a server of its own works."""
    program = (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname())\nprint('connected')"
    )
    assert run(program).stdout == "connected\n"


def test_sockets_to_the_host_of_a_virtual_machine_are_refused(run: Run, run_unconfined: Run) -> None:
    """They have no network namespace, so only the filter stops them."""
    program = "import socket\nsocket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)\nprint('made')"
    if run_unconfined(program).stdout != "made\n":
        pytest.skip("this kernel has no such sockets")
    assert run(program).stdout == ""


def test_a_socket_of_this_machine_without_a_file_cannot_be_reached(run: Run, run_unconfined: Run) -> None:
    """Abstract names belong to the network namespace."""
    name = f"\0quarry-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        program = f"import socket\nsocket.socket(socket.AF_UNIX).connect({name!r})\nprint('connected')"
        assert run_unconfined(program).stdout == "connected\n"
        assert "ConnectionRefusedError" in run(program).stderr


def test_readable_folders_cannot_be_written(run: Run, run_unconfined: Run, folder: Path) -> None:
    """A repository that is shown stays as it is: no new file, no changed file, no changed rights."""
    repository = folder.parent / "repository"
    repository.mkdir()
    (repository / "code.py").write_text("x = 1\n")
    program = (
        "import os, sys\nfrom pathlib import Path\nroot = Path(sys.argv[1])\n"
        "for act in (lambda: (root / 'new').write_text(''), lambda: (root / 'code.py').write_text('x = 2'),\n"
        "            lambda: (root / 'code.py').unlink(), lambda: root.chmod(0o777)):\n"
        "    try:\n        act()\n        print('done')\n    except OSError as error:\n"
        "        print(type(error).__name__)"
    ).replace("sys.argv[1]", repr(str(repository)))
    confined = run(program, readable=[repository]).stdout.split()
    assert len(confined) == 4 and "done" not in confined
    assert (repository / "code.py").read_text() == "x = 1\n"
    assert run_unconfined(program).stdout.split() == ["done"] * 4


def test_what_is_readable_inside_of_the_folder_cannot_be_written(run: Run, folder: Path) -> None:
    """Hidden tests can lie where the program may write."""
    tests = folder / "tests.py"
    tests.write_text("assert False\n")
    outcome = run("open('new', 'w').close()\nopen('tests.py', 'w')", readable=[tests])
    assert "OSError" in outcome.stderr or "PermissionError" in outcome.stderr
    assert tests.read_text() == "assert False\n" and (folder / "new").exists()


def test_nothing_can_be_written_but_in_the_folder_and_tmp(run: Run, folder: Path) -> None:
    """Not even into the file systems that only the sandbox sees, which take memory."""
    program = (
        f"import os\nfor name in ('/', '/etc', '/usr', '/dev', '/dev/shm', '/proc', '/tmp', {str(folder)!r}):\n"
        "    try:\n        open(os.path.join(name, 'x'), 'w').close()\n        print(name)\n"
        "    except OSError:\n        pass\n"
    )
    assert run(program).stdout.split() == ["/dev/shm", "/tmp", str(folder)]


def test_another_process_cannot_be_signalled_or_seen(run: Run, run_unconfined: Run) -> None:
    """Process numbers inside are others than outside."""
    with subprocess.Popen(["sleep", "30"]) as bystander:
        program = f"import os\nprint(os.path.exists('/proc/{bystander.pid}/cmdline'))\nos.kill({bystander.pid}, 9)"
        outcome = run(program)
        assert outcome.stdout == "False\n" and "ProcessLookupError" in outcome.stderr
        assert bystander.poll() is None
        assert run_unconfined(program).succeeded
        assert bystander.wait(5) == -9


def test_our_environment_is_not_seen(run: Run, run_unconfined: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as its own environment nor as that of any process that it can look at."""
    monkeypatch.setenv("QUARRY_OPENAI_API_KEY", "hunter2")
    program = (
        "import glob, os\nfor name in glob.glob('/proc/[0-9]*/environ'):\n    try:\n        print(open(name).read())\n"
        "    except OSError:\n        pass\nprint(dict(os.environ))"
    )
    assert "hunter2" not in run(program).stdout
    with subprocess.Popen(["sleep", "30"]) as neighbour:
        assert "hunter2" in run_unconfined(program).stdout
        neighbour.kill()


def test_only_the_given_environment_is_there(run: Run) -> None:
    """What a task sets is set, and beside it only what every program expects."""
    outcome = run("import os\nprint(sorted(os.environ))", environment={"ANSWER": "42"})
    names = set(outcome.stdout.replace("'", "").strip("[]\n").split(", ")) - {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
    assert names == {"ANSWER", "HOME", "LANG", "PATH", "PWD", "TMPDIR"}


def test_no_rights_can_be_gained(run: Run, run_unconfined: Run) -> None:
    """No namespace of its own, in which it would be root, and no way to become root."""
    program = "import ctypes, os\nprint(ctypes.CDLL(None, use_errno=True).unshare(0x10000000))\nos.setuid(0)"
    outcome = run(program)
    assert outcome.stdout == "-1\n"
    if os.geteuid() == 0:
        assert "PermissionError" in outcome.stderr
        assert run_unconfined(program).stdout == "0\n"


def test_a_child_that_left_its_session_is_dead_when_the_run_ends(run: Run, run_unconfined: Run, folder: Path) -> None:
    """A double fork into a session of its own, deaf to signals, outlives a plain process and not the sandbox."""
    program = (
        "import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n        signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "        os.closerange(0, 3)\n        for _ in range(60):\n            open('beat', 'a').write('.')\n"
        "            time.sleep(0.01)\n    os._exit(0)\nwhile not os.path.exists('beat'):\n    time.sleep(0.01)\n"
    )
    assert run(program).succeeded
    assert _beats_after(folder) == 0
    (folder / "beat").unlink()
    assert run_unconfined(program).succeeded
    assert _beats_after(folder) > 0


def test_a_run_does_not_outlive_us(folder: Path, sandbox: Sandbox) -> None:
    """Killed ourselves, without a moment to clean up, we leave nothing running."""
    program = "while :; do echo >> beat; sleep 0.02; done"
    ours = (
        "from pathlib import Path\nfrom eval.sandbox import open_sandbox\n"
        f"open_sandbox().run(['sh', '-c', {program!r}], Path({str(folder)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", ours], cwd=Path(__file__).parents[3]) as process:
        while process.poll() is None and not (folder / "beat").exists():
            time.sleep(0.02)
        process.kill()
    time.sleep(0.1)
    assert _beats_after(folder) == 0


def test_the_time_limit_ends_children_that_ignore_it(run: Run, folder: Path) -> None:
    """Whoever ignores SIGTERM and left the session is killed with the rest at the end of the time."""
    program = (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork() == 0:\n    os.setsid()\n"
        "while True:\n    open('beat', 'a').write('.')\n    time.sleep(0.01)\n"
    )
    outcome = run(program, limits=Limits(seconds=0.5))
    assert outcome.end == "timed out" and outcome.exit_code is None and 0.5 <= outcome.seconds < 2
    assert _beats_after(folder) == 0


def test_a_program_that_closed_its_outputs_is_timed_too(run: Run) -> None:
    """The end of the outputs is not the end of the program."""
    outcome = run("import os, time\nos.closerange(0, 3)\ntime.sleep(30)", limits=Limits(seconds=0.4))
    assert outcome.end == "timed out"


@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user, who hands out a hard link hands out the file")
def test_a_hard_link_in_the_folder_does_not_give_the_file_away(run: Run, folder: Path) -> None:
    """A copy that shares its files with the original can be read and replaced, and the original stays as it is."""
    original = folder.parent / "original"
    original.write_text("ours")
    os.link(original, folder / "copy")
    assert "PermissionError" in run("print(open('copy').read())\nopen('copy', 'w')").stderr
    assert run("import os\nos.unlink('copy')\nopen('copy', 'w').write('theirs')").succeeded
    assert original.read_text() == "ours" and original.stat().st_uid == os.getuid()


def test_what_it_leaves_can_be_deleted(run: Run, folder: Path) -> None:
    """Closed folders and folders nested deeper than a path can be long are no hindrance."""
    program = (
        "import os\nos.makedirs('closed/inner')\nopen('closed/inner/x', 'w').close()\nos.chmod('closed/inner', 0)\n"
        "os.chmod('closed', 0)\nfor _ in range(1500):\n    os.mkdir('deep')\n    os.chdir('deep')\n"
    )
    assert run(program).end in ("exited", "wrote too much")
    assert all(path.stat().st_uid == os.getuid() for path in folder.iterdir())
    shutil.rmtree(folder)
    assert not folder.exists()


def test_a_link_that_it_leaves_does_not_lead_us_to_others(run: Run, folder: Path) -> None:
    """Taking the folder back changes the link, not what it names."""
    other = folder.parent / "other"
    other.mkdir(mode=0o500)
    assert run(f"import os\nos.symlink({str(other)!r}, 'link')").succeeded
    assert other.stat().st_mode & 0o777 == 0o500
    other.chmod(0o700)


def _beats_after(folder: Path) -> int:
    before = (folder / "beat").stat().st_size
    time.sleep(0.15)
    return (folder / "beat").stat().st_size - before
