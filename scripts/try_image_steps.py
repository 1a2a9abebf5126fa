#!/usr/bin/env python3
"""Runs the steps of docker/Dockerfile as plain commands in a clean folder, where no container engine runs.

scripts/try_image_steps.py [FOLDER]     builds, installs (some hundred MB), serves, and checks that it is healthy

What needs root or Debian's packages is left out: the system's git and libgomp serve. Absolute paths of the image become
paths below the folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "docker" / "Dockerfile"
_OF_THE_IMAGE = re.compile(r"(?<![\w./-])/(src|wheels|opt|data)\b")
_PORT = "18765"


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, its lines joined. ``stage`` counts from 0."""

    stage: int
    instruction: str
    arguments: str


def read_steps(dockerfile: Path = DOCKERFILE) -> list[Step]:
    """The instructions in order, without comments."""
    text = "\n".join(line for line in dockerfile.read_text("utf-8").split("\n") if not line.lstrip().startswith("#"))
    steps: list[Step] = []
    stage = -1
    for line in text.replace("\\\n", " ").split("\n"):
        instruction, _, arguments = line.strip().partition(" ")
        if instruction:
            stage += instruction == "FROM"
            steps.append(Step(stage, instruction, arguments.strip()))
    return steps


def copy_sources(steps: Sequence[Step], top: Path) -> None:
    """Carry out the first stage's COPY steps: files that git tracks, from the repository into the image's /src."""
    for step in steps:
        if step.stage == 0 and step.instruction == "COPY":
            *sources, target = step.arguments.split()
            for source in sources:
                for path in _tracked(source):
                    inside = path.relative_to(source) if (ROOT / source).is_dir() else Path(path.name)
                    is_file_name = not target.endswith("/") and not (ROOT / source).is_dir()
                    copied = top / "src" / target / (Path() if is_file_name else inside)
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / path, copied)


def run_steps(steps: Sequence[Step], top: Path) -> None:
    """Carry out the first stage's RUN steps with this Python in a virtual environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", top / "python"], check=True)
    environment = os.environ | {"PATH": f"{top / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    for step in steps:
        if step.stage == 0 and step.instruction == "RUN":
            command = _below(step.arguments, top)
            print(f"$ {command}", flush=True)
            started = time.monotonic()
            subprocess.run(["sh", "-c", command], cwd=top / "src", env=environment, check=True)
            print(f"  took {time.monotonic() - started:.0f} s", flush=True)


def try_service(steps: Sequence[Step], top: Path) -> None:
    """Make a key, index, serve and search as the image would, until the image's own health check passes."""
    quarry = str(top / "opt" / "quarry" / "bin" / "quarry")
    environment = {
        "PATH": f"{Path(quarry).parent}:/usr/bin:/bin",
        "HOME": str(top / "data"),
        "QUARRY_REQUIRE_KEYS": "1",
    }
    environment |= {"QUARRY_HOME": str(top / "data"), "QUARRY_PORT": _PORT, "QUARRY_MODEL": "ollama/qwen2.5-coder:1.5b"}
    refused = subprocess.run([quarry, "serve"], env=environment, capture_output=True, text=True)
    assert refused.returncode == 1 and "quarry keys create" in refused.stderr, refused.stderr
    done = subprocess.run([quarry, "keys", "create", "me"], env=environment, capture_output=True, text=True, check=True)
    key = done.stdout.strip()
    subprocess.run([quarry, "index", top / "src", "--name", "quarry"], env=environment, check=True)
    [check] = [step for step in steps if step.instruction == "HEALTHCHECK"]
    health = json.loads(check.arguments.partition("CMD ")[2])
    [command] = [json.loads(step.arguments) for step in steps if step.instruction == "CMD"]
    service = subprocess.Popen([quarry, *command], env=environment)
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(health, env=environment, capture_output=True).returncode:
            assert service.poll() is None and time.monotonic() < deadline, "the service did not become healthy"
            time.sleep(0.5)
        address = f"http://127.0.0.1:{_PORT}/search?repo=quarry&q=build_index"
        for header, status in ((f"Authorization: Bearer {key}", "200"), ("Accept: application/json", "401")):
            curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", header, address]
            got = subprocess.run(curl, capture_output=True, text=True, check=True).stdout
            assert got == status, f"{got} instead of {status}"
        print("healthy; a key opens the search, without one it is closed")
    finally:
        service.terminate()
        assert service.wait(timeout=60) in (0, -signal.SIGTERM), "the service did not end in peace"


def _tracked(source: str) -> Iterator[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", source]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return (Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())


def _below(command: str, top: Path) -> str:
    return _OF_THE_IMAGE.sub(lambda found: str(top / found[1]), command)


def main(arguments: Sequence[str]) -> None:
    """All of it, in the folder given or in one that goes away."""
    steps = read_steps()
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(arguments[0] if arguments else temporary).resolve()
        copy_sources(steps, top)
        run_steps(steps, top)
        size = subprocess.run(["du", "-sh", top / "opt"], capture_output=True, text=True, check=True).stdout.split()[0]
        print(f"installed: {size}")
        try_service(steps, top)


if __name__ == "__main__":
    main(sys.argv[1:])
