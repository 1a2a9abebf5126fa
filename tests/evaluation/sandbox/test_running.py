"""What honest programs get: their folder, their input, their interpreter, the machine's compilers."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.sandbox import Limits, Outcome, Sandbox

Run = Callable[..., Outcome]

_C = '#include <cstdio>\n#include <vector>\nint main() { std::vector<int> v{42}; std::printf("%d\\n", v[0]); }\n'
_JAVA = "public class Main { public static void main(String[] a) { System.out.println(42); } }\n"


def test_what_is_written_stays_and_is_ours(run: Run, folder: Path) -> None:
    """Files, and folders with files, as they were written."""
    assert run("import os\nos.mkdir('made')\nopen('made/x', 'w').write('42')").succeeded
    assert (folder / "made/x").read_text() == "42"
    assert (folder / "made/x").stat().st_uid == os.getuid()


def test_files_that_were_there_can_be_changed_and_deleted(run: Run, folder: Path) -> None:
    """The folder is the program's while it runs."""
    (folder / "a").write_text("1")
    (folder / "b").write_text("1")
    assert run("import os\nopen('a', 'a').write('2')\nos.unlink('b')").succeeded
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("a", "12")]


def test_the_standard_input_is_passed(run: Run) -> None:
    """Whole, and also if the program reads none of it."""
    assert run("print(len(input()))", stdin="x" * 200_000 + "\n").stdout == "200000\n"
    assert run("pass", stdin="x" * 200_000).succeeded


def test_exit_codes_and_signals_are_told_apart(sandbox: Sandbox, unconfined: Sandbox, folder: Path) -> None:
    """A crash is an end by a signal, with or without a sandbox."""
    for each in (sandbox, unconfined):
        assert each.run(["sh", "-c", "echo a; echo b >&2; exit 3"], folder).exit_code == 3
        crash = each.run(["sh", "-c", "kill -SEGV $$"], folder)
        assert crash.end == "killed" and crash.exit_code is None


def test_folders_below_the_home_folder_are_shown_alone(sandbox: Sandbox) -> None:
    """A folder to run in, and one to read, though what lies beside them is hidden."""
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix=".quarry-test-") as parent:
        folder, shown = Path(parent, "folder"), Path(parent, "shown")
        for made in (folder, shown, Path(parent, "beside")):
            made.mkdir()
        (shown / "x").write_text("42")
        script = f"cat {shown}/x; echo; ls -A {parent}"
        outcome = sandbox.run(["sh", "-c", script], folder, readable=[shown])
        assert outcome.stdout.split() == ["42", "folder", "shown"]


def test_the_interpreter_of_a_venv_brings_its_packages(run: Run) -> None:
    """Named by its path, as it is here: with the Python it was made from, wherever that lies."""
    assert run("import sys, pytest\nprint(sys.prefix)").stdout.strip() == sys.prefix


def test_our_own_code_is_not_importable(run: Run) -> None:
    """The foreign repository's ``api`` and ``eval`` are not mistaken for ours."""
    assert "ModuleNotFoundError" in run("import eval.sandbox", environment={"PYTHONSAFEPATH": "1"}).stderr


@pytest.mark.parametrize(
    ("tool", "file", "text", "script"),
    [
        ("g++", "main.cc", _C, "g++ main.cc -o main && ./main"),
        ("node", "main.js", "console.log(42)\n", "node main.js"),
        ("java", "Main.java", _JAVA, "java -XX:TieredStopAtLevel=1 Main.java"),
    ],
)
def test_compilers_and_runtimes_work(
    sandbox: Sandbox, folder: Path, tool: str, file: str, text: str, script: str
) -> None:
    """Those that need much address space, many threads and a /tmp among them."""
    if shutil.which(tool, path="/usr/bin") is None:
        pytest.skip(f"{tool} is not installed")
    (folder / file).write_text(text)
    outcome = sandbox.run(["sh", "-c", script], folder, limits=Limits(memory_bytes=2**30))
    assert outcome.stdout == "42\n", outcome
