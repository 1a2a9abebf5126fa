#!/usr/bin/env python3
"""Compiles the embedded engine (llama.cpp, in the package xllamacpp) for this machine's processor: `make native`.

The prebuilt package is compiled for any x86-64 processor with AVX2. What is compiled here may use all that this one
has, such as AVX-512 or AMX. It is measured before it is installed, and takes the prebuilt one's place only if it is
sound and faster.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from assistant.models.engine_build import PACKAGE, read_engine_build

BIN = Path(sys.executable).parent
LOG = BIN.parent / "compile-engine.log"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
LEAST_GAIN = 1.1  # times as fast at reading prompts, under which it is left as it was
# Both are fetched from GitHub while compiling, for what the engine here is never asked to do: grammars in a language
# of their own, and HTTPS.
CMAKE_ARGS = "-DLLAMA_LLGUIDANCE=OFF -DLLAMA_BUILD_BORINGSSL=OFF"
# GCC 12 takes most of what llama.cpp writes into AMX's configuration for dead stores, since its intrinsic says that
# only 8 of the 64 bytes are read. The first product of matrices is then an illegal instruction.
GCC_FLAGS = "-fno-tree-dse -fno-dse"


def main() -> None:
    """Compile, measure, install."""
    build = read_engine_build()
    if build.is_compiled_here:
        said = "The engine was compiled already"
        try:
            print(f"{said}: {describe(measure(os.environ))}")
            print(f"To have the prebuilt engine back: {build.restore_command}")
        except Unmeasurable as error:
            is_told = build.restore_command in str(error)
            way_back = "" if is_told else f". Put the prebuilt one back: {build.restore_command}"
            fail(f"{said}, perhaps on another machine: {error}{way_back}")
        return
    compiler = find_compiler()
    print(f"compiling {PACKAGE} {build.version} for this processor: 5 to 15 minutes; log: {LOG}", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="quarry-engine-") as folder:
            gain = try_engine(compile_wheel(build.version, compiler, Path(folder)), Path(folder) / "trial")
    except Unmeasurable as error:
        fail(f"{error}; the prebuilt engine stays")
    if gain < LEAST_GAIN:
        print(f"It reads prompts {gain:.2f} times as fast, which is not worth it: the prebuilt engine stays.")
    else:
        print(f"Installed: it reads prompts {gain:.2f} times as fast.")
        print(f"To have the prebuilt engine back: {build.restore_command}")


def find_compiler() -> list[str]:
    """The command of the C++ compiler that CMake will take. What else compiling needs is there, too."""
    chosen = shlex.split(os.environ.get("CXX", ""))
    if chosen and not shutil.which(chosen[0]):
        fail(f"CXX names {chosen[0]}, which is not there")
    missing = find_missing(bool(chosen))
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"installing Debian packages: {' '.join(missing)}", flush=True)
        run(["apt-get", "update", "-qq"])
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing])
        missing = find_missing(bool(chosen))
    if missing:
        fail(f"compiling needs {', '.join(missing)} (on Debian: sudo apt-get install {' '.join(missing)})")
    return chosen or ["c++"]


def find_missing(has_compiler: bool) -> list[str]:
    """The Debian packages of what is not there."""
    programs = {"make": "make", "cmake": "cmake"} | ({} if has_compiler else {"g++": "c++"})
    missing = sorted(package for package, program in programs.items() if not shutil.which(program))
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        missing.append("python3-dev")
    return missing


def compile_wheel(version: str, compiler: list[str], folder: Path) -> Path:
    """The wheel, compiled into ``folder``. Never from pip's cache, where one for another processor may lie."""
    environment = dict(os.environ)
    environment["CMAKE_ARGS"] = f"{CMAKE_ARGS} {os.environ.get('CMAKE_ARGS', '')}".strip()
    said = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=False).stdout
    if "Free Software Foundation" in said:
        environment["CXXFLAGS"] = f"{GCC_FLAGS} {os.environ.get('CXXFLAGS', '')}".strip()
    command = [*PIP, "wheel", "--verbose", "--no-deps", "--no-cache-dir", "--no-binary", PACKAGE]
    with LOG.open("w") as log:
        done = subprocess.run(
            [*command, "--wheel-dir", str(folder), f"{PACKAGE}=={version}"],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        fail(f"it could not be compiled (see {LOG}); the prebuilt engine stays")
    return wheels[0]


def try_engine(wheel: Path, folder: Path) -> float:
    """Measure the installed engine and the wheel's one, from ``folder``, and install the latter if it gains enough.

    Returns how many times as fast it reads prompts. Raises Unmeasurable.
    """
    run([*PIP, "install", "--quiet", "--no-deps", "--target", str(folder), str(wheel)])
    before = measure(os.environ)
    print(f"prebuilt: {describe(before)}", flush=True)
    # The same threads, whatever else begins or ends on the machine meanwhile.
    threads = {"QUARRY_ENGINE_THREADS": str(before["n_threads"])}
    after = measure({**os.environ, **threads, "PYTHONPATH": str(folder)})
    print(f"compiled: {describe(after)}", flush=True)
    if after["engine"] == before["engine"]:
        raise Unmeasurable("the compiled engine was not the one that ran")
    gain: float = after["prompt_tokens_per_second"] / before["prompt_tokens_per_second"]
    if gain >= LEAST_GAIN:
        run([*PIP, "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel)])
    return gain


class Unmeasurable(Exception):
    """An engine that does not run here, or computes wrongly."""


def measure(environment: Mapping[str, str]) -> dict[str, Any]:
    """What `quarry models speed` says of the engine that this environment finds. Raises Unmeasurable."""
    command = [str(BIN / "quarry"), "models", "speed", "--json"]
    embedded = {**environment, "QUARRY_MODEL": "embedded"}
    done = subprocess.run(command, env=embedded, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise Unmeasurable(f"the engine cannot be measured ({said})")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def describe(measured: Mapping[str, Any]) -> str:
    """One line for a person."""
    return (
        f"{measured['model']} reads {measured['prompt_tokens_per_second']:.0f} prompt tokens/s and writes "
        f"{measured['generated_tokens_per_second']:.1f} tokens/s (threads: {measured['n_threads']})"
    )


def run(command: list[str]) -> None:
    """Run, or stop with the last line of what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        fail(f"`{' '.join(command[:6])} …` failed: {said}")


def fail(reason: str) -> NoReturn:
    """One line, and no more."""
    print(f"make native: {reason}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
