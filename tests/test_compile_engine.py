"""`make native`: what was compiled takes the prebuilt engine's place only if it is sound and faster."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path

import pytest

from assistant.models.engine_build import EngineBuild
from scripts import compile_engine

PIP = """#!/bin/sh
echo "$@" >> "$0.log"
echo "CMAKE_ARGS=$CMAKE_ARGS CXXFLAGS=$CXXFLAGS" >> "$0.flags"
while [ $# -gt 0 ]; do
    case $1 in
    --wheel-dir) [ -e "$0.fails" ] && { echo "error: no such instruction"; exit 1; }; touch "$2/engine.whl" ;;
    --target) mkdir -p "$2" ;;
    esac
    shift
done
"""
QUARRY = """#!/bin/sh
case ${PYTHONPATH:-} in */trial) build=compiled ;; *) build=prebuilt ;; esac
echo "$build $QUARRY_MODEL ${QUARRY_ENGINE_THREADS:-}" >> "$0.log"
cat "$0.$build" || { echo "quarry: it died" >&2; exit 1; }
"""


class Machine:
    """Stand-ins of pip and quarry that keep what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in (("pip", PIP), ("quarry", QUARRY)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.says("prebuilt", 60.0)

    def says(self, build: str, per_second: float, engine: str | None = None) -> None:
        """What `quarry models speed` finds of that build."""
        measured = {
            "model": "embedded/some",
            "engine": engine or build,
            "prompt_tokens_per_second": per_second,
            "generated_tokens_per_second": 11.0,
            "n_threads": 2,
            "is_sound": True,
        }
        (self.folder / f"quarry.{build}").write_text(json.dumps(measured))

    @property
    def installed(self) -> bool:
        """Whether the compiled wheel took the prebuilt one's place."""
        return "--force-reinstall" in (self.folder / "pip.log").read_text()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """With a compiler, and a prebuilt engine that reads 60 tokens a second."""
    monkeypatch.setattr(compile_engine, "BIN", tmp_path)
    monkeypatch.setattr(compile_engine, "LOG", tmp_path / "log")
    monkeypatch.setattr(compile_engine, "PIP", [str(tmp_path / "pip")])
    monkeypatch.setattr(compile_engine, "read_engine_build", lambda: EngineBuild("2026.10.1", False, "abc"))
    monkeypatch.setattr(compile_engine, "find_missing", lambda has_compiler: [])
    for name in ("PYTHONPATH", "CXX", "CXXFLAGS", "CMAKE_ARGS", "QUARRY_ENGINE_THREADS"):
        monkeypatch.delenv(name, raising=False)
    write_compiler(monkeypatch, tmp_path, "c++ (Debian 12.2.0) Copyright (C) 2022 Free Software Foundation, Inc.")
    return Machine(tmp_path)


def write_compiler(monkeypatch: pytest.MonkeyPatch, folder: Path, says: str) -> None:
    """Take a stand-in for the C++ compiler that says this of itself."""
    (folder / "some-c++").write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / "some-c++").chmod(0o755)
    monkeypatch.setenv("CXX", str(folder / "some-c++"))


def test_a_faster_engine_is_installed(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Both speeds are said, and how to have the prebuilt one back."""
    machine.says("compiled", 120.0)
    compile_engine.main()
    said = capsys.readouterr().out
    assert machine.installed
    assert "reads 60 prompt tokens/s" in said
    assert "reads 120 prompt tokens/s" in said
    assert "2.00 times as fast.\nTo have the prebuilt engine back: " in said
    asked = (machine.folder / "quarry.log").read_text().splitlines()
    assert asked == ["prebuilt embedded ", "compiled embedded 2"]  # the same threads


def test_gcc_is_kept_from_removing_what_amx_needs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other compilers do not know these options; flags that the user gives come last, where they win."""
    machine.says("compiled", 120.0)
    monkeypatch.setenv("CXXFLAGS", "-O2")
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_AVX512=OFF")
    compile_engine.main()
    flags = (machine.folder / "pip.flags").read_text().splitlines()[0]
    assert flags == f"CMAKE_ARGS={compile_engine.CMAKE_ARGS} -DGGML_AVX512=OFF CXXFLAGS=-fno-tree-dse -fno-dse -O2"
    (machine.folder / "pip.flags").unlink()
    write_compiler(monkeypatch, machine.folder, "clang version 19")
    compile_engine.main()
    assert "CXXFLAGS=-O2" in (machine.folder / "pip.flags").read_text()


def test_an_engine_that_was_not_tried_is_not_installed(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the prebuilt one answered in its place, whatever it says of its speed."""
    machine.says("compiled", 120.0, engine="prebuilt")
    with pytest.raises(SystemExit, match="1"):
        compile_engine.main()
    assert not machine.installed
    assert "was not the one that ran; the prebuilt engine stays" in capsys.readouterr().err


def test_an_engine_that_is_no_faster_is_left(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """It was tried from a folder of its own, so nothing has to be undone."""
    machine.says("compiled", 63.0)
    compile_engine.main()
    assert not machine.installed
    assert "1.05 times as fast, which is not worth it: the prebuilt engine stays" in capsys.readouterr().out


def test_an_engine_that_dies_is_left(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """As on an instruction that the processor does not have. If it computes wrongly, measuring it fails too."""
    with pytest.raises(SystemExit, match="1"):
        compile_engine.main()
    assert not machine.installed
    assert "cannot be measured (quarry: it died); the prebuilt engine stays" in capsys.readouterr().err


def test_what_cannot_be_compiled_is_left(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """The log that is named has the compiler's words."""
    (machine.folder / "pip.fails").touch()
    with pytest.raises(SystemExit, match="1"):
        compile_engine.main()
    assert not machine.installed
    assert f"could not be compiled (see {machine.folder / 'log'})" in capsys.readouterr().err
    assert "no such instruction" in (machine.folder / "log").read_text()


def test_what_was_compiled_before_is_not_compiled_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked of pip. Where it does not run, as on another machine, the way out is said."""
    monkeypatch.setattr(compile_engine, "read_engine_build", lambda: EngineBuild("2026.10.1", True, "abc"))
    compile_engine.main()
    assert "compiled already: embedded/some reads 60 prompt tokens/s" in capsys.readouterr().out
    (machine.folder / "quarry.prebuilt").unlink()
    with pytest.raises(SystemExit, match="1"):
        compile_engine.main()
    said = capsys.readouterr().err
    assert "perhaps on another machine: the engine cannot be measured (quarry: it died)" in said
    assert "--force-reinstall --no-deps --only-binary xllamacpp xllamacpp==2026.10.1" in said
    assert not (machine.folder / "pip.log").exists()


def test_what_compiling_lacks_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a machine where it may not install anything itself; a compiler that is chosen has to be there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(SystemExit, match="1"):
        compile_engine.find_compiler()
    packages = "cmake g++ make python3-dev"
    assert f"compiling needs {packages.replace(' ', ', ')} (on Debian: sudo apt-get install {packages})" in (
        capsys.readouterr().err
    )
    monkeypatch.setenv("CXX", "clang++-19 -v")
    with pytest.raises(SystemExit, match="1"):
        compile_engine.find_compiler()
    assert "CXX names clang++-19, which is not there" in capsys.readouterr().err
