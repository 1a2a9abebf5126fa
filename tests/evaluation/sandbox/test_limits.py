"""Programs that take more than they may: processes, memory, disk, output. Without a limit they would get it."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eval.errors import SandboxError
from eval.sandbox import Limits, Outcome, Sandbox, usage
from eval.sandbox.bubblewrap import Bubblewrap
from eval.sandbox.usage import folder_bytes

Run = Callable[..., Outcome]
_MEGABYTE = 2**20

_FORKS = """
import os, time
n = 0
try:
    while n < 100:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        n += 1
except OSError:
    pass
print(n)
"""
_FILL_MEMORY = """
import os, sys, time
n, megabytes = {0}, {1}
for _ in range(n - 1):
    if os.fork() == 0:
        break
held = os.urandom(2**20) * megabytes
print('held', flush=True)
time.sleep({2})
"""


def test_the_number_of_processes_is_bounded(run: Run, run_unconfined: Run) -> None:
    """Also for root, whom a limit on processes does not bind, and for all below one run together."""
    assert 10 < int(run(_FORKS, limits=Limits(n_processes=30)).stdout) <= 30
    assert int(run_unconfined(_FORKS, limits=Limits(n_processes=30)).stdout) == 100


def test_a_fork_bomb_ends_with_its_time(run: Run) -> None:
    """Every process tries to fork for ever, and none is left of them afterwards."""
    mark = f"quarry-{uuid.uuid4().hex}"
    program = f"import os\n# {mark}\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    assert run(program, limits=_short()).end == "timed out"
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark in _read(path)]


def test_runs_at_the_same_time_do_not_share_a_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two runs of 25 processes each pass under a limit of 40."""
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    script = "for i in $(seq 25); do sleep 0.4 & done; wait"
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(sandbox.run, ["sh", "-c", script], at, limits=Limits(n_processes=40)) for at in folders]
    assert all(run.result().succeeded and not run.result().stderr for run in runs)


def test_one_process_cannot_fill_memory(run: Run) -> None:
    """The allocation fails, as it does on a full machine."""
    outcome = run("x = bytearray(2**29)", limits=Limits(memory_bytes=256 * _MEGABYTE))
    assert outcome.end == "exited" and "MemoryError" in outcome.stderr


def test_many_processes_cannot_fill_memory(run: Run, run_unconfined: Run) -> None:
    """Each of six is well within the limit, all together are not."""
    limits = Limits(memory_bytes=256 * _MEGABYTE)
    assert run(_FILL_MEMORY.format(6, 80, 20), limits=limits).end == "out of memory"
    assert run_unconfined(_FILL_MEMORY.format(2, 80, 0.1), limits=limits).end == "exited"


