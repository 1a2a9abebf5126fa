"""How each language is compiled and run on this machine, and by which release of its tools."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .dialects import DIALECTS

_ASK_SECONDS = 20
_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/lib", "/opt/", "/etc/", "/nix/")
_BROWSERS = ("/usr/lib/chromium/chromium", "/usr/lib/chromium-browser/chromium-browser", "/opt/google/chrome/chrome")
_BROWSER_COMMANDS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How a language is compiled and run: commands in the program's folder, of which the last one runs it.

    ``version`` is the command that says which release of the tools this is.
    """

    commands: Sequence[Sequence[str]]
    version: Sequence[str]
    readable: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@cache
def find_toolchain(language: str) -> Toolchain | None:
    """How the language is run on this machine, or None where its tools are missing."""
    if language == "python":
        # The interpreter itself, not our environment nor its own packages: the standard library alone, on any machine.
        python = Path(sys.executable).resolve()
        commands = [[str(python), "-S", "-s", "-B", "check.py"]]
        return Toolchain(commands, [str(python), "--version"], _outside_system(Path(sys.base_prefix)))
    if language == "javascript":
        node = shutil.which("node") or shutil.which("nodejs")
        if node is None:
            return None
        command = [node, "--max-old-space-size=512"]
        return Toolchain([["sh", "-c", 'exec "$@" check.*js', "sh", *command]], [node, "--version"], _home_of(node))
    if language == "java":
        javac, java = shutil.which("javac"), shutil.which("java")
        if javac is None or java is None:
            return None
        lean = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        compiling = [javac, *(f"-J{option}" for option in lean), "-nowarn", "Check.java"]
        running = [java, *lean, "-cp", ".", "Check"]
        return Toolchain([compiling, running], [java, "--version"], [*_home_of(javac), *_home_of(java)])
    if language == "go":
        return _find_go()
    if language == "rust":
        return _find_rust()
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    compiling = [compiler, "-std=c++17", "-O1", "-w", "-o", "check", "check.cpp"]
    return Toolchain([compiling, ["./check"]], [compiler, "--version"], _home_of(compiler))


def find_chromium() -> str | None:
    """Chromium's program itself, since the system's starter for it reads settings that the sandbox does not show."""
    found = next((path for path in _BROWSERS if Path(path).exists()), None)
    return found or next((path for name in _BROWSER_COMMANDS if (path := shutil.which(name))), None)


@cache
def describe_tools(language: str) -> str:
    """Which release of a language's tools this is (``html``: of the browser), in their words; empty without any."""
    command: Sequence[str] = ()
    if language == "html" and (chromium := find_chromium()) is not None:
        command = [chromium, "--version"]
    elif language in DIALECTS and (toolchain := find_toolchain(language)) is not None:
        command = toolchain.version
    said = _ask(command) if command else None
    return said.splitlines()[0] if said is not None else ""


def _find_rust() -> Toolchain | None:
    rustc = shutil.which("rustc") or shutil.which("rustc", path=str(Path.home() / ".cargo" / "bin"))
    sysroot = _ask([rustc, "--print", "sysroot"]) if rustc is not None else None
    if sysroot is None:
        return None
    # The compiler itself, not rustup's stand-in for it, which needs a home folder.
    own = Path(sysroot) / "bin" / "rustc"
    command = [str(own), "--edition", "2021", "-C", "opt-level=1", "--cap-lints", "allow", "-o", "check", "check.rs"]
    return Toolchain([command, ["./check"]], [str(own), "--version"], _outside_system(Path(sysroot)))


def _find_go() -> Toolchain | None:
    go = shutil.which("go")
    root = _ask([go, "env", "GOROOT"]) if go is not None else None
    if go is None or root is None:
        return None
    environment = {"GOCACHE": "/tmp/go-cache", "GO111MODULE": "off", "GOROOT": root, "GOTOOLCHAIN": "local"}
    own = str(Path(root) / "bin" / "go")
    return Toolchain(
        [[own, "build", "-o", "check", "solution.go", "check.go"], ["./check"]],
        [own, "version"],
        _outside_system(Path(root)),
        environment,
    )


def _ask(command: Sequence[str]) -> str | None:
    """What a tool of the machine says about itself, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _home_of(tool: str) -> Sequence[Path]:
    """The folder that an installed tool lives in, unless it is the system's, which is seen anyway."""
    return _outside_system(Path(tool).resolve().parent.parent)


def _outside_system(folder: Path) -> Sequence[Path]:
    return () if f"{folder}/".startswith(_SYSTEM_FOLDERS) else (folder,)