def test_a_machine_without_memory_says_nothing_of_what_ran(
    sandbox: Sandbox, unconfined: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is ended all the same, with what it started, and the error says what to do."""
    mark = f"quarry-{uuid.uuid4().hex}"
    monkeypatch.setattr(usage, "_free_memory_bytes", lambda: 100 * _MEGABYTE)
    for each in (sandbox, unconfined):
        with pytest.raises(SandboxError, match=r"less than 192 MiB of memory left.*run the same command again"):
            each.run(["sh", "-c", f"sleep 20; : {mark}"], folder)
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark in _read(path)]


def test_shared_memory_is_counted(run: Run) -> None:
    """A mapping that is no process's private memory is memory all the same."""
    program = (
        "import mmap, time\nm = mmap.mmap(-1, 2**29)\nfor i in range(0, 2**29, 4096):\n    m[i] = 1\ntime.sleep(20)"
    )
    assert run(program, limits=Limits(memory_bytes=128 * _MEGABYTE)).end == "out of memory"


def test_memory_files_are_counted(run: Run) -> None:
    """Files that live in memory and have no name count as what they are: written."""
    program = (
        "import os, time\nfds = [os.memfd_create(str(i)) for i in range(64)]\nfor fd in fds:\n"
        "    os.write(fd, bytes(2**20 * 4))\ntime.sleep(20)"
    )
    assert run(program, limits=Limits(disk_bytes=32 * _MEGABYTE)).end == "wrote too much"


def test_memory_that_outlives_its_processes_is_refused(run: Run, run_unconfined: Run) -> None:
    """System V shared memory has no owner that could be counted."""
    program = "import ctypes\nprint(ctypes.CDLL(None).shmget(0, 4096, 0o1600))"
    assert run(program).stdout == "-1\n"
    assert (
        run_unconfined(
            program.replace("print(", "l = ctypes.CDLL(None)\ni = (").replace(
                "o1600))", "o1600))\nl.shmctl(i, 0, 0)\nprint(i >= 0)"
            )
        ).stdout
        == "True\n"
    )


def test_one_file_cannot_fill_the_disk(run: Run, folder: Path) -> None:
    """Writing stops at the limit."""
    outcome = run("f = open('x', 'wb')\nwhile True:\n    f.write(bytes(2**20))", limits=_disk())
    assert not outcome.succeeded and folder_bytes(folder) <= 9 * _MEGABYTE


def test_many_files_cannot_fill_the_disk(run: Run, folder: Path) -> None:
    """What all files take together is looked at while it runs."""
    program = "import time\nfor i in range(400):\n    open(str(i), 'wb').write(bytes(2**20))\n    time.sleep(0.005)"
    assert run(program, limits=_disk()).end == "wrote too much"
    assert folder_bytes(folder) < 100 * _MEGABYTE


def test_empty_files_cannot_fill_the_disk(run: Run) -> None:
    """A disk has room for so many names, too."""
    program = "i = 0\nwhile True:\n    open(str(i), 'w').close()\n    i += 1"
    assert run(program, limits=_disk()).end == "wrote too much"


def test_deleted_files_cannot_fill_the_disk(run: Run) -> None:
    """A file without a name that is still open takes its place on the disk."""
    program = (
        "import os, time\nfiles = []\nfor i in range(400):\n    files.append(open('x', 'wb'))\n    os.unlink('x')\n"
        "    files[-1].write(bytes(2**20))\n    files[-1].flush()\n    time.sleep(0.005)"
    )
    assert run(program, limits=_disk()).end == "wrote too much"


def test_tmp_is_bounded_and_gone_afterwards(run: Run, run_unconfined: Run) -> None:
    """Its /tmp is memory, so it has a size, and the next run does not find what was there."""
    program = (
        "import os\nprint(os.listdir('/tmp'))\ntry:\n    for i in range(32):\n"
        "        open(f'/tmp/quarry-{os.getpid()}-{i}', 'wb').write(bytes(2**20))\n    print('written')\nfinally:\n"
        "    [os.unlink(f'/tmp/quarry-{os.getpid()}-{j}') for j in range({0})]\n"
    )
    outcome = run(program.replace("{0}", "0"), limits=_disk())
    assert "No space left" in outcome.stderr and "written" not in outcome.stdout
    assert "quarry-" not in run("import os\nprint(os.listdir('/tmp'))").stdout
    assert "written" in run_unconfined(program.replace("{0}", "i + 1")).stdout


def test_files_that_were_there_do_not_count(run: Run, folder: Path) -> None:
    """The limit is on what a run writes, not on what it is given."""
    (folder / "large").write_bytes(bytes(16 * _MEGABYTE))
    assert run("import time\nopen('x', 'w').write('1')\ntime.sleep(0.2)", limits=_disk()).succeeded


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_of_output_ends_the_run(run: Run, stream: str) -> None:
    """What is kept is cut, and the program is not left writing until its time is over."""
    outcome = run(f"import sys\nwhile True:\n    sys.{stream}.write('x' * 1000)", limits=Limits(output_bytes=50_000))
    assert outcome.end == "wrote too much" and outcome.seconds < 5
    assert len(getattr(outcome, stream)) == 50_000


@pytest.mark.sandboxed
def test_someone_who_is_not_root_is_confined_as_well(as_nobody: Callable[[Callable[[], object]], object]) -> None:
    """The same limits hold by a user namespace: processes, memory, network, files, children."""
    outcomes = as_nobody(_ordinary_runs)
    assert isinstance(outcomes, dict)
    assert int(outcomes["forks"].stdout) <= 30
    assert outcomes["memory"].end == "out of memory"
    assert outcomes["disk"].end == "wrote too much"
    assert outcomes["time"].end == "timed out"
    assert "unreachable" in outcomes["network"].stderr
    assert "hunter2" not in outcomes["secret"].stdout + outcomes["secret"].stderr
    assert outcomes["rights"].stdout == "-1\n"
    assert outcomes["leftovers"] == []


def _ordinary_runs() -> dict[str, object]:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or "python3"
    parent = Path(tempfile.mkdtemp())
    (parent / "secret").write_text("hunter2")
    folder = parent / "folder"
    folder.mkdir()
    sandbox = Bubblewrap()

    def run(program: str, limits: Limits | None = None) -> Outcome:
        return sandbox.run([python, "-c", program], folder, limits=limits or Limits())

    outcomes: dict[str, object] = {
        "forks": run(_FORKS, Limits(n_processes=30)),
        "memory": run(_FILL_MEMORY.format(6, 80, 20), Limits(memory_bytes=256 * _MEGABYTE)),
        "disk": run(
            "import time\nfor i in range(400):\n    open(str(i), 'wb').write(bytes(2**20))\n    time.sleep(0.005)",
            _disk(),
        ),
        "time": run("import os\nos.fork()\nwhile True:\n    pass", _short()),
        "network": run("import socket\nsocket.create_connection(('192.0.2.1', 80), 2)"),
        "secret": run(f"print(open({str(parent / 'secret')!r}).read())"),
        "rights": run("import ctypes\nprint(ctypes.CDLL(None).unshare(0x10000000))"),
    }
    run("import os\nos.makedirs('a/b')\nos.chmod('a/b', 0)\nos.chmod('a', 0)")
    shutil.rmtree(parent)
    outcomes["leftovers"] = [str(parent)] if parent.exists() else []
    return outcomes


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _short() -> Limits:
    return Limits(seconds=0.5, n_processes=20)


def _disk() -> Limits:
    return Limits(disk_bytes=8 * _MEGABYTE)
